"""Reads one stream of one source into landing: resumable, loud, never advancing a cursor itself.

Data flow: sync state -> slice -> reading.py -> Landing (parts, manifest) -> loader.

The engine fetches at least once; the loader merges effectively once and stores the new mark with
the rows. Extraction only writes landing files, so streams and sources can be read in parallel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import JourneyConnectorError, SourceError
from connectors.landing.marks import Reconcile, mark_of, reconcile_due, slice_of
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import Settling, Source, StreamSpec
from connectors.reading import NO_NEW_DATA, BatchReceipt, Progress, Reading

__all__ = [
    "NO_NEW_DATA",
    "BatchReceipt",
    "backfill",
    "extract",
    "extract_source",
    "reconcile",
    "spec_of",
]


def extract(
    source: Source,
    stream_name: str,
    *,
    landing: Landing,
    states: SyncStates,
    full: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
    reconcile: Reconcile = "auto",
    reconcile_every: timedelta = timedelta(days=7),
    phone_region: str = "DE",
    clock: Clock = SYSTEM_CLOCK,
) -> BatchReceipt:
    """Read what is new in one stream into a complete landed batch, going on where a crash stopped.

    `full` ignores the stored mark. `since`/`until` (aware) read that slice only, for backfills, and
    leave the mark alone. `progress(source, stream, rows)` is called after every page. Raises the
    errors of connectors/errors.py, with source and stream filled in.
    """
    spec = spec_of(source, stream_name)
    children = [s for s in source.streams() if s.parent == stream_name]
    state = states.get(source.name, stream_name)
    try:
        with landing.lock(source.name, stream_name):
            if isinstance(source, Settling):
                spec = source.settled(spec)
            run = Reading(source, spec, children, landing, progress, phone_region, clock)
            mark = mark_of(landing, source.name, stream_name, state)
            wanted = slice_of(spec, mark, full=full, since=since, until=until)
            with_ids = reconcile_due(
                spec, wanted, state, mode=reconcile, every=reconcile_every, clock=clock
            )
            explicit = since is not None or until is not None
            wanted = replace(wanted, loaded=_loaded(source, states))
            return run.read(wanted, with_ids=with_ids, explicit=explicit)
    except JourneyConnectorError as error:
        raise error.within(source.name, stream_name) from error.__cause__


def extract_source(
    source: Source,
    *,
    landing: Landing,
    states: SyncStates,
    streams: Sequence[str] | None = None,
    full: bool = False,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
    reconcile: Reconcile = "auto",
    phone_region: str = "DE",
    clock: Clock = SYSTEM_CLOCK,
) -> list[BatchReceipt]:
    """One receipt per stream. A failing stream is named in its receipt's `error`; others go on."""
    receipts = []
    for spec in source.streams():
        if spec.parent is not None or (streams is not None and spec.name not in streams):
            continue
        try:
            receipt = extract(
                source,
                spec.name,
                landing=landing,
                states=states,
                full=full,
                since=since,
                until=until,
                progress=progress,
                reconcile=reconcile,
                phone_region=phone_region,
                clock=clock,
            )
        except JourneyConnectorError as error:
            receipt = BatchReceipt(source.name, spec.name, None, error=error)
        receipts.append(receipt)
    return receipts


def backfill(
    source: Source,
    stream_name: str,
    *,
    landing: Landing,
    states: SyncStates,
    since: datetime,
    until: datetime,
    window: timedelta = timedelta(days=31),
    progress: Progress | None = None,
    phone_region: str = "DE",
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[BatchReceipt]:
    """Read [since, until) again in slices of `window`, one batch each; the mark stays as it is."""
    start = since
    while start < until:
        end = min(start + window, until)
        yield extract(
            source,
            stream_name,
            landing=landing,
            states=states,
            since=start,
            until=end,
            progress=progress,
            reconcile="never",
            phone_region=phone_region,
            clock=clock,
        )
        start = end


def reconcile(
    source: Source,
    stream_name: str,
    *,
    landing: Landing,
    clock: Clock = SYSTEM_CLOCK,
) -> BatchReceipt:
    """Land the complete list of current keys, without rows: the missing will be marked deleted."""
    spec = spec_of(source, stream_name)
    if spec.deletes != "id_reconcile":
        raise SourceError(
            f"the stream's deletes are found by {spec.deletes!r}, not by comparing keys.",
            source=source.name,
            stream=stream_name,
        )
    try:
        with landing.lock(source.name, stream_name):
            return Reading(source, spec, [], landing, None, "DE", clock).only_ids()
    except JourneyConnectorError as error:
        raise error.within(source.name, stream_name) from error.__cause__


def _loaded(source: Source, states: SyncStates) -> dict[str, str]:
    """Stream -> mark that the loader stored with its rows, of all the source's streams."""
    found = {spec.name: states.get(source.name, spec.name) for spec in source.streams()}
    return {name: state.mark for name, state in found.items() if state and state.mark}


def spec_of(source: Source, stream_name: str) -> StreamSpec:
    """The declaration of one of the source's own streams (not a child)."""
    for spec in source.streams():
        if spec.name == stream_name:
            if spec.parent is None:
                return spec
            raise SourceError(
                f"is read together with {spec.parent!r}.", source=source.name, stream=stream_name
            )
    known = ", ".join(s.name for s in source.streams() if s.parent is None)
    raise SourceError(
        f"there is no stream {stream_name!r}.", source=source.name, todo=f"Use one of: {known}."
    )

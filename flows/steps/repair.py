"""Reading parts again on purpose: one source, a past slice, landed batches, the list of keys.

Data flow: source | landing -> batches -> Loader -> raw.duckdb. What is loaded here is built and
pushed by the next night.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from connectors.clock import Clock
from connectors.engine import BatchReceipt, backfill, reconcile
from connectors.errors import JourneyConnectorError
from connectors.landing.loader import LoadReceipt
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import Source, StreamSpec
from flows.configuration import Configuration
from flows.errors import JourneyError, UsageError
from flows.guards import held
from flows.results import StreamResult
from flows.steps.ingest import open_source
from flows.steps.load import load_batch, prepare_raw


def known_source(configuration: Configuration, name: str) -> Source:
    """The configured, enabled source of this name; UsageError naming the others."""
    connection = configuration.sources.sources.get(name)
    if connection is None or not connection.enabled:
        known = [n for n, item in configuration.sources.sources.items() if item.enabled]
        raise UsageError(f"there is no enabled source '{name}'", hint=f"One of {', '.join(known)}.")
    return open_source(configuration, name)


def known_streams(source: Source, wanted: Sequence[str]) -> list[StreamSpec]:
    """The streams of these names that are read on their own, or all; UsageError for a wrong one."""
    own = {spec.name: spec for spec in source.streams() if spec.parent is None}
    wrong = [name for name in wanted if name not in own]
    if wrong:
        raise UsageError(
            f"'{source.name}' has no stream '{wrong[0]}'", hint=f"One of {', '.join(own)}."
        )
    return [own[name] for name in wanted] if wanted else list(own.values())


def backfill_stream(
    configuration: Configuration,
    source: Source,
    stream: StreamSpec,
    *,
    since: datetime,
    until: datetime,
    window: timedelta,
    clock: Clock,
) -> Iterator[StreamResult]:
    """Read [since, until) again, a window at a time, each loaded before the next; the mark stays.

    UsageError for streams that can not be cut by time.
    """
    if stream.cursor.kind in ("full", "append_log_id"):
        raise UsageError(
            f"{source.name}.{stream.name} can not be read by time",
            hint=f"Read it whole: journey sources sync {source.name} --stream {stream.name} --full",
        )
    landing, loader = Landing(configuration.home.landing), prepare_raw(configuration)
    states = SyncStates(configuration.home.raw)
    with _errors_in_words():
        for receipt in backfill(
            source,
            stream.name,
            landing=landing,
            states=states,
            since=since,
            until=until,
            window=window,
            clock=clock,
        ):
            batch = str(receipt.batch_id)
            loaded = loader.load(landing, source.name, list(source.streams()), batch)
            yield _result(receipt, loaded)


def replay_streams(
    configuration: Configuration,
    source: Source,
    streams: Sequence[StreamSpec],
    *,
    since: datetime | None,
) -> Iterator[StreamResult]:
    """Merge loaded batches again, oldest first and up to the newest, so that the last one wins.

    `since`: leave out batches begun before. JourneyError when nothing is kept any more.
    """
    landing, loader = Landing(configuration.home.landing), prepare_raw(configuration)
    specs = list(source.streams())
    # A batch that waits for its first load is not replayed: its mark would never be stored.
    once_loaded = loader.loaded(source.name)
    batches = [
        batch
        for spec in streams
        for batch in landing.batches(source.name, spec.name)
        if batch.batch_id in once_loaded and (since is None or batch.header.started_at >= since)
    ]
    if not batches:
        raise JourneyError(
            f"landing keeps no batch of {source.name} to replay",
            hint="Batches are kept for retention.landing_days; read again with --full instead.",
        )
    with _errors_in_words():
        for batch in batches:
            loaded = loader.load(landing, source.name, specs, batch.batch_id, replay=True)
            result = StreamResult(source.name, batch.header.stream, "loaded", batch.batch_id)
            yield _counted(result, loaded)


def reconcile_streams(
    configuration: Configuration,
    source: Source,
    streams: Sequence[StreamSpec],
    clock: Clock,
    *,
    allowed_drops: Collection[str] = (),
) -> Iterator[StreamResult]:
    """Compare keys, and mark what the source no longer has as deleted.

    Only streams whose deletes are found that way; UsageError when none is. HeldByGuard, after the
    others, when a list of keys is far smaller than what is known: nothing of it is loaded.
    """
    comparable = [spec for spec in streams if spec.deletes == "id_reconcile"]
    if not comparable:
        raise UsageError(
            f"{source.name} tells its deletions itself in: {', '.join(s.name for s in streams)}"
        )
    landing, loader = Landing(configuration.home.landing), prepare_raw(configuration)
    lost = []
    with _errors_in_words():
        for spec in comparable:
            receipt = reconcile(source, spec.name, landing=landing, clock=clock)
            result = _read(receipt)
            batch = landing.open(source.name, result.batch_id)
            specs = list(source.streams())
            load_batch(configuration, loader, landing, specs, batch, result, allowed_drops)
            lost += [result.error] if result.state == "held" else []
            yield result
    if lost:
        raise held(lost)


@contextmanager
def _errors_in_words() -> Iterator[None]:
    """What a connector or the loader says, as the run's own error; what was loaded stays loaded."""
    try:
        yield
    except JourneyConnectorError as error:
        raise JourneyError(str(error)) from error


def _result(receipt: BatchReceipt, loaded: LoadReceipt) -> StreamResult:
    return _counted(_read(receipt), loaded)


def _read(receipt: BatchReceipt) -> StreamResult:
    return StreamResult(
        receipt.source,
        receipt.stream,
        "no new data" if receipt.skipped_reason else "loaded",
        batch_id=str(receipt.batch_id),
        fetched=sum(receipt.rows.values()),
        requests=receipt.requests,
        bytes=receipt.bytes,
        resumed=receipt.resumed,
    )


def _counted(result: StreamResult, loaded: LoadReceipt) -> StreamResult:
    result.inserted = sum(loaded.inserted.values())
    result.updated = sum(loaded.updated.values())
    result.unchanged = sum(loaded.unchanged.values())
    result.deleted = sum(loaded.deleted.values())
    result.quarantined = sum(loaded.quarantined.values())
    return result

"""Reading a collection in windows of `modified_date`, each small enough for a single page.

Data flow: Collection -> windows() -> (rows of one window, where it ends).

Pages are numbered and in no useful order: a record changed while paging leaves its place, and the
one behind it is skipped. A window that fits on one page has no such gap. So windows are halved
until they fit and doubled where little happens; what changes meanwhile gets a later time and is met
in a later window, or at the next read. Only where more records share one second than fit on a page
are pages turned, again and again until nothing new comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.errors import LoopError, ShortReadError
from connectors.sources.actionnetwork.client import Listing, Row
from connectors.sources.actionnetwork.records import id_of

SECOND = timedelta(seconds=1)
LONGEST = timedelta(days=3650)
PASSES = 6
Fetch = Callable[[int, str], Listing]  # (page number, filter) -> page


@dataclass(frozen=True)
class Window:
    """The rows modified in [start, end); `end` None: up to now, and nothing is left."""

    rows: list[Row]
    start: datetime
    end: datetime | None
    server_time: datetime | None


def windows(
    fetch: Fetch, start: datetime, until: datetime | None, now: datetime, size: int
) -> Iterator[Window]:
    """Windows from `start` to `until` (None: all there is), in order of time."""
    at = start.replace(microsecond=0)
    step = max(SECOND, ((until or now) - at))
    while until is None or at < until:
        end = min(at + step, until) if until is not None else at + step
        is_open = until is None and end >= now
        listing = fetch(1, _between(at, None if is_open else end))
        _refuse_strangers(listing.rows, at, None if is_open else end)
        if not listing.has_next or len(listing.rows) < size:
            rows = list(listing.rows)
        elif step <= SECOND:
            rows = _turned(fetch, _between(at, None if is_open else end))
        else:
            step = max(SECOND, step / 2)
            step -= timedelta(microseconds=step.microseconds)
            continue
        yield Window(rows, at, None if is_open else end, listing.server_time)
        if is_open:
            return
        at = end
        step = min(LONGEST, step * 2) if len(rows) * 3 < size else step


def _turned(fetch: Fetch, where: str) -> list[Row]:
    """Every row of a window too full for one page; ShortReadError when it never comes to rest."""
    seen: dict[str, Row] = {}
    for _ in range(PASSES):
        before, page, turned = len(seen), 1, set[str]()
        while True:
            listing = fetch(page, where)
            found = {id_of(row): row for row in listing.rows}
            seen.update(found)
            if not found or not listing.has_next:
                break
            if not found.keys() - turned:
                raise LoopError(
                    f"page {page} of one second holds only what earlier pages held.",
                    todo="Nothing was loaded; run again, or report it.",
                )
            turned |= found.keys()
            page += 1
        if len(seen) == before:
            return list(seen.values())
    raise ShortReadError(
        f"the records of one second changed while they were read, {PASSES} times over.",
        todo="Run again when less is being changed.",
    )


def _refuse_strangers(rows: Sequence[Row], start: datetime, end: datetime | None) -> None:
    """LoopError for a record modified outside the window: the service did not filter."""
    for row in rows:
        if not row.get("modified_date"):
            continue
        at = datetime.fromisoformat(str(row["modified_date"]))
        if at <= start - SECOND or (end is not None and at >= end):
            raise LoopError(
                "a page holds records modified outside the time that was asked for.",
                todo="Nothing was loaded; run again, or report it.",
            )


def _between(start: datetime, end: datetime | None) -> str:
    """`gt` leaves its own second out, so the window's first second is asked for by the one before.

    Only rows of exactly `start - 1 s` and a fraction come too often, which does no harm.
    """
    after = f"modified_date gt '{_text(start - SECOND)}'"
    return after if end is None else f"{after} and modified_date lt '{_text(end)}'"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""From the stored mark to the next slice, and from a slice's pages to the next mark.

Data flow: SyncState + landed batches -> slice_of() -> Request; Page -> MarkKeeper -> manifest.

A mark never passes the server's time at the slice's first page: a row changed while later pages
were read has a later time than that, and is read again next time instead of being missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from connectors.clock import Clock
from connectors.landing.fields import (
    cursor_column,
    greater_mark,
    latest_moment,
    moment_of,
    value_at,
)
from connectors.landing.state import SyncState
from connectors.landing.store import Batch, Landing
from connectors.protocol import Page, Request, StreamSpec

Reconcile = Literal["auto", "always", "never"]


def mark_of(landing: Landing, source: str, stream: str, state: SyncState | None) -> str | None:
    """The mark to go on from: that of the last complete batch, loaded or still waiting to be."""
    mark = state.mark if state else None
    for batch in pending_batches(landing, source, stream, state):
        if batch.completion and batch.completion.mark is not None:
            mark = batch.completion.mark
    return mark


def pending_batches(
    landing: Landing, source: str, stream: str, state: SyncState | None
) -> list[Batch]:
    """Complete batches after the last loaded one, oldest first; rejected ones and slices not."""
    loaded = state.batch_id if state else ""
    return [
        batch
        for batch in landing.batches(source, stream)
        if batch.batch_id > loaded and not batch.header.explicit and not batch.rejected
    ]


def slice_of(
    spec: StreamSpec,
    mark: str | None,
    *,
    full: bool,
    since: datetime | None,
    until: datetime | None,
) -> Request:
    """What to ask the source for, inclusive from `mark - lookback` on (`>=`, ties are re-read)."""
    if since is not None or until is not None:
        return Request(stream=spec.name, since=since, until=until)
    if full or spec.cursor.kind == "full" or mark is None:
        return Request(stream=spec.name, full=True)
    moment = moment_of(mark)
    start = moment - spec.cursor.lookback if moment else None
    return Request(stream=spec.name, since=start, mark=mark)


def reconcile_due(
    spec: StreamSpec,
    wanted: Request,
    state: SyncState | None,
    *,
    mode: Reconcile,
    every: timedelta,
    clock: Clock,
) -> bool:
    """Whether this run also compares keys: always after a full-scan stream, else by interval."""
    explicit = wanted.until is not None or (wanted.since is not None and wanted.mark is None)
    if spec.deletes != "id_reconcile" or mode == "never" or explicit:
        return False
    if mode == "always" or spec.cursor.kind == "full":
        return True
    if state is None:  # the first load just read everything there is
        return False
    return state.reconciled_at is None or clock.now() - state.reconciled_at >= every


class MarkKeeper:
    """Follows a batch page by page and knows the mark it may advance to."""

    def __init__(self, spec: StreamSpec, batch: Batch) -> None:
        self._spec = spec
        self._column = cursor_column(spec)
        self._started_at = batch.header.started_at
        self._full = batch.header.full
        self._previous = batch.header.mark
        self._greatest: str | None = None
        self._first_time: datetime | None = None
        self.server_time: datetime | None = None  # of the last page that told it
        for page in batch.pages:
            self._greatest = page.mark or self._greatest
            self._saw_time(page.server_time)

    def saw(self, page: Page) -> str | None:
        """Take in one page; returns the greatest value yet, for the manifest."""
        self._saw_time(page.server_time)
        kind = self._spec.cursor.kind
        if self._column is not None and kind != "full":
            self._saw_rows(page.rows.get(self._spec.name, ()))
        elif kind == "event_log":
            self._greatest = page.mark or self._greatest
        else:  # a server time: the earliest one is the safe one
            self._greatest = self._greatest or page.mark
        return self._greatest

    def mark(self) -> str | None:
        """The new mark, capped at server time; None: the old one stays."""
        cap = self._first_time or self._started_at
        if self._spec.cursor.kind == "full":
            return cap.isoformat()
        new = self._greatest
        moment = moment_of(new)
        if moment is not None and moment > cap:
            new = cap.isoformat()
        return new if self._full else greater_mark(self._previous, new)

    def _saw_time(self, moment: datetime | None) -> None:
        self._first_time = self._first_time or moment
        self.server_time = moment or self.server_time

    def _saw_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._column is None:
            return
        name, column = self._column
        path, zone = column.path or name, self._spec.timezone
        if self._spec.cursor.kind == "append_log_id":
            numbers = [str(value_at(row, path)) for row in rows]
            found = max((int(n) for n in numbers if n.lstrip("-").isdigit()), default=None)
            if found is not None:
                self._greatest = greater_mark(self._greatest, str(found))
            return
        latest = latest_moment([value_at(row, path) for row in rows], column, zone)
        if latest is not None:
            self._greatest = greater_mark(self._greatest, latest.isoformat())

"""One extraction of one stream: page after page into a landed batch.

Data flow: Request -> Source.pages() -> loop guard, encoder, totals -> Batch; then Source.ids().

Engine.py decides what to read; this reads it, resumes what a crash left, and refuses to finish a
batch that went in circles or came up short.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from connectors.clock import Clock
from connectors.errors import JourneyConnectorError, LoopError, ShortReadError, SourceError
from connectors.http.pagination import LoopGuard
from connectors.landing.encode import Encoded, Encoder, encode_keys
from connectors.landing.fields import value_at
from connectors.landing.marks import MarkKeeper
from connectors.landing.store import Batch, Completion, Header, Landing
from connectors.protocol import Page, Request, Source, StreamSpec
from connectors.relaxed_gc import relaxed_gc

NO_NEW_DATA = "no new data"
Progress = Callable[[str, str, int], None]


@dataclass(frozen=True)
class BatchReceipt:
    """What one extraction did.

    `rows` and `deleted` count per stream (children included); `bytes` are those of the landed
    files, `requests` those the source counted (pages, if it does not count). `skipped_reason` is
    "no new data" when nothing came; `error` holds why a stream of `extract_source` failed.
    """

    source: str
    stream: str
    batch_id: str | None
    rows: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    bytes: int = 0
    resumed: bool = False
    skipped_reason: str | None = None
    error: JourneyConnectorError | None = None


class Reading:
    """One extraction of one stream, under its landing lock."""

    def __init__(
        self,
        source: Source,
        spec: StreamSpec,
        children: Sequence[StreamSpec],
        landing: Landing,
        progress: Progress | None,
        phone_region: str,
        clock: Clock,
    ) -> None:
        self.source, self.spec, self.landing = source, spec, landing
        self.progress, self.clock = progress, clock
        self.timezones = {s.name: s.timezone for s in (spec, *children)}
        self.encoders = {s.name: Encoder(s, phone_region=phone_region) for s in (spec, *children)}

    def read(self, wanted: Request, *, with_ids: bool, explicit: bool) -> BatchReceipt:
        """Read the slice into a batch; a position that is no longer good starts it anew, once."""
        before = _usage(self.source)
        batch, resumed = self._open(wanted, explicit)
        landed = len(batch.pages)
        keeper = MarkKeeper(self.spec, batch)
        try:
            if not batch.rows_done:
                with relaxed_gc():
                    self._read_rows(batch, keeper, wanted)
        except (LoopError, ShortReadError):
            batch.discard()  # what was read is not to be trusted; the next run begins anew
            raise
        except SourceError:
            if not resumed or len(batch.pages) > landed:
                raise
            batch.discard()
            return self.read(wanted, with_ids=with_ids, explicit=explicit)
        if with_ids:
            self._read_ids(batch)
        batch.finish(
            Completion(
                mark=None if batch.header.explicit else keeper.mark(),
                known_at=keeper.server_time or self.clock.now(),
                reconciled=with_ids,
            )
        )
        requests = _usage(self.source) - before or len(batch.pages) - landed
        return self._receipt(batch, resumed=resumed, requests=requests)

    def only_ids(self) -> BatchReceipt:
        """A batch of nothing but the current keys."""
        leftover = self.landing.unfinished(self.source.name, self.spec.name)
        if leftover is not None:
            leftover.discard()
        batch = self._begin(Request(stream=self.spec.name), explicit=True)
        batch.end_rows()
        self._read_ids(batch)
        batch.finish(Completion(mark=None, known_at=self.clock.now(), reconciled=True))
        return self._receipt(batch, resumed=False, requests=len(batch.ids))

    def _open(self, wanted: Request, explicit: bool) -> tuple[Batch, bool]:
        """The interrupted batch, if it wanted the same and can go on, else a new one."""
        batch = self.landing.unfinished(self.source.name, self.spec.name)
        if batch is not None:
            had = batch.header
            same = (had.since, had.until, had.mark, had.full, had.explicit) == (
                *(wanted.since, wanted.until, wanted.mark, wanted.full),
                explicit,
            )
            resumable = bool(batch.pages) and batch.pages[-1].position is not None
            if same and (resumable or batch.rows_done):
                return batch, True
            batch.discard()
        return self._begin(wanted, explicit), False

    def _begin(self, wanted: Request, explicit: bool) -> Batch:
        now = self.clock.now()
        return self.landing.begin(
            Header(
                source=self.source.name,
                stream=self.spec.name,
                batch_id=self.landing.next_id(self.source.name, self.spec.name, now),
                started_at=now,
                since=wanted.since,
                until=wanted.until,
                mark=wanted.mark,
                full=wanted.full,
                explicit=explicit,
                timezones=self.timezones,
            )
        )

    def _read_rows(self, batch: Batch, keeper: MarkKeeper, wanted: Request) -> None:
        guard = LoopGuard([page.token for page in batch.pages])
        totals = _Totals(self.spec, batch)
        position = batch.pages[-1].position if batch.pages else None
        for page in self.source.pages(replace(wanted, position=position)):
            if not batch.pages:
                self._refuse_empty(page.rows.get(self.spec.name, ()), wanted)
            encoded = self._encode(batch, page)
            guard.check(page.token, _looks(page, encoded))
            totals.saw(page)
            self._store(batch, page, encoded, keeper.saw(page))
        if not batch.pages:
            self._refuse_empty((), wanted)
        totals.check()
        batch.end_rows()

    def _encode(self, batch: Batch, page: Page) -> dict[str, Encoded]:
        unknown = (page.rows.keys() | page.deleted.keys()) - self.encoders.keys()
        if unknown:
            raise SourceError(
                f"a page carries rows of {', '.join(sorted(unknown))}, which no stream declares.",
                todo="Declare it with this stream as its parent.",
            )
        return {
            name: self.encoders[name].encode(len(batch.pages), rows)
            for name, rows in page.rows.items()
            if rows
        }

    def _store(
        self, batch: Batch, page: Page, encoded: Mapping[str, Encoded], mark: str | None
    ) -> None:
        batch.add_page(
            {name: (part.data, part.rows) for name, part in encoded.items()},
            {
                "token": page.token,
                "position": page.position,
                "mark": mark,
                "server_time": page.server_time,
                "expected_total": page.expected_total,
                "deleted": {
                    name: [[str(part) for part in key] for key in keys]
                    for name, keys in page.deleted.items()
                    if keys
                },
                "keys": {
                    name: sorted(part.keys - batch.keys(name)) for name, part in encoded.items()
                },
            },
        )
        if self.progress:
            self.progress(self.source.name, self.spec.name, sum(batch.rows().values()))

    def _refuse_empty(self, rows: Sequence[object], wanted: Request) -> None:
        """Reading everything and finding nothing is an error where the stream says so."""
        if rows or not wanted.full or self.spec.empty_first_page == "ok":
            return
        raise SourceError(
            "the first page is empty, and this stream is never empty.",
            todo="Check the account and what its key may see.",
        )

    def _read_ids(self, batch: Batch) -> None:
        if batch.ids:
            batch.restart_ids()
        for keys in self.source.ids(self.spec.name):
            batch.add_ids(encode_keys(keys), len(keys))

    def _receipt(self, batch: Batch, *, resumed: bool, requests: int) -> BatchReceipt:
        rows = {**dict.fromkeys(self.encoders, 0), **batch.rows()}
        deleted = {name: len(keys) for name, keys in batch.deleted().items()}
        nothing = not any(rows.values()) and not any(deleted.values())
        return BatchReceipt(
            source=self.source.name,
            stream=self.spec.name,
            batch_id=batch.batch_id,
            rows=rows,
            deleted=deleted,
            requests=requests,
            bytes=batch.size(),
            resumed=resumed,
            skipped_reason=NO_NEW_DATA if nothing else None,
        )


def _looks(page: Page, encoded: Mapping[str, Encoded]) -> str:
    """What a page looks like to the loop guard; "" without rows.

    The vendor's own mark belongs to it: a log in which one record changed many times tells the
    same record on many pages, and gets on all the same.
    """
    digest = "".join(encoded[name].digest for name in sorted(encoded))
    return f"{digest}@{page.mark or ''}" if digest else ""


class _Totals:
    """Compares what came with the vendor's own count: distinct keys, where they can be told.

    Of a key only a 64-bit digest is kept, and only once the vendor has named a count: a stream of
    millions needs megabytes for it.
    """

    def __init__(self, spec: StreamSpec, batch: Batch) -> None:
        self._spec = spec
        self._untold = batch.rows()[spec.name]  # rows read before there was a count
        self._keys = array("q")
        self._paths = [spec.columns[c].path or c for c in spec.primary_key]
        known = [p.expected_total for p in batch.pages if p.expected_total is not None]
        self._total = known[-1] if known else None

    def saw(self, page: Page) -> None:
        rows = page.rows.get(self._spec.name, ())
        if page.expected_total is not None:
            self._total = page.expected_total
        if self._total is None:
            self._untold += len(rows)
            return
        self._keys.extend(hash(tuple(str(value_at(row, p)) for p in self._paths)) for row in rows)

    def check(self) -> None:
        if self._total is None:
            return
        read = self._untold + len(np.unique(np.frombuffer(self._keys, dtype=np.int64)))
        if read < self._total:
            raise ShortReadError(
                f"read {read} different rows, but the service counts {self._total}.",
                todo="Nothing was loaded; run again.",
            )


def _usage(source: Source) -> int:
    """Requests the source has sent so far, if it counts them (`usage.requests`)."""
    return int(getattr(getattr(source, "usage", None), "requests", 0))

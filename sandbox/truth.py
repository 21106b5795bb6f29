"""Writes the truth beside the data: who is who, each day's stage, terms, segments, deliverable.

Data flow: Life, Identities, now -> TruthPart (a block of people, in any process) -> Truth (all
blocks in order) -> <path>/truth/*.parquet, a row group per block.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from sandbox.audiences import Standing, segments, standing
from sandbox.facts import Facts, facts
from sandbox.identity import Identity
from sandbox.life import Life
from sandbox.linker import UnionFind, undecidable
from sandbox.membership import PLAN_CODES
from sandbox.oracle import day_range, intervals, stages
from sandbox.scale import local_day

_TEXT, _DAY = pa.string(), pa.date32()
SCHEMAS: dict[str, list[tuple[str, Any]]] = {
    "records": [("source_system", _TEXT), ("source_record_id", _TEXT), ("person_id", _TEXT)],
    "stages": [("person_id", _TEXT), ("valid_from", _DAY), ("valid_to", _DAY), ("stage", _TEXT)],
    "terms": [
        ("person_id", _TEXT),
        ("start_date", _DAY),
        ("end_date", _DAY),
        ("committed_date", _DAY),
        ("plan_code", _TEXT),
        ("resigned_date", _DAY),
    ],
    "people": [
        ("person_id", _TEXT),
        ("first_name", _TEXT),
        ("last_name", _TEXT),
        ("email", _TEXT),
        ("member_number", _TEXT),
        ("first_seen_date", _DAY),
        ("stage", _TEXT),
    ],
    "segments": [("segment_id", _TEXT), ("person_id", _TEXT)],
    "deliverable": [("segment_id", _TEXT), ("email", _TEXT), ("person_id", _TEXT)],
    "undecidable": [("person_id", _TEXT), ("why", _TEXT)],
}


# Kept for everybody until the end: who would be written to, and the blocking keys of their records.
_CANDIDATES = SCHEMAS["deliverable"]
Groups = list[list[int]]


class TruthPart:
    """The truth about a block of people; after `pack` it is small and may leave its process."""

    def __init__(self, now: datetime, truth_days: int) -> None:
        self.now, self.truth_days = now, truth_days
        self.stage_counts: Counter[str] = Counter()
        self.segment_counts: Counter[str] = Counter()
        self.undecidable: dict[int, str] = {}
        self.suppressed: set[str] = set()
        self.tables: dict[str, pa.Table] = {}
        self.candidates = _table([], _CANDIDATES)
        self.keys = np.empty((0, 2), dtype=np.int64)
        self._rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        self._keys: list[tuple[int, int]] = []
        self._candidates: list[tuple[str, str, str]] = []

    def add(self, life: Life, known: Sequence[Identity]) -> None:
        """One person with the identity records written of them; nobody without such records."""
        who, person_id = life.person, life.person.person_id
        if not known:
            return
        for one in known:
            self._rows["records"].append((one.source, one.record_id, person_id))
            for key in one.blocking_keys():
                self._keys.append((_number(key), who.index))
        self.undecidable.update(undecidable({who.index: known}))
        truth = facts(life, known, self.now)
        stage = self._stages(truth, person_id)
        stand = standing(life, known, self.now)
        if stand.is_suppressed:
            self.suppressed |= stand.addresses
        self._audiences(truth, stage, stand, person_id)
        number = who.member_number if life.story.terms and truth.terms else None
        self._rows["people"].append(
            (person_id, who.first, who.last, stand.email, number, truth.first_seen, stage[1])
        )
        for term in truth.terms:
            plan = PLAN_CODES[term.plan]
            dates = (term.start, term.end, term.committed)
            self._rows["terms"].append((person_id, *dates, plan, term.resigned))

    def _stages(self, truth: Facts, person_id: str) -> tuple[date, str]:
        """Write the collapsed stages of the truth window; since when and which is today's."""
        today = local_day(self.now)
        first = max(truth.first_seen, today - timedelta(days=self.truth_days))
        days = day_range(first, today)
        visits = intervals(stages(truth, days), days)
        self._rows["stages"] += [(person_id, *visit) for visit in visits]
        self.stage_counts[visits[-1][2]] += 1
        return visits[-1][0], visits[-1][2]

    def _audiences(
        self, truth: Facts, stage: tuple[date, str], stand: Standing, person_id: str
    ) -> None:
        for segment in segments(truth, stage[1], stage[0], local_day(self.now)):
            self._rows["segments"].append((segment, person_id))
            self.segment_counts[segment] += 1
            if stand.may_receive(segment) and stand.email:
                self._candidates.append((segment, stand.email, person_id))

    def pack(self) -> None:
        """Turn what was collected into arrays."""
        self.tables = {name: _table(rows, SCHEMAS[name]) for name, rows in self._rows.items()}
        self.candidates = _table(self._candidates, _CANDIDATES)
        if self._keys:
            self.keys = np.unique(np.array(self._keys, dtype=np.int64), axis=0)
        self._rows.clear()
        self._keys.clear()
        self._candidates.clear()


class Truth:
    """The truth files: takes the parts in the order of their people, then what needs everybody."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stage_counts: Counter[str] = Counter()
        self.segment_counts: Counter[str] = Counter()
        self.undecidable: dict[int, str] = {}
        self._suppressed: set[str] = set()
        self._candidates: list[pa.Table] = []
        self._keys: list[npt.NDArray[np.int64]] = []
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Truth:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, columns in SCHEMAS.items():
            writer = pq.ParquetWriter(self.folder / f"{name}.parquet", pa.schema(columns))
            self._writers[name] = self._stack.enter_context(writer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, at)

    def take(self, part: TruthPart) -> None:
        for name, table in part.tables.items():
            self._writers[name].write_table(table)
        self.stage_counts.update(part.stage_counts)
        self.segment_counts.update(part.segment_counts)
        self.undecidable.update(part.undecidable)
        self._suppressed |= part.suppressed
        self._candidates.append(part.candidates)
        self._keys.append(part.keys)

    def groups(self) -> Groups:
        """Groups of people who share any blocking key."""
        if not self._keys:
            return []
        keys = np.concatenate(self._keys)
        keys = keys[np.lexsort((keys[:, 1], keys[:, 0]))]
        same = np.flatnonzero(keys[1:, 0] == keys[:-1, 0])
        links = UnionFind()
        touched: set[int] = set()
        for at in same.tolist():
            one, other = int(keys[at, 1]), int(keys[at + 1, 1])
            links.union(one, other)
            touched |= {one, other}
        return [sorted(int(str(i)) for i in group) for group in links.groups(sorted(touched))]

    def finish(self, groups: Groups, settled: Iterable[dict[int, str]]) -> None:
        """What needs everybody: `settled` says who of `groups` is undecidable after all; and one
        delivery per address."""
        for group in groups:
            for index in group:
                self.undecidable.pop(index, None)
        for found in settled:
            self.undecidable.update(found)
        people = [(f"P{index:07d}", why) for index, why in sorted(self.undecidable.items())]
        self._writers["undecidable"].write_table(_table(people, SCHEMAS["undecidable"]))
        delivered: set[tuple[str, str]] = set()
        for table in self._candidates:
            rows = []
            for segment, email, person_id in zip(*table.to_pydict().values(), strict=True):
                place = (segment, email)
                if email not in self._suppressed and place not in delivered:
                    delivered.add(place)
                    rows.append((segment, email, person_id))
            self._writers["deliverable"].write_table(_table(rows, _CANDIDATES))


def _table(rows: Sequence[tuple[Any, ...]], columns: list[tuple[str, Any]]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else [() for _ in columns]
    arrays = [pa.array(list(v), kind) for v, (_, kind) in zip(values, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(columns))


def _number(key: tuple[str, ...]) -> int:
    """A stable 63-bit number of a blocking key."""
    digest = blake2b("\0".join(key).encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

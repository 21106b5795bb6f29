"""Writes the truth beside the data: who is who, each day's stage, terms, segments, deliverable.

Data flow: Life, Records, now -> Truth (chunk by chunk) -> <path>/truth/*.parquet.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.testing.store import Record
from sandbox.audiences import Standing, segments, standing
from sandbox.facts import Facts, facts
from sandbox.identity import Identity, identities
from sandbox.life import Life
from sandbox.linker import UnionFind, undecidable
from sandbox.membership import PLAN_CODES
from sandbox.oracle import day_range, intervals, stages
from sandbox.scale import local_day
from sandbox.surveys import Row

TRUTH_DAYS = 731  # two years and today
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


@dataclass
class _Candidate:
    segment: str
    email: str
    person_id: str


@dataclass
class Truth:
    """Collects people in any order of chunks; `close` writes what needs everybody.

    `relive(index)` gives a person's identity records again, for the few who share a key.
    """

    folder: Path
    now: datetime
    relive: Callable[[int], Sequence[Identity]]
    truth_days: int = TRUTH_DAYS
    stage_counts: Counter[str] = field(default_factory=Counter)
    segment_counts: Counter[str] = field(default_factory=Counter)
    undecidable_people: dict[int, str] = field(default_factory=dict)
    _rows: dict[str, list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    _keys: list[tuple[int, int]] = field(default_factory=list)
    _packed: list[Any] = field(default_factory=list)
    _suppressed: set[str] = field(default_factory=set)
    _candidates: list[_Candidate] = field(default_factory=list)
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)
    _stack: ExitStack = field(default_factory=ExitStack)

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
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, life: Life, records: Sequence[Record], rows: Sequence[Row]) -> None:
        """Take in one person with exactly the records that were written for them."""
        who, person_id = life.person, life.person.person_id
        known = identities(life, records, rows, self.now)
        if not known:
            return
        for one in known:
            self._rows["records"].append((one.source, one.record_id, person_id))
            for key in one.blocking_keys():
                self._keys.append((_number(key), who.index))
        alone = undecidable({who.index: known})
        self.undecidable_people.update(alone)
        truth = facts(life, known, self.now)
        stage = self._stages(truth, person_id)
        stand = standing(life, known, self.now)
        if stand.is_suppressed:
            self._suppressed |= stand.addresses
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
                self._candidates.append(_Candidate(segment, stand.email, person_id))

    def flush(self) -> None:
        """Write the rows collected so far and pack the keys."""
        for name, rows in self._rows.items():
            if not rows:
                continue
            columns = zip(*rows, strict=True)
            arrays = [
                pa.array(list(values), kind)
                for values, (_, kind) in zip(columns, SCHEMAS[name], strict=True)
            ]
            table = pa.Table.from_arrays(arrays, schema=pa.schema(SCHEMAS[name]))
            self._writers[name].write_table(table)
        self._rows.clear()
        if self._keys:
            self._packed.append(np.array(self._keys, dtype=np.int64))
            self._keys.clear()

    def finish(self) -> None:
        """What needs everybody: people who share a key, and one delivery per address."""
        self.flush()
        for block in self._blocks():
            for index in block:
                self.undecidable_people.pop(index, None)
            self.undecidable_people.update(
                undecidable({index: self.relive(index) for index in block})
            )
        for index, why in sorted(self.undecidable_people.items()):
            self._rows["undecidable"].append((f"P{index:07d}", why))
        delivered: set[tuple[str, str]] = set()
        for one in self._candidates:
            place = (one.segment, one.email)
            if one.email not in self._suppressed and place not in delivered:
                delivered.add(place)
                self._rows["deliverable"].append((one.segment, one.email, one.person_id))
        self.flush()

    def _blocks(self) -> list[list[int]]:
        """Groups of people who share any blocking key."""
        if not self._packed:
            return []
        keys = np.unique(np.concatenate(self._packed), axis=0)
        same = np.flatnonzero(keys[1:, 0] == keys[:-1, 0])
        links = UnionFind()
        touched: set[int] = set()
        for at in same.tolist():
            one, other = int(keys[at, 1]), int(keys[at + 1, 1])
            links.union(one, other)
            touched |= {one, other}
        return [sorted(int(str(i)) for i in block) for block in links.groups(sorted(touched))]


def _number(key: tuple[str, ...]) -> int:
    """A stable 63-bit number of a blocking key."""
    digest = blake2b("\0".join(key).encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

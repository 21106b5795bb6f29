"""The organisation's file of decisions about who is who: only ever appended to.

Data flow: Decision -> data/identity/decisions.jsonl -> `copy_into_raw` -> raw, table
`_journey.identity_decisions` (one row per pair of records) -> dbt.

The file lies beside the ledger and not in the warehouse, because neither can be rebuilt; and not in
config/, because it names people's records and is written by a command.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from filelock import FileLock

from flows.errors import JourneyError, UsageError
from flows.home import Home

Kind = Literal["link", "distinct", "withdraw"]
RecordId = tuple[str, str]  # source system, record id in it
_TABLE = "_journey.identity_decisions"
_SCHEMA = pa.schema(
    [
        ("decision_number", pa.int32()),
        ("kind", pa.string()),
        ("is_forced", pa.bool_()),
        ("left_source_system", pa.string()),
        ("left_record_id", pa.string()),
        ("right_source_system", pa.string()),
        ("right_record_id", pa.string()),
        ("decided_at", pa.timestamp("us")),
        ("withdrawn_at", pa.timestamp("us")),
    ]
)


@dataclass(frozen=True)
class Decision:
    """One line of the file: every record of `left` with every one of `right`.

    `number` counts from 1 and decides which of two words on one pair is the latest. `withdraws` is
    the number a `withdraw` takes back. `decided_at` is UTC.
    """

    number: int
    kind: Kind
    left: tuple[RecordId, ...]
    right: tuple[RecordId, ...]
    why: str
    decided_by: str
    decided_at: datetime
    is_forced: bool = False
    withdraws: int | None = None

    def pairs(self) -> list[tuple[RecordId, RecordId]]:
        """Each pair once, the smaller record first."""
        found = {(min(a, b), max(a, b)) for a in self.left for b in self.right if a != b}
        return sorted(found)


def decisions_file(home: Home) -> Path:
    """Where the decisions are; absent until the first one."""
    return home.data / "identity" / "decisions.jsonl"


def read_decisions(home: Home) -> list[Decision]:
    """All decisions in their order; JourneyError naming the line that cannot be read.

    A last line without its end was never confirmed to anybody and does not count.
    """
    path = decisions_file(home)
    if not path.is_file():
        return []
    complete, _, _ = path.read_bytes().rpartition(b"\n")
    found = []
    for number, line in enumerate(complete.splitlines(), 1):
        try:
            found.append(_parsed(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise JourneyError(
                f"{path}, line {number}, is no decision: {error}",
                hint="Nobody but `journey identity` writes this file. Restore it from a copy.",
            ) from error
    return found


def append_decision(
    home: Home,
    kind: Kind,
    left: Sequence[RecordId] = (),
    right: Sequence[RecordId] = (),
    *,
    why: str,
    decided_by: str,
    is_forced: bool = False,
    withdraws: int | None = None,
) -> Decision:
    """Write one decision, durably, before it is confirmed to anybody."""
    if not why.strip():
        raise UsageError("a decision needs a reason", hint='Say it with --why "...".')
    path = decisions_file(home)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(str(path) + ".lock"):
        before = read_decisions(home)
        decision = Decision(
            number=before[-1].number + 1 if before else 1,
            kind=kind,
            left=tuple(left),
            right=tuple(right),
            why=why.strip(),
            decided_by=decided_by,
            decided_at=datetime.now(UTC),
            is_forced=is_forced,
            withdraws=withdraws,
        )
        line = json.dumps({**asdict(decision), "decided_at": decision.decided_at.isoformat()})
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.lseek(handle, _end_of_last_line(path), os.SEEK_SET)
            os.truncate(handle, os.lseek(handle, 0, os.SEEK_CUR))
            os.write(handle, line.encode("utf-8") + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    return decision


def in_force(decisions: Sequence[Decision]) -> list[Decision]:
    """Links and separations nobody has taken back."""
    withdrawn = {one.withdraws for one in decisions}
    return [one for one in decisions if one.kind != "withdraw" and one.number not in withdrawn]


def copy_into_raw(home: Home) -> int:
    """Replace raw's table of decisions by what the file says; the number of pairs.

    Those taken back go along with the moment of it, so that an earlier day can be built again.
    """
    decisions = read_decisions(home)
    ends = {one.withdraws: one.decided_at for one in decisions if one.withdraws is not None}
    rows = [
        {
            "decision_number": one.number,
            "kind": one.kind,
            "is_forced": one.is_forced,
            "left_source_system": left[0],
            "left_record_id": left[1],
            "right_source_system": right[0],
            "right_record_id": right[1],
            "decided_at": _naive(one.decided_at),
            "withdrawn_at": _naive(ends[one.number]) if one.number in ends else None,
        }
        for one in decisions
        if one.kind != "withdraw"
        for left, right in one.pairs()
    ]
    write_table(home.raw, rows)
    return len(rows)


def write_table(raw: Path, rows: Sequence[dict[str, Any]]) -> None:
    """The table dbt reads, with these rows; timestamps naive UTC."""
    table = pa.Table.from_pylist(list(rows), schema=_SCHEMA)
    with duckdb.connect(str(raw)) as db:
        db.execute("create schema if not exists _journey")
        db.register("decided", table)
        db.execute(f"create or replace table {_TABLE} as select * from decided")


def _parsed(value: dict[str, Any]) -> Decision:
    left, right = (tuple((str(a), str(b)) for a, b in value[side]) for side in ("left", "right"))
    kind: Kind = value["kind"]
    if kind not in ("link", "distinct", "withdraw"):
        raise ValueError(f"unknown kind '{kind}'")
    moment = datetime.fromisoformat(value["decided_at"])
    return Decision(**{**value, "left": left, "right": right, "decided_at": moment})


def _end_of_last_line(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)

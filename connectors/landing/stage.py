"""One landed stream as temporary tables: typed rows, one per key, and those that can not be taken.

Data flow: part files -> landed (text) -> typed (cast, with reasons) -> staged (view) | refused.

All of it is set-based SQL over VARCHAR and JSON; Python only writes the statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from connectors.errors import ContractError
from connectors.landing.columns import (
    SYSTEM_COLUMNS,
    columns_list,
    json_paths,
    literal,
    quoted,
    raw_columns,
)
from connectors.landing.encode import MAX_LINE, ORIGIN, ROWS_PER_PAGE
from connectors.landing.fields import cursor_column, version_column
from connectors.landing.typed import typed_select
from connectors.protocol import StreamSpec

SPARED = 3  # so many bad rows of a small batch do not fail it yet
FUTURE = timedelta(minutes=5)  # clocks may differ by so much
_TIMES = ("timestamp", "unix", "date")


@dataclass
class Staged:
    """What staging found: counts of rows, and keys that came unannounced or stayed away.

    `reasons` counts why rows were refused, `first` tells where the first of them stood.
    """

    rows: int = 0
    refused: int = 0
    duplicates: int = 0
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    first: str = ""

    def add(self, other: Staged) -> None:
        """Take in the next part of the same batch; what one part has is not missing."""
        if other.rows:
            self.missing = [name for name in other.missing if name in self.missing or not self.rows]
        self.unknown = other.unknown
        self.first = self.first or other.first
        self.rows += other.rows
        self.refused += other.refused
        self.duplicates += other.duplicates
        self.reasons += other.reasons


class Stage:
    """Temporary tables of one stream, for a part of a batch; only one of them is wide.

    `<prefix>_typed` holds every row cast, `_staged` (a view) the winners to merge, `_refused` what
    goes to the quarantine with its record; `_landed` is a view of the files.
    """

    def __init__(
        self, db: duckdb.DuckDBPyConnection, spec: StreamSpec, number: int, known_at: datetime
    ) -> None:
        self._db, self.spec, self._known_at = db, spec, known_at
        self.prefix = f"stage_{number}"
        self._present: Set[str] = frozenset()  # the keys of the records

    def run(self, files: Sequence[Path], keys: Set[str]) -> Staged:
        """Read the files; `keys` are those of the whole batch's records.

        ContractError when the primary key is not among them.
        """
        self._present = keys
        self._open(files)
        found = Staged()
        self._compare_keys(found)
        self._cast(found)
        found.rows = self._count("typed")
        self._compare_nested(found)
        self._choose(found)
        return found

    def drop(self) -> None:
        for view in ("staged", "landed"):
            self._db.execute(f"drop view if exists {self.prefix}_{view}")
        for table in ("typed", "winners", "refused"):
            self._db.execute(f"drop table if exists {self.prefix}_{table}")

    def _open(self, files: Sequence[Path]) -> None:
        """The files as a view: their records are not copied, as they are read once as a rule."""
        columns = "{n: 'BIGINT', bad: 'VARCHAR', k: 'JSON', r: 'JSON'}"
        names = "[" + ", ".join(literal(str(path)) for path in files) + "]"
        source = (
            f"read_json({names}, format = 'newline_delimited', columns = {columns},"
            f" compression = 'gzip', maximum_object_size = {MAX_LINE})"
            if files
            else "(select null::bigint as n, null::varchar as bad, null::json as k, null::json as r"
            " where false)"
        )
        self._db.execute(
            f"create temp view {self.prefix}_landed as select n, bad, k, r from {source}"
        )

    def _compare_keys(self, found: Staged) -> None:
        """Fill `unknown`, and `missing` as far as the records' own keys tell."""
        if not self._present:
            return
        known = {ORIGIN}
        for name, column in self.spec.columns.items():
            path = column.path or name
            first = path.split(".")[0]
            known |= {path, first}
            if path not in self._present and (first == path or first not in self._present):
                found.missing.append(name)
        if self.spec.deleted_when:
            known |= {self.spec.deleted_when, self.spec.deleted_when.split(".")[0]}
        found.unknown = sorted(self._present - known)

    def _compare_nested(self, found: Staged) -> None:
        """Add to `missing` what is inside objects; a key no row has can not be the primary key.

        Only a column without any value is looked up again, as that costs a reading of all records.
        """
        nested = {
            name: column.path
            for name, column in self.spec.columns.items()
            if column.path and "." in column.path and name not in found.missing
            if column.path not in self._present
        }
        if nested:
            counts = ", ".join(f"count({quoted(name)})" for name in nested)
            filled = self._db.execute(f"select {counts} from {self.prefix}_typed").fetchone() or ()
            for (name, path), values in zip(nested.items(), filled, strict=True):
                if not values and not self._anywhere(path):
                    found.missing.append(name)
        lost = [name for name in self.spec.primary_key if name in found.missing]
        if lost and self._present:
            raise ContractError(
                f"the primary key {', '.join(lost)} is in none of {found.rows} rows.",
                todo="It was renamed or is no longer sent: adapt the stream's declaration.",
            )

    def _anywhere(self, path: str) -> bool:
        row = self._db.execute(
            f"select count(json_type(r, {literal(json_paths(path)[1])})) from {self.prefix}_landed"
        ).fetchone()
        return bool(row and row[0])

    def _cast(self, found: Staged) -> None:
        """landed -> typed."""
        self._db.execute(
            f"create temp table {self.prefix}_typed as"
            f" {typed_select(self.spec, f'{self.prefix}_landed', found.unknown)}"
        )

    def _choose(self, found: Staged) -> None:
        """typed -> winners (one row per key, the latest version) and refused (with reasons)."""
        keys = columns_list(self.spec.primary_key)
        version = version_column(self.spec)
        newest = f"{quoted(version)} desc nulls last, n desc" if version else "n desc"
        same, first_version = "", ""
        if version:
            same = f"{quoted(version)} is not distinct from first_version and"
            first_version = f", first_value({quoted(version)}) over key_order as first_version"
        ranked = (
            f"select n, {quoted(version) + ',' if version else ''} _row_hash,"
            " row_number() over key_order as place,"
            " first_value(_row_hash) over key_order as first_hash,"
            f" first_value(n) over key_order as first_n{first_version}"
            f" from {self.prefix}_typed where _reason is null"
            f" window key_order as (partition by {keys} order by {newest})"
        )
        # Two different rows with one key and version on one page contradict each other; on two
        # pages the row was changed while we read, and the later reading counts.
        self._db.execute(
            f"create temp table {self.prefix}_winners as select n, place, place > 1 and {same}"
            f" _row_hash <> first_hash and n // {ROWS_PER_PAGE} = first_n // {ROWS_PER_PAGE}"
            f" as contradicts from ({ranked})"
        )
        self._db.execute(
            f"create temp table {self.prefix}_refused as"
            " select n, reason, null::json as record, null::varchar as origin from"
            f" (select n, _reason as reason from {self.prefix}_typed where _reason is not null"
            f" union all select n, 'duplicate primary key' from {self.prefix}_winners"
            " where contradicts)"
        )
        found.refused = self._count("refused")
        if found.refused:  # only then are the records read again
            self._db.execute(
                f"update {self.prefix}_refused as q set record = l.r,"
                f" origin = json_extract_string(l.r, '$.{ORIGIN}')"
                f" from {self.prefix}_landed as l where q.n = l.n"
            )
            rows = self._db.execute(
                f"select reason, origin from {self.prefix}_refused order by n"
            ).fetchall()
            found.reasons.update(part for row in rows for part in row[0].split("; "))
            found.first = rows[0][1] or ""
        good = self._count("winners")
        self._db.execute(f"delete from {self.prefix}_winners where place > 1")
        found.duplicates = good - self._count("winners")
        updated = self._updated_at(version)
        late = literal((self._known_at + FUTURE).isoformat(sep=" "))
        own = [c for c in raw_columns(self.spec) if c not in SYSTEM_COLUMNS]
        self._db.execute(
            f"create temp view {self.prefix}_staged as select n, {columns_list(own)}, _extra,"
            f" _row_hash, {updated} as _source_updated_at, _is_deleted,"
            f" coalesce({updated} > {late}::timestamp, false) as _is_future"
            f" from {self.prefix}_typed semi join {self.prefix}_winners using (n)"
        )

    def _updated_at(self, version: str | None) -> str:
        """The record's own time of change, where a column says it."""
        at_cursor = cursor_column(self.spec)
        for name in (version, at_cursor[0] if at_cursor else None):
            if name and name in self.spec.columns and self.spec.columns[name].type in _TIMES:
                return f"{quoted(name)}::timestamp"
        return "null::timestamp"

    def _count(self, table: str) -> int:
        row = self._db.execute(f"select count(*) from {self.prefix}_{table}").fetchone()
        return int(row[0]) if row else 0


def refuse_too_many(spec: StreamSpec, found: Staged) -> None:
    """ContractError when more rows of a batch were refused than the stream allows."""
    allowed = int(spec.quarantine_share * found.rows)
    if spec.quarantine_share > 0:
        allowed = max(allowed, min(SPARED, found.rows // 2))
    if found.refused <= allowed:
        return
    named = ", ".join(f"{why} ({count})" for why, count in found.reasons.most_common(5))
    first = f"; the first is {found.first}" if found.first else ""
    raise ContractError(
        f"{found.refused} of {found.rows} rows can not be taken, {allowed} may: {named}{first}.",
        todo="Nothing was loaded; what is there stays. Adapt the stream's declaration.",
    )

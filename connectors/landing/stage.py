"""One landed stream as temporary tables: typed rows, one per key, and those that can not be taken.

Data flow: part files -> landed (text) -> typed (cast, with reasons) -> staged (view) | refused.

All of it is set-based SQL over VARCHAR and JSON; Python only writes the statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from connectors.errors import ContractError
from connectors.landing.columns import (
    DERIVED,
    SYSTEM_COLUMNS,
    TYPE_WORDS,
    cast,
    columns_list,
    json_paths,
    literal,
    quoted,
    raw_columns,
)
from connectors.landing.encode import MAX_RECORD, ORIGIN, ROWS_PER_PAGE
from connectors.landing.fields import cursor_column, version_column
from connectors.protocol import StreamSpec

SPARED = 3  # so many bad rows of a small batch do not fail it yet
FUTURE = timedelta(minutes=5)  # clocks may differ by so much
_TIMES = ("timestamp", "unix", "date")


@dataclass
class Staged:
    """What staging found: counts of rows, and keys that came unannounced or stayed away."""

    rows: int = 0
    refused: int = 0
    duplicates: int = 0
    unknown: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Stage:
    """Temporary tables of one stream of one batch; only one of them is wide at any time.

    `<prefix>_typed` holds every row cast, `_staged` (a view) the winners to merge, `_refused` what
    goes to the quarantine with its record. `_landed` is gone after the cast.
    """

    def __init__(
        self, db: duckdb.DuckDBPyConnection, spec: StreamSpec, number: int, known_at: datetime
    ) -> None:
        self._db, self.spec, self._known_at = db, spec, known_at
        self.prefix = f"stage_{number}"
        self._paths: list[str] = []
        self._places: dict[str, list[int]] = {}
        for name, column in spec.columns.items():
            self._places[name] = [self._place(p) for p in json_paths(column.path or name)]
        self._flag = (
            [self._place(p) for p in json_paths(spec.deleted_when)] if spec.deleted_when else []
        )

    def run(self, files: Sequence[Path]) -> Staged:
        """Read the files; ContractError when keys are missing or too many rows are refused."""
        self._read(files)
        found = Staged(rows=self._count("landed"))
        self._compare_keys(found)
        self._cast(found)
        self._choose(found)
        self._check_share(found)
        return found

    def drop(self) -> None:
        self._db.execute(f"drop view if exists {self.prefix}_staged")
        for table in ("landed", "typed", "winners", "refused"):
            self._db.execute(f"drop table if exists {self.prefix}_{table}")

    def _place(self, path: str) -> int:
        """The 1-based place of a JSON path in the list of extracted texts."""
        if path not in self._paths:
            self._paths.append(path)
        return self._paths.index(path) + 1

    def _read(self, files: Sequence[Path]) -> None:
        columns = "{n: 'BIGINT', bad: 'VARCHAR', k: 'JSON', r: 'JSON'}"
        names = "[" + ", ".join(literal(str(path)) for path in files) + "]"
        source = (
            f"read_json({names}, format = 'newline_delimited', columns = {columns},"
            f" compression = 'gzip', maximum_object_size = {4 * MAX_RECORD})"
            if files
            else "(select null::bigint as n, null::varchar as bad, null::json as k, null::json as r"
            " where false)"
        )
        self._db.execute(
            f"create temp table {self.prefix}_landed as select n, bad, k, r from {source}"
        )

    def _compare_keys(self, found: Staged) -> None:
        """Fill `unknown` and `missing`; a key no row has can not be the primary key."""
        if not found.rows:
            return
        present = {
            row[0]
            for row in self._db.execute(
                f"select distinct unnest(json_keys(r)) from {self.prefix}_landed where bad is null"
            ).fetchall()
        }
        known = {ORIGIN}
        for name, column in self.spec.columns.items():
            path = column.path or name
            known |= {path, path.split(".")[0]}
            if path not in present and not self._nested(path, present):
                found.missing.append(name)
        if self.spec.deleted_when:
            known |= {self.spec.deleted_when, self.spec.deleted_when.split(".")[0]}
        found.unknown = sorted(present - known)
        lost = [name for name in found.missing if name in self.spec.primary_key]
        if lost and present:
            raise ContractError(
                f"the primary key {', '.join(lost)} is in none of {found.rows} rows.",
                todo="It was renamed or is no longer sent: adapt the stream's declaration.",
            )

    def _nested(self, path: str, present: set[str]) -> bool:
        steps = path.split(".")
        if len(steps) == 1 or steps[0] not in present:
            return False
        row = self._db.execute(
            f"select count(json_type(r, {literal(json_paths(path)[1])})) from {self.prefix}_landed"
        ).fetchone()
        return bool(row and row[0])

    def _text(self, places: Sequence[int]) -> str:
        parts = [f"v[{place}]" for place in places]
        return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"

    def _cast(self, found: Staged) -> None:
        """landed -> typed: every column cast, `_reason` says which could not be."""
        select, reasons = [], ["bad"]
        for name, column in self.spec.columns.items():
            text = self._text(self._places[name])
            if column.type == "json":
                values = ", ".join(
                    f"nullif(json_extract(r, {literal(p)}), 'null'::json)"
                    for p in json_paths(column.path or name)
                )
                select.append(f"coalesce({values}) as {quoted(name)}")
                continue
            value = cast(column.type, text, self.spec.timezone)
            select.append(f"{value} as {quoted(name)}")
            if column.type in DERIVED:
                key = name + DERIVED[column.type]
                path = literal(json_paths(key)[0])
                select.append(f"json_extract_string(k, {path}) as {quoted(key)}")
            if column.type not in ("string", "email", "phone"):
                why = literal(f"{name} is not {TYPE_WORDS[column.type]}")
                given = f"nullif(trim({text}), '') is not null"
                reasons.append(f"case when {value} is null and {given} then {why} end")
        extra = "null::json"
        if found.unknown:
            known = {c.path or n for n, c in self.spec.columns.items()}
            known |= {path.split(".")[0] for path in known}
            known |= {self.spec.deleted_when or "", ORIGIN}
            patch = "{" + ", ".join(f'"{_escape(key)}": null' for key in sorted(known) if key) + "}"
            extra = f"nullif(json_merge_patch(r, {literal(patch)}), '{{}}'::json)"
        flag = (
            f"coalesce(try_cast({self._text(self._flag)} as boolean), false)"
            if self._flag
            else "false"
        )
        paths = "[" + ", ".join(literal(path) for path in self._paths) + "]"
        self._db.execute(
            f"create temp table {self.prefix}_typed as select n, {', '.join(select)},"
            f" {extra} as _extra, md5(to_json(v)::varchar || coalesce({extra}::varchar, '')) as"
            f" _row_hash, {flag} as _is_deleted,"
            f" nullif(concat_ws('; ', {', '.join(reasons)}), '') as _reason"
            f" from (select n, bad, k, r, json_extract_string(r, {paths}) as v"
            f" from {self.prefix}_landed)"
        )
        for name in self.spec.primary_key:
            why = literal(f"primary key {name} is null")
            self._db.execute(
                f"update {self.prefix}_typed set _reason = {why}"
                f" where {quoted(name)} is null and _reason is null"
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
            f"create temp table {self.prefix}_refused as select q.n, q.reason, l.r as record,"
            f" json_extract_string(l.r, '$.{ORIGIN}') as origin from"
            f" (select n, _reason as reason from {self.prefix}_typed where _reason is not null"
            f" union all select n, 'duplicate primary key' from {self.prefix}_winners"
            f" where contradicts) as q join {self.prefix}_landed as l using (n)"
        )
        found.refused = self._count("refused")
        good = self._count("winners")
        self._db.execute(f"delete from {self.prefix}_winners where place > 1")
        found.duplicates = good - self._count("winners")
        self._db.execute(f"drop table {self.prefix}_landed")
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

    def _check_share(self, found: Staged) -> None:
        allowed = int(self.spec.quarantine_share * found.rows)
        if self.spec.quarantine_share > 0:
            allowed = max(allowed, min(SPARED, found.rows // 2))
        if found.refused <= allowed:
            return
        rows = self._db.execute(
            f"select reason, origin from {self.prefix}_refused order by n"
        ).fetchall()
        reasons = Counter(part for row in rows for part in row[0].split("; "))
        named = ", ".join(f"{why} ({count})" for why, count in reasons.most_common(5))
        first = f"; the first is {rows[0][1]}" if rows[0][1] else ""
        raise ContractError(
            f"{found.refused} of {found.rows} rows can not be taken, {allowed} may:"
            f" {named}{first}.",
            todo="Nothing was loaded; what is there stays. Adapt the stream's declaration.",
        )

    def _count(self, table: str) -> int:
        row = self._db.execute(f"select count(*) from {self.prefix}_{table}").fetchone()
        return int(row[0]) if row else 0


def _escape(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')

"""Staged rows into a system-versioned raw table: close the old version, insert the new one.

Data flow: <stage>_staged + keys reported or found missing -> raw `<source>.<stream>`.

Every statement runs inside the loader's one transaction. "Current" is `_known_to is null`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from connectors.errors import SourceError
from connectors.landing.columns import (
    SYSTEM_COLUMNS,
    cast,
    columns_list,
    literal,
    quoted,
    raw_columns,
)
from connectors.landing.encode import ROWS_PER_PAGE
from connectors.landing.fields import version_column
from connectors.protocol import StreamSpec


@dataclass
class Changes:
    """Rows of one stream: new, changed, the same as before, and newly deleted."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0

    def add(self, other: Changes) -> None:
        self.inserted += other.inserted
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.deleted += other.deleted


class Merge:
    """Merges one stream of one batch."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        source: str,
        spec: StreamSpec,
        stage: str,
        *,
        batch_id: str,
        known_at: datetime,
    ) -> None:
        self._db, self.spec, self.stage = db, spec, stage
        self._table = f"{quoted(source)}.{quoted(spec.name)}"
        self._batch_id, self._known_at = batch_id, known_at
        self._own = [c for c in raw_columns(spec) if c not in SYSTEM_COLUMNS]

    def upsert(self) -> Changes:
        """Bring in the staged rows: a new version only where the row differs from the current one.

        A row older than the current version (a late or replayed one) changes nothing.
        """
        changes = f"{self.stage}_changes"
        version = version_column(self.spec)
        newer = (
            f"and not coalesce(s.{quoted(version)} < c.{quoted(version)}, false)" if version else ""
        )
        first_key = quoted(self.spec.primary_key[0])
        keys = columns_list(self.spec.primary_key, "s.")
        self._db.execute(
            f"create temp table {changes} as select s.n, {keys}, s._is_deleted,"
            f" c.{first_key} is null as is_new, c._first_known_at as first_known_at,"
            f" coalesce(c._is_deleted, false) as was_deleted, {_next_version('c')} as known_from"
            f" from {self.stage}_staged as s left join {self._table} as c"
            f" on c._known_to is null and {self._same_key('s', 'c')}"
            f" where c.{first_key} is null or ((s._row_hash <> c._row_hash"
            f" or s._is_deleted <> c._is_deleted) {newer})",
            [self._known_at, self._known_at],
        )
        changed, inserted, deleted = self._one(
            "select count(*), count(*) filter (is_new),"
            f" count(*) filter (_is_deleted and not was_deleted and not is_new) from {changes}"
        )
        (staged,) = self._one(f"select count(*) from {self.stage}_staged")
        self._db.execute(
            f"update {self._table} as c set _known_to = g.known_from from {changes} as g"
            f" where c._known_to is null and not g.is_new and {self._same_key('g', 'c')}"
        )
        self._db.execute(
            f"insert into {self._table} by name select {columns_list(self._own, 's.')}, _extra,"
            " _row_hash, _source_updated_at, coalesce(first_known_at, known_from) as"
            " _first_known_at, known_from as _known_from, null::timestamp as _known_to,"
            f" s._is_deleted, _is_future, {literal(self._batch_id)} as _batch_id"
            f" from {self.stage}_staged as s join {changes} using (n)"
        )
        self._db.execute(f"drop table {changes}")
        return Changes(inserted, changed - inserted - deleted, staged - changed, deleted)

    def bury_listed(self, keys: Sequence[tuple[int, Sequence[str]]]) -> int:
        """Tombstones for (page, key) the vendor reported, unless a later page has the row again."""
        if not keys:
            return 0
        names = [f"k{place}" for place in range(len(self.spec.primary_key))]
        columns = [[key[place] for _, key in keys] for place in range(len(names))]
        unnested = ", ".join(f"unnest(?::varchar[]) as {name}" for name in names)
        self._db.execute(
            f"create or replace temp table {self.stage}_listed as"
            f" select page, {self._typed_keys(names)} from"
            f" (select unnest(?::bigint[]) as page, {unnested})",
            [[page for page, _ in keys], *columns],
        )
        return self._bury(
            f"exists (select 1 from {self.stage}_listed as g where {self._same_key('g', 'c')}"
            f" and not exists (select 1 from {self.stage}_staged as s"
            f" where {self._same_key('s', 'c')} and s.n // {ROWS_PER_PAGE} > g.page))"
        )

    def bury_missing(self, files: Sequence[Path]) -> int:
        """Tombstones for current keys that the complete list of keys does not hold."""
        names = [f"id[{place + 1}]" for place in range(len(self.spec.primary_key))]
        paths = "[" + ", ".join(literal(str(path)) for path in files) + "]"
        source = (
            f"read_json({paths}, format = 'newline_delimited', compression = 'gzip',"
            " columns = {id: 'VARCHAR[]'})"
            if files
            else "(select null::varchar[] as id where false)"
        )
        self._db.execute(
            f"create or replace temp table {self.stage}_ids as"
            f" select distinct {self._typed_keys(names)} from {source}"
        )
        (listed,) = self._one(f"select count(*) from {self.stage}_ids")
        (current,) = self._one(
            f"select count(*) from {self._table} where _known_to is null and not _is_deleted"
        )
        if listed == 0 and current > 0:
            raise SourceError(
                f"the source lists no keys at all, but {current} rows are known.",
                todo="This looks like a fault of the source; nothing was marked as deleted.",
            )
        return self._bury(
            f"not exists (select 1 from {self.stage}_ids as g where {self._same_key('g', 'c')})"
        )

    def bury_with_parents(self, parent: StreamSpec, parent_stage: str) -> int:
        """Tombstones for children whose parent got one."""
        of_parent = self._of_parent(parent)
        return self._bury(f"exists (select 1 from {parent_stage}_buried as p where {of_parent})")

    def bury_orphans(self, parent: StreamSpec, parent_stage: str) -> int:
        """Tombstones for children that a re-read parent no longer has."""
        return self._bury(
            f"exists (select 1 from {parent_stage}_typed as p where {self._of_parent(parent)})"
            f" and not exists (select 1 from {self.stage}_typed as s"
            f" where {self._same_key('s', 'c')})"
        )

    def _of_parent(self, parent: StreamSpec) -> str:
        pairs = zip(self.spec.parent_key, parent.primary_key, strict=True)
        return " and ".join(f"c.{quoted(k)} = p.{quoted(pk)}" for k, pk in pairs)

    def start(self) -> None:
        """Make room for the keys that get a tombstone in this batch; children ask for them."""
        self._db.execute(
            f"create temp table {self.stage}_buried as"
            f" select {columns_list(self.spec.primary_key)} from {self._table} limit 0"
        )

    def drop(self) -> None:
        for table in ("buried", "listed", "ids", "gone"):
            self._db.execute(f"drop table if exists {self.stage}_{table}")

    def _bury(self, condition: str) -> int:
        gone = f"{self.stage}_gone"
        self._db.execute(
            f"create or replace temp table {gone} as select c.*, {_next_version('c')} as moment"
            f" from {self._table} as c"
            f" where c._known_to is null and not c._is_deleted and ({condition})",
            [self._known_at, self._known_at],
        )
        self._db.execute(
            f"update {self._table} as c set _known_to = g.moment from {gone} as g"
            f" where c._known_to is null and {self._same_key('g', 'c')}"
        )
        self._db.execute(
            f"insert into {self._table} by name select * exclude (moment) replace"
            " (moment as _known_from, null::timestamp as _known_to, true as _is_deleted,"
            f" {literal(self._batch_id)} as _batch_id) from {gone}"
        )
        self._db.execute(
            f"insert into {self.stage}_buried by name"
            f" select {columns_list(self.spec.primary_key)} from {gone}"
        )
        (count,) = self._one(f"select count(*) from {gone}")
        return count

    def _typed_keys(self, texts: Sequence[str]) -> str:
        return ", ".join(
            f"{cast(self.spec.columns[name].type, text, self.spec.timezone)} as {quoted(name)}"
            for name, text in zip(self.spec.primary_key, texts, strict=True)
        )

    def _same_key(self, left: str, right: str) -> str:
        return " and ".join(
            f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in self.spec.primary_key
        )

    def _one(self, sql: str) -> tuple[int, ...]:
        row = self._db.execute(sql).fetchone()
        return tuple(int(value) for value in row or ())


def _next_version(current: str) -> str:
    """When the new version begins: now (twice a parameter), but after the version it replaces."""
    return f"greatest(?, coalesce({current}._known_from + interval 1 microsecond, ?))"

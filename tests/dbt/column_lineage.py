"""Which class of privacy each column of the warehouse descends from, read from the compiled SQL.

Data flow: dbt's manifest (compiled SQL, declared classes) + stream specs -> parsed by sqlglot ->
for each column of each model the columns it is made of, and the highest class among them.

A column is made of every column its expression names: also those of a `case` condition. Rows that
a join or a filter picks, and what a window is partitioned or ordered by, are no part of a value.
Whatever the reader of SQL does not know is an error, never an empty lineage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import ParseError, exp, parse_one


@dataclass(frozen=True)
class Cell:
    """Where a column comes from: its class ("P0".."P5") and the columns that give it that class."""

    privacy: str = "P0"
    origins: frozenset[str] = frozenset()

    def __or__(self, other: Cell) -> Cell:
        if self.privacy != other.privacy:
            return max(self, other, key=lambda cell: cell.privacy)
        return Cell(self.privacy, self.origins | other.origins)


Columns = dict[str, Cell]
Relations = Mapping[str, Columns]  # lower-case "schema.table" or the name of a CTE


@dataclass(frozen=True)
class Output:
    """One column of a model: the expression that makes it and what it descends from."""

    expression: exp.Expression
    cell: Cell


@dataclass
class Reader:
    """Reads one model's SQL; `relations` holds what it may select from."""

    relations: Relations
    outputs: dict[str, list[exp.Expression]] = field(default_factory=dict)

    def columns(self, sql: str) -> Columns:
        """Name -> lineage of every column the query gives."""
        return self._query(parsed(sql), {})

    def _query(self, query: exp.Expression, ctes: Relations) -> Columns:
        if isinstance(query, exp.Subquery):
            return self._query(query.this, ctes)
        known = dict(ctes)
        with_ = query.args.get("with_") or query.args.get("with")
        for cte in with_.expressions if with_ else ():
            name, body = cte.alias.lower(), cte.this
            if with_ and with_.recursive and isinstance(body, exp.SetOperation):
                known[name] = self._named(cte, self._query(body.left, known))
            known[name] = self._named(cte, self._query(body, known))
        if isinstance(query, exp.SetOperation):
            left, right = self._query(query.left, known), self._query(query.right, known)
            return {
                name: cell | other
                for (name, cell), other in zip(left.items(), right.values(), strict=True)
            }
        if not isinstance(query, exp.Select):
            raise TypeError(f"a query of a kind nobody reads: {type(query).__name__}")
        return self._select(query, known)

    @staticmethod
    def _named(cte: exp.CTE, columns: Columns) -> Columns:
        """The columns under the names the CTE gives them, if it gives any."""
        names = [one.name.lower() for one in cte.args["alias"].columns]
        return dict(zip(names, columns.values(), strict=True)) if names else columns

    def _select(self, query: exp.Select, ctes: Relations) -> Columns:
        sources = dict(self._sources(query, ctes))
        found: Columns = {}
        for projection in query.expressions:
            if isinstance(projection, exp.Star):
                for columns in sources.values():
                    found.update(columns)
            elif isinstance(projection, exp.Column) and isinstance(projection.this, exp.Star):
                found.update(sources[projection.table.lower()])
            else:
                name = projection.alias_or_name.lower()
                found[name] = self._value(projection, sources, found, ctes)
                self.outputs.setdefault(name, []).append(projection)
        return found

    def _sources(self, query: exp.Select, ctes: Relations) -> Iterator[tuple[str, Columns]]:
        from_ = query.args.get("from_") or query.args.get("from")
        tables = [from_.this] if from_ else []
        tables += [join.this for join in query.args.get("joins") or ()]
        tables += list(query.args.get("laterals") or ())
        earlier: dict[str, Columns] = {}
        for table in tables:
            name = table.alias_or_name.lower()
            if isinstance(table, exp.Table) and isinstance(table.this, exp.Identifier):
                plain = table.name.lower()
                key = plain if not table.db else f"{table.db}.{plain}".lower()
                columns = ctes.get(key) if not table.db else self.relations.get(key)
                if columns is None:
                    raise KeyError(f"a relation nobody knows: {table.sql()}")
            elif isinstance(table, exp.Subquery):
                columns = self._query(table, ctes)
            else:  # unnest and the like: everything it names
                cell = self._value(table, earlier, {}, ctes)
                alias = table.args.get("alias")
                named = [one.name.lower() for one in (alias.columns if alias else ())]
                columns = dict.fromkeys(named or [name], cell)
            earlier[name] = columns
            yield name, columns

    def _value(
        self,
        expression: exp.Expression,
        sources: Mapping[str, Columns],
        beside: Columns,
        ctes: Relations,
    ) -> Cell:
        cell = Cell()
        for node in expression.walk(
            prune=lambda n: isinstance(n, exp.Query) and n is not expression
        ):
            if isinstance(node, exp.Query) and node is not expression:
                for inner in self._query(node, ctes).values():
                    cell |= inner
            elif isinstance(node, exp.Column) and not _places_only(node, expression):
                cell |= _resolve(node, sources, beside)
        return cell


def parsed(sql: str) -> exp.Expression:
    """The statement; `map` as an alias is a keyword to DuckDB's parser and none to PostgreSQL's."""
    try:
        return parse_one(sql, dialect="duckdb")
    except ParseError:
        return parse_one(sql, dialect="postgres")


def _resolve(column: exp.Column, sources: Mapping[str, Columns], beside: Columns) -> Cell:
    name = column.name.lower()
    if column.table:
        return sources[column.table.lower()][name]
    owners = [columns[name] for columns in sources.values() if name in columns]
    if owners:
        return owners[0]
    if name in beside:
        return beside[name]
    if _is_lambda_parameter(column):
        return Cell()
    raise KeyError(f"a column nobody has: {column.sql()}")


def _is_lambda_parameter(column: exp.Column) -> bool:
    parent = column.find_ancestor(exp.Lambda)
    while parent is not None:
        if column.name in {one.name for one in parent.expressions}:
            return True
        parent = parent.find_ancestor(exp.Lambda)
    return False


def _places_only(column: exp.Column, within: exp.Expression) -> bool:
    """Whether the column only says which rows a window looks at, or in which order."""
    node: exp.Expression | None = column
    while node is not None and node is not within:
        parent = node.parent
        if isinstance(parent, exp.Window) and node.arg_key in ("partition_by", "order"):
            return True
        node = parent
    return False


def declared(column: Mapping[str, Any]) -> dict[str, Any]:
    """A column's meta as the manifest has it."""
    return {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}

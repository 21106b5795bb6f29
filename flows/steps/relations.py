"""Which tables and columns leave the build, decided by dbt's manifest alone.

Data flow: manifest.json (folders, column meta `privacy`) -> Relations for the analyst and the
activation file. A column without a class is never published to analysts (fail closed).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

ANALYST_CLASSES = frozenset({"P0", "P1"})
ANALYST_FOLDERS = frozenset({"marts"})
ACTIVATION_FOLDERS = frozenset({"segments", "sync", "activation"})


@dataclass(frozen=True)
class Relation:
    """One table to copy: where it is in the build, and the columns that may go."""

    name: str
    schema: str
    columns: tuple[str, ...]
    view_sql: str = ""  # a view that stays one: its query, tables without database and schema

    def copy_statement(self, source: str, target: str) -> str:
        """CREATE TABLE AS from the attached `source` into `target`; identifiers are quoted.

        A view that stays one reads its tables in `target`, which has to be the current database.
        """
        if self.view_sql:
            return f"create view {target}.main.{_quote(self.name)} as {self.view_sql}"
        columns = ", ".join(_quote(column) for column in self.columns)
        return (
            f"create table {target}.main.{_quote(self.name)} as "
            f"select {columns} from {source}.{_quote(self.schema)}.{_quote(self.name)}"
        )


def analyst_relations(manifest: Mapping[str, Any]) -> list[Relation]:
    """Marts with their P0 and P1 columns; a mart without any such column stays at home.

    A view over tables of marts alone stays a view, after the tables it reads: as a table it could
    be many times their size. That takes that nothing of it or of what it reads is held back.
    """
    tables: list[Relation] = []
    views: list[Relation] = []
    whole = {
        node["unique_id"]
        for node in _models(manifest, ANALYST_FOLDERS)
        if node["config"]["materialized"] != "view" and _public(node) == tuple(node["columns"])
    }
    for node in _models(manifest, ANALYST_FOLDERS):
        columns = _public(node)
        relation = Relation(_alias(node), node["schema"], columns)
        if (
            node["config"]["materialized"] == "view"
            and columns == tuple(node["columns"])
            and set(node["depends_on"]["nodes"]) <= whole
            and (sql := _view_sql(node))
        ):
            views.append(replace(relation, view_sql=sql))
        elif columns:
            tables.append(relation)
    return tables + views


def activation_relations(manifest: Mapping[str, Any]) -> list[Relation]:
    """What pushing needs: candidates, contact data, consents, suppressions, holds; all columns."""
    return [
        Relation(_alias(node), node["schema"], tuple(node["columns"]))
        for node in _models(manifest, ACTIVATION_FOLDERS)
    ]


def privacy_of(column: Mapping[str, Any]) -> str:
    """The column's class ("P0".."P5"), or an empty string when it has none."""
    meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
    return str(meta.get("privacy", ""))


def _models(manifest: Mapping[str, Any], folders: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    for _, node in sorted(manifest["nodes"].items()):
        if (
            node["resource_type"] == "model"
            and node["config"]["materialized"] != "ephemeral"
            and len(node["fqn"]) > 1
            and node["fqn"][1] in folders
        ):
            yield node


def _public(node: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that analysts may see."""
    return tuple(
        name for name, column in node["columns"].items() if privacy_of(column) in ANALYST_CLASSES
    )


def _view_sql(node: Mapping[str, Any]) -> str:
    """The query of a view; empty when dbt's manifest does not hold it."""
    home = f"{_quote(node['database'])}.{_quote(node['schema'])}."
    return str(node.get("compiled_code") or "").replace(home, "").strip()


def _alias(node: Mapping[str, Any]) -> str:
    return str(node.get("alias") or node["name"])


def _quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'

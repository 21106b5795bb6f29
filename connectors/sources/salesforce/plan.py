"""How one stream is read from this org: the map held against what the org really has.

Data flow: StreamMap + the org's descriptions -> plan_of() -> Plan -> SOQL and rows.

The description decides: fields that are not there, or that the user may not see, are left out (the
column is null and the check names it); a date column takes fields of type date only and a timestamp
column those of type datetime, so that one field may be offered to both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.protocol import StreamSpec
from connectors.sources.salesforce.errors import OutOfReachError
from connectors.sources.salesforce.mapping import Const, FieldSource, StreamMap

Row = dict[str, Any]
# Cursors in order of preference: what moves with every change, with every user's, never.
CURSORS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")
# Columns that need no entry in a map.
_GIVEN: Mapping[str, FieldSource] = {
    "id": "Id",
    "created_at": "CreatedDate",
    "is_deleted": "IsDeleted",
    "master_record_id": "MasterRecordId",
    "currency": "CurrencyIsoCode",
}
# Absent in many orgs and on many objects, and no reason to warn.
_QUIET = frozenset({"master_record_id", "currency", "is_deleted"})
_PAIRS = {"_on": "_at", "_at": "_on"}


@dataclass(frozen=True)
class FieldInfo:
    """One field of a description; `parents` are the objects a reference may point to."""

    type: str
    relationship: str | None = None
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObjectInfo:
    """An object as the connected user sees it."""

    name: str
    fields: Mapping[str, FieldInfo]


Describe = Callable[[str], ObjectInfo]


@dataclass(frozen=True)
class Plan:
    """What to select of which object, and how rows become those of the stream.

    `cursor` is None where the object has no time of change: it is then read in full each time.
    """

    object: str
    where: str | None
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    booleans: frozenset[str]
    cursor: str | None
    missing: Sequence[str] = field(default_factory=tuple)

    @property
    def select(self) -> list[str]:
        """The fields to ask for, once each, Id first."""
        wanted = [path for paths in self.columns.values() for path in paths]
        return list(dict.fromkeys(["Id", *wanted]))

    def soql(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
        fields: Sequence[str] | None = None,
        ordered: bool = True,
    ) -> str:
        """The query of one slice: times in [since, until), beyond the keys `after` (time, Id)."""
        parts = [f"({self.where})"] if self.where else []
        if self.cursor and since is not None:
            parts.append(f"{self.cursor} >= {_literal(since)}")
        if self.cursor and until is not None:
            parts.append(f"{self.cursor} < {_literal(until)}")
        if after is not None:
            parts.append(self._beyond(*after))
        text = f"SELECT {', '.join(fields or self.select)} FROM {self.object}"
        if parts:
            text += f" WHERE {' AND '.join(parts)}"
        if ordered:
            text += f" ORDER BY {self.cursor + ', ' if self.cursor else ''}Id"
        return text if limit is None else f"{text} LIMIT {limit}"

    def place(self, raw: Mapping[str, Any]) -> tuple[str, str]:
        """(time, Id) of a record, from which the next query goes on."""
        return (str(raw[self.cursor]) if self.cursor else "", str(raw["Id"]))

    def row(self, raw: Mapping[str, Any]) -> Row:
        """The record under the stream's own names; `raw` has dotted or nested parent fields."""
        found: Row = dict(self.constants)
        for column, paths in self.columns.items():
            values = (value_of(raw, path) for path in paths)
            value = next((v for v in values if v not in (None, "")), None)
            if column in self.booleans and isinstance(value, str):
                value = value.lower() == "true"
            found[column] = _utc(value) if isinstance(value, str) else value
        return found

    def _beyond(self, moment: str, id: str) -> str:
        if not self.cursor:
            return f"Id > '{id}'"
        at = _literal(datetime.fromisoformat(moment))
        return f"({self.cursor} > {at} OR ({self.cursor} = {at} AND Id > '{id}'))"


def plan_of(spec: StreamSpec, mapped: StreamMap, describe: Describe) -> Plan:
    """The plan for one stream; raises what `describe` raises when the object is out of reach."""
    info = describe(mapped.object)
    cursor = next((name for name in CURSORS if name in info.fields), None)
    wanted: dict[str, FieldSource] = {**_GIVEN, **mapped.fields}
    if cursor:
        wanted["modified_at"] = cursor
    columns: dict[str, tuple[str, ...]] = {}
    constants: dict[str, str] = {}
    missing: list[str] = []
    for column, declared in spec.columns.items():
        source = wanted.get(column)
        if isinstance(source, Const):
            constants[column] = source.const
        if source is None or isinstance(source, Const):
            continue
        paths = (source,) if isinstance(source, str) else source
        there = tuple(p for p in paths if _fits(info, p, declared.type, describe))
        if there:
            columns[column] = there
        elif column not in _QUIET:
            missing.append(f"{column} ({' or '.join(paths)})")
    return Plan(
        object=mapped.object,
        where=mapped.where,
        columns=columns,
        constants=constants,
        booleans=frozenset(n for n, c in spec.columns.items() if c.type == "boolean"),
        cursor=cursor,
        missing=[m for m in missing if not _has_twin(m.partition(" ")[0], columns)],
    )


def value_of(raw: Mapping[str, Any], path: str) -> Any:
    """The value at a field path: a literal key (CSV heads are dotted), else nested (JSON)."""
    if path in raw:
        return raw[path]
    value: Any = raw
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _fits(info: ObjectInfo, path: str, column_type: str, describe: Describe) -> bool:
    """Does the path lead to a field that can fill a column of this type?"""
    *parents, last = path.split(".")
    for step in parents:
        link = next((f for f in info.fields.values() if f.relationship == step and f.parents), None)
        if link is None:
            return False
        try:
            info = describe(link.parents[0])
        except OutOfReachError:
            return False
    found = info.fields.get(last)
    if found is None:
        return False
    if column_type == "date":
        return found.type == "date"
    return column_type != "timestamp" or found.type == "datetime"


def _has_twin(column: str, columns: Mapping[str, Any]) -> bool:
    """A day and a moment of the same thing: one of them is enough."""
    ending = column[-3:]
    return ending in _PAIRS and column[:-3] + _PAIRS[ending] in columns


def _literal(moment: datetime) -> str:
    """A moment in SOQL: UTC with Z, never an offset whose plus sign a URL could lose."""
    utc = moment if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def _utc(text: str) -> str:
    """REST writes +0000 and the Bulk API Z: one form, so that a row is the same by both ways."""
    return f"{text[:-5]}Z" if text.endswith("+0000") and text[10:11] == "T" else text

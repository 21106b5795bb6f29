"""How the records of any system become those of a conformed entity, said in YAML.

Data flow: vendor record -> EntityMapping -> record with the contract's columns -> landing.

A value that can not be read as its column's type is passed on as it is: the loader quarantines its
row by name. Nothing that is not mapped gets any further than this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.landing.fields import value_at
from connectors.protocol import Column, ColumnType, Cursor, StreamSpec
from connectors.sources.contracts import CONTRACTS, entity_spec, primary_key

CURSOR = "source_cursor"  # the column that keeps a mapped record's own time of change or number
DELETED = "source_deleted"  # the column of a record that the system itself calls deleted


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("expected a time zone such as Europe/Berlin") from error
    return value


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class EntityMapping(BaseModel):
    """What the records of one kind mean.

    - `columns`: the system's field (dotted for a field inside an object) -> one or more columns of
      the contract; `constants` fill those the system does not have
    - `values` translate: contract column -> {what the system says: what the contract wants}
    - `decimal` "," also takes "." as the thousands mark
    - formats of dates follow strptime, for example "%d.%m.%Y"
    - `amounts` "major": the system has 12.50 where the contract wants 1250 (`minor_digits` 2)
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    entity: str
    columns: dict[str, str | list[str]] = Field(min_length=1)
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    values: dict[str, dict[str, str | int | float | bool | None]] = Field(default_factory=dict)
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    timestamp_format: str | None = None
    amounts: Literal["minor", "major"] = "minor"
    minor_digits: int = Field(default=2, ge=0, le=3)

    @field_validator("entity")
    @classmethod
    def _entity_exists(cls, value: str) -> str:
        if value not in CONTRACTS:
            raise ValueError(f"expected one of: {', '.join(sorted(CONTRACTS))}")
        return value

    @model_validator(mode="after")
    def _fits_the_contract(self) -> EntityMapping:
        contract = CONTRACTS[self.entity]
        targets = [target for _, target in self.pairs()] + list(self.constants)
        unknown = sorted({*targets, *self.values} - contract.keys())
        if unknown:
            raise ValueError(
                f"{self.entity} has no column {', '.join(unknown)};"
                f" expected one of: {', '.join(contract)}"
            )
        twice = sorted({target for target in targets if targets.count(target) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is filled more than once")
        if primary_key(self.entity) not in targets:
            raise ValueError(f"{self.entity} needs its key {primary_key(self.entity)}")
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """(the system's field, contract column), one per contract column."""
        return [
            (name, target)
            for name, targets in self.columns.items()
            for target in ([targets] if isinstance(targets, str) else targets)
        ]

    def record(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The contract record of one of the system's; a missing field is null."""
        contract = CONTRACTS[self.entity]
        made: dict[str, Any] = {**dict.fromkeys(contract), **self.constants}
        for name, target in self.pairs():
            made[target] = self._value(value_at(found, name), target, contract[target])
        return made

    def _value(self, value: Any, column: str, kind: ColumnType) -> Any:
        text = as_text(value)
        if text is None:
            return None
        translated = self.values.get(column, {})
        if text in translated:
            return translated[text]
        if kind in ("minor", "money", "number", "integer"):
            return self._number(text, kind, typed=isinstance(value, int | float | Decimal))
        wanted = {"date": self.date_format, "timestamp": self.timestamp_format}.get(kind)
        return _moment(text, wanted, kind) if wanted else text

    def _number(self, text: str, kind: ColumnType, *, typed: bool) -> str:
        """The number as the warehouse reads it; a typed one (spreadsheets) has no decimal mark."""
        if self.decimal == "," and not typed:
            text = text.replace(".", "").replace(",", ".")
        if kind != "minor" or self.amounts == "minor":
            return text
        try:
            return f"{(Decimal(text) * 10**self.minor_digits).normalize():f}"
        except InvalidOperation:
            return text


def each_entity_once(streams: Sequence[EntityMapping], otherwise: str) -> None:
    """ValueError when two streams of a source are mapped to one entity; `otherwise`: what to do."""
    entities = [stream.entity for stream in streams]
    twice = sorted({entity for entity in entities if entities.count(entity) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)} is mapped more than once; {otherwise}")


def mapped_spec(
    entity: str,
    cursor: Cursor,
    *,
    cursor_type: ColumnType = "timestamp",
    timezone: str = "UTC",
    description: str = "",
) -> StreamSpec:
    """The entity's stream; with a cursor that is a field, a column CURSOR beside the contract's.

    A source fills it with the record's own time of change (or number), whatever its name there.
    """
    spec = entity_spec(entity, cursor, timezone=timezone, description=description)
    if cursor.field is None:
        return spec
    columns = {**spec.columns, CURSOR: Column(cursor_type)}
    return replace(spec, columns=columns, cursor=replace(cursor, field=CURSOR))


def flagged(spec: StreamSpec) -> StreamSpec:
    """The stream of a system that says itself what is deleted: with a column DELETED for it."""
    columns = {**spec.columns, DELETED: Column("boolean")}
    return replace(spec, columns=columns, deleted_when=DELETED)


def as_text(value: Any) -> str | None:
    """One value as text; None for an empty one. Whole floats (spreadsheets) lose their point."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip() or None


def parse_moment(text: str, form: str) -> datetime:
    """A moment in strptime's form, without a time zone: it is in the stream's. ValueError."""
    return datetime.strptime(text, form)  # noqa: DTZ007 - the loader knows the zone


def _moment(text: str, wanted: str, kind: ColumnType) -> str:
    try:
        moment = parse_moment(text, wanted)
    except ValueError:
        return text
    return moment.date().isoformat() if kind == "date" else moment.isoformat()

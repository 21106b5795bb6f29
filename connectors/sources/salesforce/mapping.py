"""Maps: which sObject feeds which stream, and which of its fields which column.

Data flow: maps/<name>.yaml + settings `mapping` -> resolved() -> {stream: StreamMap} -> plan.py.

A column is filled by a field ("Email"), by a field of a parent record ("Campaign.Name"), by the
first of several that the org has and that is not empty (a list), or by a fixed text
({const: donation}). Id, times, IsDeleted, MasterRecordId and CurrencyIsoCode need no entry.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.sources.salesforce.streams import STREAMS

MapName = Literal["npsp", "fonteva", "nimble", "own"]
_COLUMNS: Mapping[str, frozenset[str]] = {spec.name: frozenset(spec.columns) for spec in STREAMS}
_PATH = re.compile(r"^[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}$")


class Const(BaseModel):
    """A fixed text for every record."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    const: str


def _is_path(value: str) -> str:
    if not _PATH.match(value):
        raise ValueError("expected a field name such as Email or Campaign.Name")
    return value


def _one_line(value: str) -> str:
    if not value.strip() or re.search(r"[\n\r;]", value):
        raise ValueError("expected one SOQL condition in one line")
    return value.strip()


FieldPath = Annotated[str, AfterValidator(_is_path)]
ObjectName = Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")]
Condition = Annotated[str, AfterValidator(_one_line)]
FieldSource = FieldPath | tuple[FieldPath, ...] | Const


class StreamMap(BaseModel):
    """One stream: its sObject, an optional SOQL condition, and column -> field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    object: ObjectName
    where: Condition | None = None
    feeds: tuple[str, ...] = ()
    fields: dict[str, FieldSource] = Field(default_factory=dict)


class StreamChange(BaseModel):
    """What settings change of a shipped stream; with `object` it is a map of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    object: ObjectName | None = None
    where: Condition | None = None
    fields: dict[str, FieldSource] = Field(default_factory=dict)


@cache
def shipped(name: MapName) -> dict[str, StreamMap]:
    """The map of that name; `own` is empty."""
    if name == "own":
        return {}
    text = (files(__package__) / "maps" / f"{name}.yaml").read_text(encoding="utf-8")
    found = {
        stream: StreamMap.model_validate(body) for stream, body in yaml.safe_load(text).items()
    }
    refuse_unknown(found)
    return found


def resolved(name: MapName, changes: Mapping[str, StreamChange | None]) -> dict[str, StreamMap]:
    """The shipped map with the settings' changes, in the order of the streams.

    ValueError for an unknown stream or column, or a stream without object; null drops a stream.
    """
    refuse_unknown(changes)
    found = dict(shipped(name))
    for stream, change in changes.items():
        if change is None:
            found.pop(stream, None)
        elif change.object is not None:
            found[stream] = StreamMap.model_validate(change.model_dump())
        elif stream not in found:
            raise ValueError(f"mapping.{stream}: expected an `object`, as the map has none")
        else:
            known = found[stream]
            update = {
                "where": change.where or known.where,
                "fields": {**known.fields, **change.fields},
            }
            found[stream] = known.model_copy(update=update)
    return {spec.name: found[spec.name] for spec in STREAMS if spec.name in found}


def refuse_unknown(streams: Mapping[str, StreamMap | StreamChange | None]) -> None:
    """ValueError for a stream or column that no stream declares."""
    for stream, body in streams.items():
        if stream not in _COLUMNS:
            raise ValueError(f"there is no stream {stream!r}; known: {', '.join(_COLUMNS)}")
        unknown = sorted((body.fields.keys() if body else set()) - _COLUMNS[stream])
        if unknown:
            raise ValueError(f"{stream} has no column {', '.join(unknown)}")

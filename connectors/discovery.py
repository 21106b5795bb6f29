"""What a source's records look like, against what its streams declare; values are never kept.

Data flow: Source.pages() (the first page with rows) -> paths and types -> Discovery; and, where a
source can tell, what else it has -> Offer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.engine import spec_of
from connectors.errors import JourneyConnectorError
from connectors.landing.encode import ORIGIN
from connectors.landing.fields import value_at
from connectors.protocol import Offer, Offering, Page, Request, Source, StreamSpec

MIXED = "mixed"


@dataclass(frozen=True)
class FoundField:
    """One key of a record (or of an object in it, with a dot): its type, the column that reads it.

    `column` is "" when no declared column does: its value lands in `_extra`.
    """

    stream: str
    path: str
    type: str
    column: str


@dataclass(frozen=True)
class Discovery:
    """One stream as seen now: records looked at, their fields, declared columns not among them."""

    stream: str
    records: int
    fields: tuple[FoundField, ...]
    unseen: tuple[str, ...]


def discover(source: Source, stream: str) -> list[Discovery]:
    """The stream and its children, from the first page that has rows. Lands and marks nothing.

    Raises the errors of connectors/errors.py, with source and stream filled in.
    """
    own = spec_of(source, stream)
    specs = [own, *(spec for spec in source.streams() if spec.parent == stream)]
    try:
        page = _first_page(source, stream)
    except JourneyConnectorError as error:
        raise error.within(source.name, stream) from error.__cause__
    return [_judged(spec, page.rows.get(spec.name, ())) for spec in specs]


def offers(source: Source) -> list[Offer]:
    """What the system has and no stream reads; empty for sources whose streams are fixed."""
    return list(source.offers()) if isinstance(source, Offering) else []


def _first_page(source: Source, stream: str) -> Page:
    seen = Page(rows={})
    for page in source.pages(Request(stream=stream, full=True)):
        seen = page
        if page.rows.get(stream):
            break
    return seen


def _judged(spec: StreamSpec, rows: Any) -> Discovery:
    types: dict[str, str] = {}
    for record in rows:
        for path, kind in _paths(record):
            known = types.get(path)
            types[path] = _joined(known, kind)
    readers = {column.path or name: name for name, column in spec.columns.items()}
    fields = tuple(
        FoundField(spec.name, path, kind, _reader(path, readers))
        for path, kind in sorted(types.items())
        if not _is_container(path, kind, types, readers)
    )
    unseen = tuple(
        name
        for path, name in readers.items()
        if rows and all(value_at(record, path) is None for record in rows)
    )
    return Discovery(spec.name, len(rows), fields, unseen)


def _joined(known: str | None, kind: str) -> str:
    if known is None or known == "null":
        return kind
    return known if kind in ("null", known) else MIXED


def _reader(path: str, readers: Mapping[str, str]) -> str:
    """The column that reads this path, whole or as a part of an object or list it takes in."""
    for known, name in readers.items():
        if path == known or path.startswith(known + ".") or known.startswith(path + "."):
            return name
    return ""


def _is_container(
    path: str, kind: str, types: Mapping[str, str], readers: Mapping[str, str]
) -> bool:
    """An object whose keys are told one by one, unless a column takes it in whole."""
    return (
        kind == "object"
        and path not in readers
        and any(other.startswith(path + ".") for other in types)
    )


def _paths(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        if key == ORIGIN:
            continue
        yield key, _type(value)
        if isinstance(value, Mapping):
            for inner, nested in value.items():
                yield f"{key}.{inner}", _type(nested)


def _type(value: Any) -> str:
    if value is None or value == "":
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, datetime):
        return "timestamp"
    if isinstance(value, date):
        return "date"
    return _text_type(str(value))


def _text_type(text: str) -> str:
    for kind, parse in (("date", date.fromisoformat), ("timestamp", datetime.fromisoformat)):
        try:
            parse(text)
        except ValueError:
            continue
        return kind if "-" in text else "string"
    return "string"

"""The streams of a described API: one per entity, with the record's own time of change beside it.

Data flow: StreamDescription -> StreamSpec (here) -> engine; vendor record -> landed record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import SourceError
from connectors.protocol import Cursor, StreamSpec
from connectors.sources.mapping import (
    CURSOR,
    DELETED,
    as_text,
    flagged,
    mapped_spec,
    parse_moment,
)
from connectors.sources.rest.description import StreamDescription
from connectors.sources.rest.selectors import MISSING, Row, find
from connectors.sources.rest.template import compose

EACH = "_each"  # the field of a record that holds what it was read for


def spec_of(stream: StreamDescription, timezone: str) -> StreamSpec:
    """The stream's declaration."""
    said = stream.cursor
    spec = mapped_spec(
        stream.entity,
        Cursor(said.kind, field=said.field, lookback=said.window),
        cursor_type="integer" if said.kind == "append_log_id" else "timestamp",
        timezone=timezone,
        description=f"{stream.path or 'Answers'}, mapped to {stream.entity}.",
    )
    spec = replace(spec, deletes=stream.deletes.kind, empty_first_page=stream.empty)
    if stream.deletes.kind != "flag":
        return spec
    return flagged(spec)


def whole(found: Row, stream: StreamDescription, each: Any = None) -> dict[str, Any]:
    """The system's record with the fields that are made of others."""
    record = dict(found)
    if each is not None:
        record[EACH] = each
    for name, templates in stream.compose.items():
        record[name] = compose(templates, record)
    return record


def landed(record: Mapping[str, Any], stream: StreamDescription) -> dict[str, Any]:
    """The contract record, with the time of change (or number) and the mark of deletion."""
    made = stream.record(record)
    said, deletes = stream.cursor, stream.deletes
    if said.field is not None:
        value = find(record, said.field)
        if value is MISSING:
            raise SourceError(
                f"a record has no field `cursor.field: {said.field}`.",
                todo="Correct `field`, or ask for it; without it nothing new would be found.",
            )
        made[CURSOR] = read_moment(value, said.format)
    if deletes.field is not None:
        value = find(record, deletes.field)
        made[DELETED] = _is_deleted(None if value is MISSING else value, deletes.is_)
    return made


def read_moment(value: Any, form: str) -> str | None:
    """A cursor's value in ISO 8601; what can not be read goes on as it is, to the quarantine."""
    text = as_text(value)
    if text is None or form in ("iso", "date"):
        return text
    try:
        if form in ("unix", "ms"):
            seconds = float(text) / (1000 if form == "ms" else 1)
            return datetime.fromtimestamp(seconds, UTC).isoformat()
        moment = parse_moment(text, form)
    except (ValueError, OverflowError, OSError):
        return text
    return moment.isoformat()


def written(moment: datetime | None, form: str, timezone: str, *, up: bool = False) -> Any:
    """A moment as {since}, rounded down, or as {until}, rounded up; whole seconds at the finest."""
    if moment is None:
        return None
    moment = moment.astimezone(UTC)
    if up and moment.microsecond:
        moment += timedelta(seconds=1)
    moment = moment.replace(microsecond=0)
    if form == "unix":
        return int(moment.timestamp())
    if form == "ms":
        return int(moment.timestamp()) * 1000
    if form == "iso":
        return moment.isoformat().replace("+00:00", "Z")
    local = moment.astimezone(ZoneInfo(timezone))
    if form == "date":
        if up and local.time() != datetime.min.time():
            local += timedelta(days=1)
        return local.date().isoformat()
    return local.strftime(form)


def _is_deleted(value: Any, listed: list[str | int | bool] | None) -> bool:
    if listed is None:
        return as_text(value) not in (None, "false", "0")
    return as_text(value) in {as_text(item) for item in listed}

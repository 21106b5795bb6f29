"""What of a Zoom record is landed.

Data flow: record of the API -> webinars(), registrants(), instance(), segments() -> rows.

Only what is named here reaches landing. Left out: links that open a door, agendas, comments,
answers to questions, addresses, employers, and the names of participants (a registrant's name is
known, anybody else stays unnamed). Questions, polls and chat are never asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

_WEBINAR = (
    *("id", "uuid", "host_id", "topic", "type", "start_time", "duration", "timezone"),
    *("created_at", "is_simulive"),
)
_REGISTRANT = ("id", "email", "first_name", "last_name", "phone", "status", "create_time")
_INSTANCE = (
    *("uuid", "id", "type", "topic", "start_time", "end_time", "duration"),
    *("participants_count", "total_minutes"),
)
_SEGMENT = (
    *("user_id", "registrant_id", "user_email", "join_time", "leave_time", "duration"),
    *("status", "failover"),
)


def webinars(listed: Iterable[Row]) -> list[Row]:
    """One row per webinar in order of id; of a series' occurrences the first one."""
    found: dict[str, Row] = {}
    for record in sorted(listed, key=lambda row: str(row.get("start_time") or "")):
        found.setdefault(str(record["id"]), _kept(record, _WEBINAR))
    return [found[id] for id in sorted(found)]


def registrants(listed: Iterable[Row], webinar: Row) -> list[Row]:
    """One row per registrant: who moved between two lists meanwhile counts as in the later one."""
    found = {str(record["id"]): _kept(record, _REGISTRANT) for record in listed}
    return [{**row, "webinar_id": webinar["id"]} for row in found.values()]


def instance(record: Row) -> Row:
    return _kept(record, _INSTANCE)


def segments(listed: Iterable[Row], uuid: str) -> list[Row]:
    """One row per stay. Zoom gives a stay no id: who and when make one, and a count for twins."""
    rows, seen = [], dict[str, int]()
    for record in listed:
        key = f"{record.get('user_id') or record.get('id') or ''}@{record.get('join_time')}"
        seen[key] = seen.get(key, 0) + 1
        twin = f"#{seen[key]}" if seen[key] > 1 else ""
        rows.append({**_kept(record, _SEGMENT), "instance": uuid, "segment": key + twin})
    return rows


def _kept(record: Row, names: tuple[str, ...]) -> Row:
    return {name: record[name] for name in names if name in record}

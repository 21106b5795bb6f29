"""What Zoom's records mean: two devices, a blank address, a withdrawal, somebody without a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.zoom import ZoomFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

# Reports reach back from the real today.
START = datetime.now(UTC).replace(hour=16, minute=0, second=0, microsecond=0) - timedelta(days=20)
TALK, SERIES, COMING = 8_000_000_001, 8_000_000_002, 8_000_000_003
SETTINGS = {
    "account_id": "sandbox-account",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-zoom-secret",
}


def load(raw: Path, folder: Path) -> None:
    """Two readings: before the second one a registrant withdrew and another was denied."""
    folder.mkdir(parents=True)
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(START + timedelta(days=10))
    _fill(store)
    with FakeServer(ZoomFake(store)) as server:
        settings = {**SETTINGS, "base_url": server.url, "oauth_url": server.url}
        read_source("zoom", settings, raw, folder)
        store.delete("zoom", "registrant", f"{TALK}-dora")
        _registrant(store, TALK, "emil", "denied")
        read_source("zoom", settings, raw, folder)
    store.close()


def _fill(store: RecordStore) -> None:
    _put(store, "user", "host", "", id="host")
    for id, kind, days, topic in (
        (TALK, 5, 0, "Talk"),
        (SERIES, 9, 7, "Series"),
        (COMING, 5, 20, "Coming"),
    ):
        named = {"uuid": f"{id}==", "host_id": "host", "topic": topic, "type": kind, "id": id}
        _put(store, "webinar", str(id), "host", start_time=_z(days * 1440), **named)
    for person in ("anna", "ben", "cleo", "dora", "emil"):
        _registrant(store, TALK, person)
    _registrant(store, TALK, "finn", "pending")
    _registrant(store, SERIES, "anna")
    for uuid, id, days in (("/talk==", TALK, 0), ("s1==", SERIES, 0), ("s2==", SERIES, 7)):
        times = {"start_time": _z(days * 1440), "end_time": _z(days * 1440 + 70)}
        _put(store, "instance", uuid, "host", uuid=uuid, id=id, topic="Talk", **times)
    # Anna on two devices at once, then again; the waiting room is no attendance.
    _stay(store, "/talk==", "1", -20, -5, registrant_id="anna", status="in_waiting_room")
    _stay(store, "/talk==", "1", 0, 30, registrant_id="anna")
    _stay(store, "/talk==", "2", 10, 40, registrant_id="anna")
    _stay(store, "/talk==", "3", 50, 60, user_email="ANNA@example.org")
    _stay(store, "/talk==", "4", 5, 70, user_email="ben@example.org")
    _stay(store, "/talk==", "5", 0, 70, user_email="host@example.org")
    _stay(store, "/talk==", "6", 0, 10)
    _stay(store, "/talk==", "6", 20, 30)
    _stay(store, "s2==", "1", 7 * 1440 + 3, 7 * 1440 + 9, registrant_id="anna")


def _registrant(store: RecordStore, webinar: int, name: str, status: str = "approved") -> None:
    person = {"id": name, "email": f"{name}@example.org", "first_name": name.title()}
    person |= {"last_name": "Example", "status": status, "create_time": _z(-1440)}
    _put(store, "registrant", f"{webinar}-{name}", str(webinar), **person)


def _stay(store: RecordStore, uuid: str, user: str, joined: int, left: int, **more: Any) -> None:
    times = {"join_time": _z(joined), "leave_time": _z(left), "duration": (left - joined) * 60}
    _put(store, "participant", f"{uuid}{user}{joined}", uuid, user_id=user, **times, **more)


def _put(store: RecordStore, entity: str, key: str, parent: str, /, **body: Any) -> None:
    sort = store.count("zoom", entity)
    store.put(Record("zoom", entity, key, body, sort, 0.0, 0.0, parent or None))


def _z(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def _at(minutes: int) -> datetime:
    return (START + timedelta(minutes=minutes)).replace(tzinfo=None)


PEOPLE = [(TALK, name) for name in ("anna", "ben", "cleo", "dora", "emil")] + [(SERIES, "anna")]
CAME = {(TALK, "anna"): 0, (TALK, "ben"): 5, (SERIES, "anna"): 7 * 1440 + 3}

EXPECTED: dict[str, list[dict[str, Any]]] = {
    "events": [
        {
            "source_event_id": str(id),
            "event_name": name,
            "event_kind": "webinar",
            "modality": "online",
            "starts_at": _at(starts),
            "ends_at": _at(ends),
            "has_capture": held,
        }
        for id, name, starts, ends, held in (
            (TALK, "Talk", 0, 70, True),
            (SERIES, "Series", 0, 7 * 1440 + 70, True),
            (COMING, "Coming", 20 * 1440, 20 * 1440 + 60, False),
        )
    ],
    "people": [
        {
            "source_record_id": f"{webinar}-{name}",
            "record_kind": "attendee",
            "first_name": name.title(),
            "email_key": f"{name}@example.org",
        }
        for webinar, name in PEOPLE
    ],
    "registrations": [
        {
            "source_registration_id": f"{webinar}-{name}",
            "source_event_id": str(webinar),
            "source_record_id": f"{webinar}-{name}",
            "registered_at": _at(-1440),
            "status": "cancelled" if name in ("dora", "emil") else "registered",
            "cancelled_at is not null": name in ("dora", "emil"),
            "checked_in_at": _at(CAME[webinar, name]) if (webinar, name) in CAME else None,
        }
        for webinar, name in PEOPLE
    ],
}

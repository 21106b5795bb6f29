"""pretix's series and products, read from its fake; single events are the sandbox's too.

A registration belongs to its date, and what is no ticket is no registration.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
SECRET = {"api_token": "sandbox-pretix-token"}
TICKET, SHIRT = 1, 2


def _put(store: RecordStore, entity: str, id: str, sort: int, event: str, body: Any) -> None:
    store.put(Record("pretix", entity, id, body, sort, 0.0, 0.0, event))


def _shop(store: RecordStore) -> None:
    known = {"currency": "EUR", "live": True, "testmode": False, "meta_data": {"kind": "course"}}
    at = {"date_from": "2026-06-01T18:00:00+02:00", "date_to": None}
    for number, (slug, series) in enumerate((("course", True), ("gala", False)), start=1):
        event = {"slug": slug, "name": {"en": slug.title()}, **known, **at}
        store.put(
            Record("pretix", "event", slug, {**event, "has_subevents": series}, number, 0.0, 0.0)
        )
    for id, day, more in ((11, "08", {"meta_data": {"kind": "talk"}}), (12, "15", {})):
        begins = f"2026-06-{day}T18:00:00+02:00"
        end = {"date_to": f"2026-06-{day}T20:00:00+02:00"} if id == 11 else {}
        evening = {"id": id, "event": "course", "name": {"en": f"Evening {id}"}, **end, **more}
        dates = {"date_from": begins, "last_modified": "2026-05-01T00:00:00Z"}
        _put(store, "subevent", str(id), id, "course", {**evening, **dates})
    for id, name in ((TICKET, "Ticket"), (SHIRT, "Shirt")):
        item = {"id": id, "name": {"en": name}, "admission": id == TICKET}
        _put(store, "item", str(id), id, "course", item)


def _orders(store: RecordStore) -> None:
    orders = (
        ("A1", "course", ((1, 11, TICKET), (2, 12, TICKET), (3, 11, SHIRT))),
        ("B1", "course", ((4, None, TICKET),)),
        ("C1", "gala", ((5, None, 9),)),
    )
    made = {"datetime": "2026-05-02T10:00:00Z", "last_modified": "2026-05-02T10:00:00Z"}
    for number, (code, event, bought) in enumerate(orders, start=1):
        positions = [
            {"id": id, "positionid": at, "price": "30.00", "subevent": date, "item": item}
            for at, (id, date, item) in enumerate(bought, start=1)
        ]
        order = {"code": code, "event": event, "status": "p", "email": "anna@example.org"}
        lists = {"positions": positions, "payments": [], "refunds": []}
        body = {**order, **made, **lists, "testmode": False}
        _put(store, "order", code, number, event, body)
    at = {"created": "2026-06-08T16:05:00Z", "datetime": "2026-06-08T16:05:00Z"}
    scan = {"id": 1, "position": 1, "list": 1, "type": "entry", "successful": True}
    _put(store, "checkin", "1", 1, "course", {**scan, **at})


def load(raw: Path, folder: Path) -> None:
    """Read the shop above through the connector."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "pretix.sqlite")
    store.set_now(NOW)
    _shop(store)
    _orders(store)
    with FakeServer(PretixFake(store)) as server:
        shop = {"base_url": server.url, "organizer": "example"}
        read_source("pretix", {**shop, **SECRET}, raw, folder)
    store.close()


def _at(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    """Naive UTC, as the warehouse holds it."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


_BOOKED = _at(2, 10, month=5)

EXPECTED: dict[str, list[dict[str, Any]]] = {
    "events": _rows(
        "source_event_id event_name event_kind starts_at ends_at has_capture currency_code",
        ("course/11", "Evening 11", "talk", _at(8, 16), _at(8, 18), True, "EUR"),
        ("course/12", "Evening 12", "course", _at(15, 16), _at(15, 16), False, "EUR"),
        ("gala", "Gala", "course", _at(1, 16), _at(1, 16), False, "EUR"),
    ),
    "registrations": _rows(
        "source_registration_id source_event_id source_record_id registered_at status"
        " checked_in_at price_minor",
        ("1", "course/11", "A1-1", _BOOKED, "registered", _at(8, 16, 5), 3000),
        ("2", "course/12", "A1-2", _BOOKED, "registered", None, 3000),
        ("5", "gala", "C1-1", _BOOKED, "registered", None, 3000),
    ),
}

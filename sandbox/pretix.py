"""Writes registrations as pretix events, orders and check-ins (REST API v1 record shapes).

Data flow: Life, now -> Record("pretix", order | checkin); Scale, now -> Record("pretix", event).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.testing.store import Record
from sandbox.events import Event, Registration, calendar, order_code
from sandbox.life import Life
from sandbox.people import person
from sandbox.scale import Scale, local_day, position, zulu


@dataclass(frozen=True)
class Attendee:
    """What the attendee's part of an order says about a person."""

    first: str | None
    last: str | None
    email: str | None
    member_number: str | None
    key: int


def pretix_records(life: Life, now: datetime) -> Iterator[Record]:
    """The orders this person placed and the check-ins of their own places."""
    for one in life.registrations:
        if one.ordered > now:
            continue
        if one.position == 1:
            yield order(life, one, now)
        yield from _checkins(life, one, now)


def order(life: Life, one: Registration, now: datetime) -> Record:
    """One order as it stood at `now`; a refund leaves `last_modified` alone, as in pretix."""
    who, event = life.person, one.event
    paid = _paid_at(one)
    status, changed = "n", one.ordered
    if paid <= now and one.fate != "expire":
        status, changed = "p", paid
    cancelled = None
    if one.changed and one.changed <= now:
        changed = one.changed
        status = "c" if one.fate == "cancel" else "e"
        cancelled = one.changed if one.fate == "cancel" else None
    total = event.price_minor * max(len(one.group), 1)
    email = life.traits.ticket_email
    phone = who.phone if life.traits.gives_phone and not one.group else None
    body: dict[str, Any] = {
        "code": one.code,
        "event": event.slug,
        "status": status,
        "testmode": False,
        "email": email,
        "phone": phone,
        "locale": "de",
        "datetime": zulu(one.ordered),
        "expires": zulu(one.ordered + timedelta(days=14)),
        "total": _money(total),
        "customer": None,
        "last_modified": zulu(changed),
        "cancellation_date": zulu(cancelled) if cancelled else None,
        "positions": [
            _position(one, place, attendee)
            for place, attendee in enumerate(_attendees(life, one), 1)
        ],
        "payments": [],
        "refunds": [],
    }
    if total and one.fate != "expire" and paid <= now:
        body["payments"] = [_payment(one, total, paid)]
        if one.refunded and one.refunded <= now:
            body["refunds"] = [_refund(one, total, one.refunded)]
    created = one.ordered.timestamp()
    sort = position(one.ordered, who.index, one.event.number % 64)
    return Record("pretix", "order", one.code, body, sort, created, changed.timestamp(), event.slug)


def attendee_of(life: Life, one: Registration) -> Attendee:
    """How this person appears in this registration."""
    who, traits = life.person, life.traits
    names = traits.ticket_names
    first, last = names[1] if len(names) > 1 and one.event.number % 3 == 0 else names[0]
    joined = life.story.joined
    numbered = traits.gives_number and joined is not None and joined < local_day(one.ordered)
    nameless = one.event.number % 25 == 1 and not one.group and not who.shares_email
    written = traits.ticket_email
    if not one.group and who.index % 3 == 0:
        written = None  # the order's own address stands for it
    elif written and who.index % 11 == 4:
        written = written.title()
    return Attendee(
        first=None if nameless else first,
        last=None if nameless else last,
        email=written,
        member_number=who.member_number if numbered else None,
        key=one.position_key,
    )


def place_of(life: Life, one: Registration) -> Attendee:
    """This person's place in an order, whoever booked it."""
    return (
        attendee_of(life, one) if one.position == 1 else _guest(life.scale, one, one.position - 1)
    )


def _attendees(life: Life, one: Registration) -> list[Attendee]:
    """The buyer, then the guests of a group order."""
    guests = [_guest(life.scale, one, place) for place in range(1, len(one.group))]
    return [attendee_of(life, one), *guests]


def _guest(scale: Scale, one: Registration, place: int) -> Attendee:
    """A guest is entered by the buyer, under the true name and address."""
    guest = person(scale, one.group[place])
    key = scale.ordinal(one.ordered.date(), guest.index, one.position_key % 64)
    return Attendee(guest.first, guest.last, guest.email, None, key)


def _position(one: Registration, place: int, attendee: Attendee) -> dict[str, Any]:
    named = attendee.first is not None or attendee.last is not None
    answers = []
    if attendee.member_number:
        answers = [{"question_identifier": "MEMBERNO", "answer": attendee.member_number}]
    return {
        "id": attendee.key,
        "order": one.code,
        "positionid": place,
        "item": 100 + one.event.number,
        "price": _money(one.event.price_minor),
        "attendee_name": f"{attendee.first} {attendee.last}" if named else None,
        "attendee_name_parts": {"given_name": attendee.first, "family_name": attendee.last}
        if named
        else {},
        "attendee_email": attendee.email,
        "canceled": False,
        "answers": answers,
        "company": None,
    }


def _paid_at(one: Registration) -> datetime:
    wait = timedelta(minutes=5) if one.by_card or one.fate == "walk_in" else timedelta(hours=30)
    return one.ordered + (wait if one.event.price_minor else timedelta(seconds=1))


def _provider(one: Registration) -> str:
    """Who took the money, by pretix's own identifiers; at the door it is the box office."""
    if one.fate == "walk_in":
        return "boxoffice"
    return "stripe" if one.by_card else "banktransfer"


def _payment(one: Registration, total: int, paid: datetime) -> dict[str, Any]:
    return {
        "local_id": 1,
        "state": "confirmed",
        "amount": _money(total),
        "created": zulu(one.ordered),
        "payment_date": zulu(paid),
        "provider": _provider(one),
    }


def _refund(one: Registration, total: int, refunded: datetime) -> dict[str, Any]:
    return {
        "local_id": 1,
        "state": "done",
        "amount": _money(total),
        "created": zulu(refunded),
        "execution_date": zulu(refunded),
        "payment": 1,
        "provider": _provider(one),
        "source": "admin",
    }


def _checkins(life: Life, one: Registration, now: datetime) -> Iterator[Record]:
    """Scans of the place: now and then a refused one first, sometimes an exit."""
    if one.checked_in is None or one.scan_known is None:
        return
    delay = one.scan_known - one.checked_in
    scans: list[tuple[datetime, str, bool, str | None]] = [(one.checked_in, "entry", True, None)]
    if one.position_key % 31 == 0:
        refused = one.checked_in - timedelta(minutes=3)
        scans.append((refused, "entry", False, "unpaid"))
    if one.position_key % 9 == 0:
        scans.append((one.event.ends, "exit", True, None))
    for slot, (at, kind, successful, reason) in enumerate(scans):
        created = max(at + delay, at)
        if created > now:
            continue
        key = one.position_key * 4 + slot
        body = {
            "id": key,
            "event": one.event.slug,
            "position": one.position_key,
            "list": one.event.number + 1,
            "datetime": zulu(at),
            "created": zulu(created),
            "type": kind,
            "successful": successful,
            "error_reason": reason,
        }
        moment = created.timestamp()
        sort = position(created, life.person.index, slot)
        yield Record("pretix", "checkin", str(key), body, sort, moment, moment, one.event.slug)


def event_records(scale: Scale, now: datetime) -> Iterator[Record]:
    """All announced events, and one test order in each."""
    for event in calendar(scale):
        if event.announced > now:
            continue
        body = {
            "slug": event.slug,
            "name": {"en": f"{event.kind.title()} {event.number}"},
            "live": True,
            "testmode": event.is_test,
            "currency": "EUR",
            "date_from": zulu(event.begins),
            "date_to": zulu(event.ends),
            "location": None if event.modality == "online" else {"en": "Example Hall"},
            "is_public": True,
            "has_subevents": False,
            "meta_data": {
                "kind": event.kind,
                "modality": event.modality,
                "capture": "yes" if event.captures else "no",
            },
        }
        moment = event.announced.timestamp()
        sort = event.number + 1
        yield Record("pretix", "event", event.slug, body, sort, moment, moment)
        yield _test_order(scale, event)


def _test_order(scale: Scale, event: Event) -> Record:
    """A shop test by the organisers; nobody's registration."""
    index, at = scale.cap - 1, event.announced
    attendee = Attendee("Test", "Tester", "test@example.org", None, 0)
    one = Registration(
        event=event,
        code=order_code(index * 16 + event.number, 0),
        position=1,
        position_key=scale.ordinal(at.date(), index, event.number % 16),
        ordered=at,
        fate="attend",
        changed=None,
        refunded=None,
        checked_in=None,
        scan_known=None,
        by_card=False,
    )
    body = {
        "code": one.code,
        "event": event.slug,
        "status": "p",
        "testmode": True,
        "email": attendee.email,
        "phone": None,
        "locale": "de",
        "datetime": zulu(at),
        "expires": zulu(at + timedelta(days=14)),
        "total": _money(event.price_minor),
        "customer": None,
        "last_modified": zulu(at),
        "cancellation_date": None,
        "positions": [_position(one, 1, attendee) | {"id": one.position_key}],
        "payments": [],
        "refunds": [],
    }
    moment = at.timestamp()
    sort = position(at, index)
    return Record("pretix", "order", one.code, body, sort, moment, moment, event.slug)


def _money(minor: int) -> str:
    return f"{minor / 100:.2f}"

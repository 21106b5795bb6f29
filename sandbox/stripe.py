"""Writes bills as Stripe customers, invoices, charges, refunds, disputes and the event feed.

Data flow: Life, now -> Record("stripe", ...). Amounts are minor units, times unix seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.testing.store import Record
from sandbox.finance import Attempt, Bill
from sandbox.life import Life
from sandbox.scale import local_day, position, unix

EVENT_WINDOW = timedelta(days=30)  # Stripe keeps its events for thirty days
Body = dict[str, Any]


@dataclass(frozen=True)
class _Happening:
    """A moment at which an object changed, told as an event of `type`; most are too old to tell."""

    at: datetime
    type: str
    body: Callable[[], Body]


def stripe_records(life: Life, now: datetime) -> Iterator[Record]:
    """Everything Stripe holds of this person at `now`."""
    if not life.bills or life.bills[0].issued > now:
        return
    happenings: list[_Happening] = []
    yield from _customers(life, now, happenings)
    for bill in life.bills:
        if bill.issued <= now:
            yield from _bill(life, bill, now, happenings)
    for number, one in enumerate(happenings):
        if now - EVENT_WINDOW <= one.at <= now:
            told = one.body()
            key = _key(life, "evt", one.type, told["id"], unix(one.at))
            body = {
                "id": key,
                "type": one.type,
                "created": unix(one.at),
                "data": {"object": told},
            }
            yield _record(life, "event", body, one.at, one.at, number)


def customer_created(life: Life) -> datetime:
    return life.bills[0].issued - timedelta(minutes=2)


def _record(
    life: Life, entity: str, body: Body, created: datetime, updated: datetime, slot: int
) -> Record:
    moments = (created.timestamp(), updated.timestamp())
    sort = position(created, life.person.index, slot)
    return Record("stripe", entity, str(body["id"]), body, sort, *moments)


def _key(life: Life, prefix: str, *parts: object) -> str:
    text = ":".join(map(str, (life.scale.seed, life.person.index, prefix, *parts)))
    return f"{prefix}_{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:16]}"


def _customers(life: Life, now: datetime, happenings: list[_Happening]) -> Iterator[Record]:
    """The customer, whose address is corrected a day after the person moved to another one; for a
    few a second one, created by mistake and deleted later."""
    created = customer_created(life)
    before = _customer_body(life, "a", None)
    happenings.append(_Happening(created, "customer.created", lambda: before))
    updated, body = created, before
    moved = life.traits.new_email
    if moved and moved[0] > created and _link(life) == "contact":
        changed = moved[0] + timedelta(days=1)
        after = _customer_body(life, "a", moved[1])
        happenings.append(_Happening(changed, "customer.updated", lambda: after))
        if changed <= now:
            updated, body = changed, after
    yield _record(life, "customer", body, created, updated, 0)
    if life.person.index % 200 == 5 and life.person.email:
        again = created + timedelta(days=1)
        deleted = again + timedelta(days=40)
        twin = _customer_body(life, "b", None) | {"created": unix(again)}
        happenings.append(_Happening(again, "customer.created", lambda: twin))
        gone = twin | {"deleted": True}
        happenings.append(_Happening(deleted, "customer.deleted", lambda: gone))
        if again <= now < deleted:
            yield _record(life, "customer", twin, again, again, 1)


def _link(life: Life) -> str:
    """How the customer is tied to the membership system: contact, number or only by e-mail."""
    link = life.traits.customer_link
    created = life.traits.contact_created
    if life.person.email is None and created is not None:
        return "contact"
    joined = life.story.joined
    if created is None or created > customer_created(life) + timedelta(days=1):
        return "email"
    if link == "number" and (joined is None or joined > local_day(customer_created(life))):
        return "contact"
    return link


def _customer_body(life: Life, which: str, email: str | None) -> Body:
    who, link = life.person, _link(life)
    metadata = {}
    if link == "contact":
        metadata["civicrm_contact_id"] = str(who.contact_id)
    if link in ("contact", "number") and life.story.joined:
        metadata["member_number"] = who.member_number
    address = email or who.email
    return {
        "id": _key(life, "cus", which),
        "name": f"{who.first} {who.last}" if life.traits.customer_named else None,
        "email": address.title() if address and who.index % 17 == 3 else address,
        "phone": None,
        "created": unix(customer_created(life)),
        "metadata": metadata,
        "deleted": False,
    }


def _bill(life: Life, bill: Bill, now: datetime, happenings: list[_Happening]) -> Iterator[Record]:
    slot = bill.slot
    moments = [bill.issued, bill.paid, None if bill.paid else bill.void]
    known = [moment for moment in moments if moment is not None]
    for moment, kind in ((bill.issued, "invoice.finalized"), (bill.paid, "invoice.paid")):
        if moment:
            happenings.append(_Happening(moment, kind, partial(_invoice, life, bill, moment)))
    if bill.void and not bill.paid:
        told = partial(_invoice, life, bill, bill.void)
        happenings.append(_Happening(bill.void, "invoice.voided", told))
    updated = max(moment for moment in known if moment <= now)
    yield _record(life, "invoice", _invoice(life, bill, now), bill.issued, updated, slot)
    for number, attempt in enumerate(bill.attempts):
        if attempt.at <= now:
            yield from _attempt(life, bill, attempt, number, now, happenings)
        if not attempt.succeeded:
            failed = partial(_invoice, life, bill, attempt.at)
            happenings.append(_Happening(attempt.at, "invoice.payment_failed", failed))


def _invoice(life: Life, bill: Bill, now: datetime) -> Body:
    paid = bill.paid if bill.paid and bill.paid <= now else None
    void = bill.void if bill.void and not bill.paid and bill.void <= now else None
    total = bill.amount_minor
    metadata = {"purpose": bill.purpose}
    if bill.membership is not None:
        metadata["membership_id"] = str(life.person.membership_id(bill.membership))
    return {
        "id": _key(life, "in", bill.slot),
        "customer": _key(life, "cus", "a"),
        "number": f"EX-{life.person.index:06d}-{bill.slot:04d}",
        "status": "paid" if paid else "void" if void else "open",
        "currency": "eur",
        "total": total,
        "amount_paid": total if paid else 0,
        "amount_remaining": 0 if paid else total,
        "created": unix(bill.issued),
        "due_date": unix(bill.due),
        "status_transitions": {
            "finalized_at": unix(bill.issued),
            "paid_at": unix(paid) if paid else None,
            "voided_at": unix(void) if void else None,
            "marked_uncollectible_at": None,
        },
        "metadata": metadata,
        "billing_reason": "manual",
        "lines": [{"amount": total, "description": bill.purpose}],
    }


def _attempt(
    life: Life,
    bill: Bill,
    attempt: Attempt,
    number: int,
    now: datetime,
    happenings: list[_Happening],
) -> Iterator[Record]:
    """One charge with what followed it."""
    slot = (bill.slot * 3 + number) % 64
    parts = (bill.slot, number)

    def body(at: datetime) -> Body:
        return _charge(life, bill, attempt, parts, at)

    kind = "charge.succeeded" if attempt.succeeded else "charge.failed"
    steps = [(attempt.at, kind), (attempt.refunded, "charge.refunded")]
    steps.append((attempt.disputed, "charge.updated"))
    past = [(at, name) for at, name in steps if at is not None and at <= now]
    happenings += [_Happening(at, name, partial(body, at)) for at, name in past]
    yield _record(life, "charge", body(now), attempt.at, max(at for at, _ in past), slot)
    charge = _key(life, "ch", *parts)
    common = {"charge": charge, "amount": bill.amount_minor, "currency": "eur"}
    if attempt.refunded and attempt.refunded <= now:
        refund = {
            "id": _key(life, "re", *parts),
            **common,
            "created": unix(attempt.refunded),
            "status": "succeeded",
            "reason": "requested_by_customer",
        }
        yield _record(life, "refund", refund, attempt.refunded, attempt.refunded, slot)
    if attempt.disputed and attempt.disputed <= now:
        opened = {
            "id": _key(life, "dp", *parts),
            **common,
            "created": unix(attempt.disputed),
            "status": "needs_response",
            "reason": "unrecognized",
        }
        happenings.append(_Happening(attempt.disputed, "charge.dispute.created", lambda: opened))
        closed = opened | {"status": "won" if attempt.dispute_won else "lost"}
        ended = attempt.dispute_closed
        is_closed = ended is not None and ended <= now
        if ended is not None and is_closed:
            happenings.append(_Happening(ended, "charge.dispute.closed", lambda: closed))
        updated = ended if ended is not None and is_closed else attempt.disputed
        dispute = closed if is_closed else opened
        yield _record(life, "dispute", dispute, attempt.disputed, updated, slot)


def _charge(
    life: Life, bill: Bill, attempt: Attempt, parts: tuple[int, int], now: datetime
) -> Body:
    is_refunded = attempt.refunded is not None and attempt.refunded <= now
    return {
        "id": _key(life, "ch", *parts),
        "customer": _key(life, "cus", "a"),
        "invoice": _key(life, "in", bill.slot),
        "payment_intent": _key(life, "pi", *parts),
        "amount": bill.amount_minor,
        "amount_refunded": bill.amount_minor if is_refunded else 0,
        "currency": "eur",
        "created": unix(attempt.at),
        "status": "succeeded" if attempt.succeeded else "failed",
        "paid": attempt.succeeded,
        "refunded": is_refunded,
        "disputed": attempt.disputed is not None and attempt.disputed <= now,
        "failure_code": None if attempt.succeeded else "card_declined",
    }

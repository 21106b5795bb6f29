"""Completes stored Eventbrite records to what the API returns.

Data flow: record body of the store -> complete_* -> JSON of the API.

The store holds the fields that matter here; what else the API sends (answers, addresses, barcodes,
descriptions) is added, because a connector must leave it out by itself. Shapes are those of the
OpenAPI description named in eventbrite.py and of the examples on Eventbrite's documentation pages.
"""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

_NO_DECIMALS = frozenset({"JPY", "KRW", "CLP", "VND"})
_COSTS = ("base_price", "gross", "eventbrite_fee", "payment_fee", "tax")
_API = "https://www.eventbriteapi.com/v3"


def money(value: int, currency: str) -> Body:
    """An amount as the API writes it, from minor units."""
    digits = 0 if currency in _NO_DECIMALS else 2
    major = f"{value / 10**digits:.{digits}f}"
    return {
        "currency": currency,
        "value": value,
        "major_value": major,
        "display": f"{major} {currency}",
    }


def when(utc: str, timezone: str = "Europe/Berlin") -> Body:
    """A start or end as the API writes it; `local` is not worked out, nothing reads it."""
    return {"timezone": timezone, "utc": utc, "local": utc.rstrip("Z")}


def complete_event(body: Body) -> Body:
    name = body.get("name") or ""
    return {
        "currency": "EUR",
        "online_event": False,
        "listed": True,
        "shareable": True,
        "invite_only": False,
        "is_series": False,
        "capacity": 100,
        "summary": "A summary nobody needs",
        "description": {"text": "A description nobody needs", "html": "<p>A description</p>"},
        "password": "event-password",
        "url": f"https://www.eventbrite.com/e/{body['id']}",
        "resource_uri": f"{_API}/events/{body['id']}/",
        **body,
        "name": {"text": name, "html": name} if isinstance(name, str) else name,
    }


def complete_order(body: Body) -> Body:
    return {
        "time_remaining": None,
        "resource_uri": f"{_API}/orders/{body['id']}/",
        **body,
        "costs": _costs(body.get("costs") or {}),
    }


def complete_attendee(body: Body) -> Body:
    scan = {"status": "unused", "created": body.get("created"), "changed": body.get("created")}
    code = {"barcode": f"{body.get('order_id')}{body['id']}001", "is_printed": False}
    return {
        "quantity": 1,
        "variant_id": None,
        "affiliate": None,
        "guestlist_id": None,
        "invited_by": None,
        "delivery_method": "electronic",
        "team": None,
        "checked_in": False,
        "cancelled": False,
        "refunded": False,
        "status": "Attending",
        "resource_uri": f"{_API}/events/{body.get('event_id')}/attendees/{body['id']}/",
        "answers": [{"question": "Diet", "answer": "An answer nobody needs", "type": "text"}],
        **body,
        "costs": _costs(body.get("costs") or {}),
        "profile": {
            "addresses": {"home": {"address_1": "Example Street 1", "city": "Exampletown"}},
            "birth_date": "1980-01-01",
            **(body.get("profile") or {}),
        },
        "barcodes": [
            {**code, "checkin_type": 0, **scan, **one} for one in body.get("barcodes") or [{}]
        ],
    }


def _costs(given: Body) -> Body:
    """The breakdown, with nothing where the record names no amount."""
    currency = next((part["currency"] for part in given.values()), "EUR")
    return {**{name: money(0, currency) for name in _COSTS}, **given}

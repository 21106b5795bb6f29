"""GoCardless's objects as its API gives them, and the changes that write its event log.

Data flow: record body -> complete() -> JSON object of the API;
           act(store, "payment", id, "confirmed") -> the payment's new status + one event EV...

Fields, statuses and actions: the API reference and the client libraries generated from its schema
(gocardless-pro-java, -go on GitHub). An event holds no copy of its object. Amounts are integers in
minor units, times ISO 8601 UTC with milliseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.testing.store import Record, RecordStore

Body = dict[str, Any]
RESOURCES = ("customer", "mandate", "payment", "refund", "subscription", "payout", "event")

# Action of an event -> the status its object has afterwards; other actions leave it alone.
_STATUS: dict[str, dict[str, str]] = {
    "mandate": {
        **{status: status for status in ("submitted", "active", "cancelled", "failed", "expired")},
        "created": "pending_submission",
        "reinstated": "active",
    },
    "payment": {
        **{status: status for status in ("submitted", "confirmed", "paid_out", "cancelled")},
        **{status: status for status in ("failed", "charged_back", "customer_approval_denied")},
        "created": "pending_submission",
        "resubmission_requested": "pending_submission",
        "chargeback_cancelled": "paid_out",
    },
    "refund": {
        **{status: status for status in ("submitted", "paid", "bounced", "funds_returned")},
        "created": "created",
        "failed": "bounced",
    },
    "subscription": {
        **{status: status for status in ("finished", "cancelled", "paused")},
        "created": "active",
        "resumed": "active",
        "customer_approval_denied": "customer_approval_denied",
    },
    "payout": {"created": "pending", "paid": "paid"},
}
_DEFAULTS: dict[str, Body] = {
    "customer": {
        **dict.fromkeys(("email", "given_name", "family_name", "company_name", "phone_number")),
        **dict.fromkeys(("address_line1", "address_line2", "address_line3", "city", "region")),
        **dict.fromkeys(("postal_code", "country_code")),
        **dict.fromkeys(("danish_identity_number", "swedish_identity_number")),
        "language": "en",
        "metadata": {},
    },
    "mandate": {
        **dict.fromkeys(("next_possible_charge_date", "consent_type", "verified_at")),
        "reference": None,
        "status": "pending_submission",
        "scheme": "sepa_core",
        "payments_require_approval": False,
        "metadata": {},
    },
    "payment": {
        **dict.fromkeys(("charge_date", "description", "reference")),
        "amount_refunded": 0,
        "currency": "EUR",
        "status": "pending_submission",
        "retry_if_possible": False,
        "fx": {"fx_currency": "EUR", "fx_amount": None, "exchange_rate": None},
        "metadata": {},
    },
    "refund": {"currency": "EUR", "status": "created", "reference": None, "metadata": {}},
    "subscription": {
        **dict.fromkeys(("name", "start_date", "end_date", "count", "month", "day_of_month")),
        "currency": "EUR",
        "status": "active",
        "interval": 1,
        "interval_unit": "yearly",
        "upcoming_payments": [],
        "metadata": {},
    },
    "payout": {
        "currency": "EUR",
        "status": "pending",
        "payout_type": "merchant",
        "deducted_fees": 0,
        "arrival_date": None,
        "reference": None,
    },
    "event": {"metadata": {}},
}
_LINKS: dict[str, Body] = {
    "mandate": {"creditor": "CR000001", "customer_bank_account": "BA000001"},
    "payment": {"creditor": "CR000001"},
    "payout": {"creditor": "CR000001", "creditor_bank_account": "BA000009"},
}


def complete(kind: str, body: Body) -> Body:
    """The API object: the stored fields over the neutral ones of its resource."""
    made = {**_DEFAULTS[kind], **body}
    if kind != "customer":
        made["links"] = {**_LINKS.get(kind, {}), **(body.get("links") or {})}
    return made


def text(moment: datetime) -> str:
    """A moment as the API writes it: 2026-06-30T12:00:00.000Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def save(store: RecordStore, entity: str, id: str, body: Body) -> Body:
    """Create the object at the store's time, or change its fields; no event is written."""
    known = store.get("gocardless", entity, id)
    now = store.now()
    full = {"id": id, "created_at": text(now), **(known.body if known else {}), **body}
    sort = known.sort if known else 1 + store.count("gocardless", entity)
    seconds = now.timestamp()
    store.put(Record("gocardless", entity, id, full, sort, seconds, seconds))
    return full


def act(store: RecordStore, entity: str, id: str, action: str, **details: Any) -> str:
    """What happens to an object: its status follows the action, and the event is written.

    `details` go into the event (cause, reason_code, will_attempt_retry ...). Returns its id.
    """
    status = _STATUS[entity].get(action)
    save(store, entity, id, {"status": status} if status else {})
    number = 1 + store.count("gocardless", "event")
    event = {
        "resource_type": f"{entity}s",
        "action": action,
        "details": {
            "origin": "bank" if entity == "payment" else "gocardless",
            "cause": f"{entity}_{action}",
            "description": f"The {entity} was {action}.",
            **details,
        },
        "links": {entity: id},
        "source": {"name": "GoCardless", "type": "app"},
    }
    return str(save(store, "event", f"EV{number:06d}", event)["id"])

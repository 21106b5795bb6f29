"""Completes stored Stripe records to valid API objects.

Data flow: record body of the store -> complete(kind, body) -> JSON object of the API.

The store holds the fields that matter here; required fields of Stripe's OpenAPI description (API
version 2023-08-16) are added with neutral values. Amounts are integers in minor units, times unix
seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

API_VERSION = "2023-08-16"
Body = dict[str, Any]

# id prefix -> object name; an event's `data.object` says what it is by its id.
PREFIXES = {
    "cus": "customer",
    "sub": "subscription",
    "in": "invoice",
    "ch": "charge",
    "re": "refund",
    "dp": "dispute",
}


def complete(kind: str, body: Body) -> Body:
    """The API object of this kind, one of _COMPLETERS."""
    return _COMPLETERS[kind](body)


def _list(url: str, rows: list[Body]) -> Body:
    return {"object": "list", "data": rows, "has_more": False, "url": url}


def _customer(body: Body) -> Body:
    return {
        "object": "customer",
        "address": None,
        "balance": 0,
        "currency": "eur",
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": str(body["id"])[-8:].upper(),
        "livemode": False,
        "metadata": {},
        "name": None,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    } | {key: value for key, value in body.items() if key != "deleted"}


def _subscription(body: Body) -> Body:
    made = {
        "object": "subscription",
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": body["created"],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "currency": "eur",
        "current_period_end": body["created"] + 365 * 86_400,
        "current_period_start": body["created"],
        "ended_at": None,
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "start_date": body["created"],
        "status": "active",
        "trial_end": None,
    } | body
    items = body.get("items") or []
    rows = items["data"] if isinstance(items, dict) else items
    address = f"/v1/subscription_items?subscription={body['id']}"
    data = [_item(item, number, made) for number, item in enumerate(rows, start=1)]
    made["items"] = items if isinstance(items, dict) else _list(address, data)
    return made


def _item(body: Body, number: int, subscription: Body) -> Body:
    """An item; its price is given as `unit_amount` (minor units) in the subscription's currency."""
    price = {
        "id": f"price_{subscription['id']}_{number}",
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": subscription["created"],
        "currency": subscription["currency"],
        "livemode": False,
        "metadata": {},
        "product": "prod_1",
        "type": "recurring",
        "unit_amount": body.get("unit_amount"),
    }
    return {
        "id": f"si_{subscription['id']}_{number}",
        "object": "subscription_item",
        "created": subscription["created"],
        "metadata": {},
        "price": price,
        "quantity": 1,
        "subscription": subscription["id"],
    }


def _invoice(body: Body) -> Body:
    total = body.get("total", 0)
    paid = body.get("status") == "paid"
    invoice = {
        "object": "invoice",
        "amount_due": total,
        "amount_paid": total if paid else 0,
        "amount_remaining": 0 if paid else total,
        "amount_shipping": 0,
        "attempt_count": 1 if paid else 0,
        "attempted": paid,
        "automatic_tax": {"enabled": False, "status": None},
        "billing_reason": "manual",
        "charge": None,
        "collection_method": "send_invoice",
        "currency": "eur",
        "customer": None,
        "default_tax_rates": [],
        "description": None,
        "due_date": None,
        "livemode": False,
        "metadata": {},
        "number": None,
        "paid": paid,
        "paid_out_of_band": False,
        "payment_intent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": body["created"],
        "period_start": body["created"],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status_transitions": {},
        "subscription": None,
        "subtotal": total,
        "total": total,
        "total_tax_amounts": [],
    } | body
    invoice["status_transitions"] = {
        "finalized_at": None,
        "marked_uncollectible_at": None,
        "paid_at": None,
        "voided_at": None,
    } | (body.get("status_transitions") or {})
    lines = body.get("lines") or []
    rows = lines["data"] if isinstance(lines, dict) else lines
    invoice["lines"] = _list(
        f"/v1/invoices/{body['id']}/lines",
        [_line(line, number, invoice) for number, line in enumerate(rows, start=1)],
    )
    return invoice


def _line(body: Body, number: int, invoice: Body) -> Body:
    return {
        "id": f"il_{invoice['id']}_{number}",
        "object": "line_item",
        "amount": invoice["total"],
        "currency": invoice["currency"],
        "description": None,
        "discountable": True,
        "livemode": False,
        "metadata": {},
        "period": {"start": invoice["created"], "end": invoice["created"]},
        "proration": False,
        "type": "invoiceitem",
    } | body


def _charge(body: Body) -> Body:
    succeeded = body.get("status", "succeeded") == "succeeded"
    return {
        "object": "charge",
        "amount_captured": body["amount"] if succeeded else 0,
        "amount_refunded": 0,
        "balance_transaction": None,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "captured": succeeded,
        "currency": "eur",
        "customer": None,
        "description": None,
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "paid": succeeded,
        "payment_intent": None,
        "payment_method": None,
        "refunded": False,
        "status": "succeeded",
    } | body


def _refund(body: Body) -> Body:
    return {
        "object": "refund",
        "balance_transaction": None,
        "charge": None,
        "currency": "eur",
        "metadata": {},
        "payment_intent": None,
        "reason": None,
        "receipt_number": None,
        "status": "succeeded",
    } | body


def _dispute(body: Body) -> Body:
    return {
        "object": "dispute",
        "balance_transactions": [],
        "currency": "eur",
        "evidence": {},
        "evidence_details": {
            "due_by": body["created"] + 21 * 86_400,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": None,
        "reason": "general",
        "status": "needs_response",
    } | body


def _event(body: Body) -> Body:
    inner = body["data"]["object"]
    kind = PREFIXES.get(str(inner.get("id", "")).partition("_")[0])
    event = {
        "object": "event",
        "api_version": API_VERSION,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
    } | body
    if kind is not None:
        event["data"] = body["data"] | {"object": complete(kind, inner)}
    return event


_COMPLETERS: dict[str, Callable[[Body], Body]] = {
    "customer": _customer,
    "subscription": _subscription,
    "invoice": _invoice,
    "charge": _charge,
    "refund": _refund,
    "dispute": _dispute,
    "event": _event,
}

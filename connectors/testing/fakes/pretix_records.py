"""Completes stored pretix records to what the API returns.

Data flow: record body of the store -> complete_* -> JSON of the API.

The store holds the fields that matter here; the other fields of the serializers (pretix 2026.8.0,
api/serializers/order.py and event.py) are added with neutral values, `secret` among them: a
connector must leave it out by itself.
"""

from __future__ import annotations

import hashlib
from typing import Any


def _secret(*parts: object) -> str:
    text = "/".join(str(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def complete_event(body: dict[str, Any], organizer: str) -> dict[str, Any]:
    return {
        "date_admission": None,
        "presale_start": None,
        "presale_end": None,
        "geo_lat": None,
        "geo_lon": None,
        "seating_plan": None,
        "plugins": [],
        "seat_category_mapping": {},
        "timezone": "Europe/Berlin",
        "item_meta_properties": {},
        "all_sales_channels": True,
        "limit_sales_channels": [],
        "public_url": f"https://tickets.example.org/{organizer}/{body['slug']}/",
    } | body


def complete_order(body: dict[str, Any], *, canceled_positions: bool) -> dict[str, Any]:
    code = body["code"]
    positions = [
        _position(position, code)
        for position in body.get("positions", [])
        if canceled_positions or not position.get("canceled")
    ]
    order = {
        "secret": _secret(code),
        "payment_date": None,
        "payment_provider": None,
        "fees": [],
        "tax_rounding_mode": "line",
        "comment": "",
        "custom_followup_at": None,
        "invoice_address": None,
        "downloads": [],
        "checkin_attention": False,
        "checkin_text": None,
        "require_approval": False,
        "sales_channel": "web",
        "url": f"https://tickets.example.org/example/{body.get('event')}/order/{code}/open/",
        "valid_if_pending": False,
        "api_meta": {},
        "plugin_data": {},
    } | body
    order["positions"] = positions
    order["payments"] = [
        {"payment_url": None, "details": {}} | payment for payment in body.get("payments", [])
    ]
    order["refunds"] = [
        {"comment": None, "details": {}} | refund for refund in body.get("refunds", [])
    ]
    return order


def _position(body: dict[str, Any], code: str) -> dict[str, Any]:
    return {
        "order": code,
        "variation": None,
        "street": None,
        "zipcode": None,
        "city": None,
        "country": None,
        "state": None,
        "discount": None,
        "voucher": None,
        "tax_rate": "0.00",
        "tax_value": "0.00",
        "tax_rule": None,
        "tax_code": None,
        "secret": _secret(code, body.get("positionid")),
        "addon_to": None,
        "subevent": None,
        "checkins": [],
        "print_logs": [],
        "downloads": [],
        "answers": [],
        "pseudonymization_id": _secret("pseudonym", code, body.get("positionid"))[:10].upper(),
        "seat": None,
        "canceled": False,
        "valid_from": None,
        "valid_until": None,
        "blocked": None,
        "voucher_budget_use": None,
        "plugin_data": {},
    } | body


def complete_checkin(body: dict[str, Any]) -> dict[str, Any]:
    checkin = {
        "successful": True,
        "error_reason": None,
        "error_explanation": None,
        "auto_checked_in": False,
        "gate": None,
        "device": None,
        "device_id": None,
        "type": "entry",
    } | body
    # The event is in the address; the record itself does not name it.
    checkin.pop("event", None)
    return checkin


def complete_subevent(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "active": True,
        "is_public": True,
        "date_to": None,
        "date_admission": None,
        "presale_start": None,
        "presale_end": None,
        "location": None,
        "geo_lat": None,
        "geo_lon": None,
        "frontpage_text": {"en": "Come all"},
        "seating_plan": None,
        "item_price_overrides": [],
        "variation_price_overrides": [],
        "meta_data": {},
        "seat_category_mapping": {},
        "comment": "Internal words",
    } | body


def complete_item(body: dict[str, Any]) -> dict[str, Any]:
    item = {
        "category": None,
        "internal_name": None,
        "active": True,
        "description": {"en": "Long words"},
        "default_price": "0.00",
        "tax_rate": "0.00",
        "admission": True,
        "personalized": True,
        "position": 0,
        "has_variations": bool(body.get("variations")),
        "variations": [],
        "checkin_text": None,
        "grant_membership_type": None,
        "require_membership": False,
        "meta_data": {},
    } | body
    item["variations"] = [{"description": None, "active": True} | v for v in item["variations"]]
    item.pop("event", None)  # as with check-ins: the address says it
    return item


def complete_voucher(body: dict[str, Any]) -> dict[str, Any]:
    voucher = {
        "code": _secret("voucher", body["id"]).upper(),
        "max_usages": 1,
        "redeemed": 0,
        "min_usages": 1,
        "valid_until": None,
        "block_quota": False,
        "price_mode": "none",
        "value": None,
        "item": None,
        "variation": None,
        "quota": None,
        "tag": "",
        "comment": "For a person",
        "subevent": None,
        "seat": None,
        "budget": None,
        "budget_used": "0.00",
    } | body
    voucher.pop("event", None)
    return voucher


def complete_membership(body: dict[str, Any]) -> dict[str, Any]:
    return {"testmode": False, "attendee_name_parts": {"full_name": "Anna Example"}} | body


def complete_membership_type(body: dict[str, Any]) -> dict[str, Any]:
    return {"transferable": False, "allow_parallel_usage": False, "max_usages": None} | body

"""Odoo as a feed: a database with memberships, one recurring order, one event and its money."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.odoo import OdooFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
_STAMPS = {"create_date": "2026-01-02 09:00:00.5", "write_date": "2026-06-01 10:00:00.5"}
_EUR = {"currency_id": [1, "EUR"]}
_OUT = {"move_type": "out_invoice", "state": "posted", **_EUR}
_IN = {
    "partner_type": "customer",
    "payment_type": "inbound",
    "payment_method_code": "manual",
    **_EUR,
}


def _record(id: int, shared: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": id, **_STAMPS, **(shared or {}), **fields}


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


_at, _day = datetime.fromisoformat, date.fromisoformat

RECORDS: dict[str, list[dict[str, Any]]] = {
    "res.partner": [
        _record(
            1,
            name="Anna Maria Example",
            type="contact",
            ref="m 17",
            email="Anna@example.org",
            phone="+49 30 901820",
            city="Berlin",
        ),
        _record(2, name="Example Ltd", is_company=True, email="office@example.org"),
        _record(3, name="Accounts", type="invoice", parent_id=[2, "Example Ltd"]),
        _record(4, name="Bo Example", type="contact", parent_id=[2, "Example Ltd"], active=False),
    ],
    "product.product": [
        _record(
            5,
            _EUR,
            name="Member 2026",
            default_code="FULL",
            list_price=89.9,
            membership=True,
            membership_date_from="2026-01-01",
            membership_date_to="2026-12-31",
            active=True,
        ),
        _record(6, _EUR, name="Friend for life", membership=True, list_price=0.0),
        _record(7, _EUR, name="Mug", list_price=9.0),
    ],
    "sale.subscription.plan": [
        _record(1, name="Yearly", billing_period_value=1, billing_period_unit="year"),
        _record(2, name="Monthly", billing_period_value=1, billing_period_unit="month"),
    ],
    "membership.membership_line": [
        _record(
            1,
            partner=[1, "Anna Example"],
            membership_id=[5, "Member 2026"],
            state="paid",
            date="2026-01-02",
            date_from="2026-01-01",
            date_to="2026-12-31",
            member_price=89.9,
            account_invoice_id=[11, "INV/2026/1"],
        ),
        _record(
            2,
            partner=[4, "Bo"],
            membership_id=[5, "Member 2026"],
            state="invoiced",
            date="2026-06-01",
            date_from="2026-06-01",
            date_to="2026-12-31",
            member_price=50.0,
            account_invoice_id=[12, "X"],
        ),
    ],
    "sale.order": [
        _record(
            1,
            _EUR,
            name="S1",
            state="sale",
            partner_id=[3, "Accounts"],
            is_subscription=True,
            plan_id=[1, "Yearly"],
            recurring_total=120.0,
            subscription_state="6_churn",
            start_date="2025-03-01",
            end_date="2026-05-31",
            next_invoice_date="2027-03-01",
        ),
        _record(2, name="S2", state="sale", is_subscription=False),
    ],
    "event.event": [
        _record(
            1,
            name="Congress",
            date_begin="2026-05-01 08:00:00",
            date_end="2026-05-02 16:00:00",
            address_id=[2, "Hall"],
            event_type_id=[1, "Congress"],
            kanban_state="normal",
        ),
        _record(
            2,
            name="Webinar",
            date_begin="2026-09-01 08:00:00",
            date_end="2026-09-01 09:00:00",
            kanban_state="cancel",
        ),
    ],
    "event.registration": [
        _record(
            1,
            event_id=[1, "Congress"],
            partner_id=[1, "Anna Example"],
            state="done",
            name="Anna Maria Example",
            email="anna@example.org",
            date_closed="2026-05-01 08:30:00",
            sale_order_id=[2, "S2"],
            active=True,
        ),
        _record(
            2,
            event_id=[1, "Congress"],
            partner_id=[1, "Anna Example"],
            state="cancel",
            name="Cleo Sample",
            email="cleo@example.net",
            active=True,
        ),
        _record(
            3, event_id=[1, "Congress"], partner_id=[1, "Anna Example"], state="open", active=True
        ),
    ],
    "account.move": [
        _record(
            11,
            _OUT,
            name="INV/2026/1",
            partner_id=[1, "Anna Example"],
            payment_state="paid",
            invoice_date="2026-01-02",
            invoice_date_due="2026-01-16",
            amount_total=89.9,
            amount_residual=0.0,
        ),
        _record(
            12,
            _OUT,
            partner_id=[4, "Bo"],
            payment_state="partial",
            invoice_date="2026-06-01",
            amount_total=50.0,
            amount_residual=30.0,
        ),
        _record(
            13,
            _OUT,
            partner_id=[3, "Accounts"],
            payment_state="in_payment",
            invoice_date="2025-03-01",
            invoice_origin="S1",
            amount_total=120.0,
            amount_residual=0.0,
        ),
        _record(
            14,
            _OUT,
            partner_id=[3, "Accounts"],
            payment_state="paid",
            invoice_date="2026-03-01",
            invoice_origin="S1",
            amount_total=120.0,
            amount_residual=0.0,
        ),
        _record(
            15,
            _OUT,
            partner_id=[1, "Anna Example"],
            payment_state="reversed",
            invoice_date="2026-04-01",
            invoice_origin="S2",
            amount_total=5000.0,
            amount_residual=0.0,
            currency_id=[2, "JPY"],
        ),
        _record(16, _OUT, move_type="out_refund", amount_total=5000.0),
        _record(17, _OUT, move_type="in_invoice", amount_total=7.0),
    ],
    "account.payment": [
        _record(
            1,
            _IN,
            state="paid",
            partner_id=[1, "Anna Example"],
            date="2026-01-05",
            amount=89.9,
            reconciled_invoice_ids=[11],
        ),
        _record(
            2,
            _IN,
            state="in_process",
            partner_id=[4, "Bo"],
            date="2026-06-10",
            amount=20.0,
            reconciled_invoice_ids=[12],
        ),
        _record(
            3,
            _IN,
            state="paid",
            partner_id=[1, "Anna Example"],
            date="2026-04-09",
            payment_type="outbound",
            currency_id=[2, "JPY"],
            amount=5000.0,
        ),
        _record(
            4,
            _IN,
            state="rejected",
            partner_id=[4, "Bo"],
            date="2026-06-02",
            amount=50.0,
            reconciled_invoice_ids=[12],
        ),
        _record(
            5, _IN, state="draft", partner_id=[1, "Anna Example"], date="2026-06-02", amount=1.0
        ),
    ],
}


def load(raw: Path, folder: Path) -> None:
    """Read these records through the connector into raw."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(NOW)
    for model, bodies in RECORDS.items():
        for body in bodies:
            record = Record("odoo", model, str(body["id"]), body, body["id"], 0, 0)
            store.put(record)
    with FakeServer(OdooFake(store)) as server:
        settings = {"base_url": server.url, "database": "example", "api_key": "sandbox-odoo-key"}
        read_source("odoo", settings, raw, folder)
    store.close()


# Days begin at midnight in Berlin.
EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": _rows(
        "source_record_id record_kind is_member_bearing member_number first_name last_name "
        "email_key phone_e164 is_organisation created_at",
        (
            "1",
            "contact",
            True,
            "M17",
            "Anna Maria",
            "Example",
            "anna@example.org",
            "+4930901820",
            False,
            _at("2026-01-02 09:00"),
        ),
        (
            "2",
            "contact",
            True,
            None,
            None,
            None,
            "office@example.org",
            None,
            True,
            _at("2026-01-02 09:00"),
        ),
        ("4", "contact", False, None, "Bo", "Example", None, None, False, _at("2026-01-02 09:00")),
        (
            "registration-2",
            "attendee",
            False,
            None,
            "Cleo",
            "Sample",
            "cleo@example.net",
            None,
            False,
            _at("2026-01-02 09:00"),
        ),
    ),
    "organisations": _rows(
        "source_organisation_id organisation_name kind email_key",
        ("2", "Example Ltd", "organisation", "office@example.org"),
    ),
    "plans": _rows(
        "source_plan_id plan_code renewal_model term_months is_renewable is_rate_excluded "
        "list_price_minor currency_code is_active",
        ("product-5", "FULL", "fixed", 12, True, False, 8990, "EUR", True),
        ("product-6", "Friend for life", "lifetime", None, False, True, 0, "EUR", False),
        ("plan-1", "Yearly", "anniversary", 12, True, False, None, "EUR", False),
        ("plan-2", "Monthly", "continuous", 1, True, False, None, "EUR", False),
    ),
    "plan_versions": _rows(
        "source_plan_id list_price_minor valid_from",
        ("product-5", 8990, _at("1900-01-01 00:00")),
        ("product-6", 0, _at("1900-01-01 00:00")),
        ("plan-1", None, _at("1900-01-01 00:00")),
        ("plan-2", None, _at("1900-01-01 00:00")),
    ),
    "membership_terms": _rows(
        "source_term_id source_membership_id source_record_id source_plan_id start_date "
        "end_date committed_date resigned_date is_auto_renew amount_minor term_evidence",
        (
            "line-1",
            "partner-1",
            "1",
            "product-5",
            _day("2026-01-01"),
            _day("2026-12-31"),
            _day("2026-01-05"),
            None,
            False,
            8990,
            "log",
        ),
        (
            "invoice-13",
            "order-1",
            "2",
            "plan-1",
            _day("2025-03-01"),
            _day("2026-02-28"),
            _day("2025-03-01"),
            None,
            True,
            12000,
            "payments",
        ),
        (
            "invoice-14",
            "order-1",
            "2",
            "plan-1",
            _day("2026-03-01"),
            _day("2027-02-28"),
            _day("2026-03-01"),
            _day("2026-06-01"),
            True,
            12000,
            "payments",
        ),
    ),
    "events": _rows(
        "source_event_id event_name event_kind modality starts_at has_capture is_cancelled",
        ("1", "Congress", "congress", "onsite", _at("2026-05-01 08:00"), True, False),
        ("2", "Webinar", None, "online", _at("2026-09-01 08:00"), False, True),
    ),
    "registrations": _rows(
        "source_registration_id source_record_id status registrant_email_key "
        "checked_in_at cancelled_at",
        ("1", "1", "registered", "anna@example.org", _at("2026-05-01 08:30"), None),
        ("2", "registration-2", "cancelled", "anna@example.org", None, _at("2026-06-01 10:00")),
        ("3", "1", "registered", "anna@example.org", None, None),
    ),
    "invoices": _rows(
        "source_invoice_id source_record_id purpose status issued_at paid_at total_minor "
        "paid_minor currency_code",
        (
            "11",
            "1",
            "dues",
            "paid",
            _at("2026-01-01 23:00"),
            _at("2026-01-04 23:00"),
            8990,
            8990,
            "EUR",
        ),
        ("12", "4", "dues", "open", _at("2026-05-31 22:00"), None, 5000, 2000, "EUR"),
        (
            "13",
            "2",
            "dues",
            "paid",
            _at("2025-02-28 23:00"),
            _at("2025-02-28 23:00"),
            12000,
            12000,
            "EUR",
        ),
        (
            "14",
            "2",
            "dues",
            "paid",
            _at("2026-02-28 23:00"),
            _at("2026-02-28 23:00"),
            12000,
            12000,
            "EUR",
        ),
        ("15", "1", "event", "void", _at("2026-03-31 22:00"), None, 5000, 0, "JPY"),
    ),
    "payments": _rows(
        "source_payment_id kind source_record_id source_invoice_id amount_minor "
        "attempted_minor currency_code occurred_at purpose",
        ("1", "payment", "1", "11", 8990, None, "EUR", _at("2026-01-04 23:00"), "dues"),
        ("2", "payment", "4", "12", 2000, None, "EUR", _at("2026-06-09 22:00"), "dues"),
        ("3", "refund", "1", None, -5000, None, "JPY", _at("2026-04-08 22:00"), "other"),
        ("4", "failed_charge", "4", "12", 0, 5000, "EUR", _at("2026-06-01 22:00"), "dues"),
    ),
}

"""Wild Apricot's feed: a club with a member who renewed, a guest, an invoice paid and refunded.

Data flow: records -> WildApricotFake -> real connector -> raw -> staging, compared with EXPECTED.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes import wildapricot_records as records
from connectors.testing.fakes.wildapricot import WildApricotFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

KIND = "wildapricot"
SENT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def load(raw: Path, folder: Path) -> None:
    """Read the club twice: the member renews in between."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(datetime(2026, 6, 20, tzinfo=UTC))
    try:
        with FakeServer(WildApricotFake(store)) as server:
            settings = {
                "base_url": server.url,
                "token_url": f"{server.url}/auth/token",
                "api_key": "sandbox-apricot-key",
                "poll_seconds": 0.001,
                "emails": "all",
                "contact_fields": {"member_number": "custom-1", "city": "custom-2"},
            }
            _fill(store)
            read_source(KIND, settings, raw, folder)
            store.set_now(datetime(2026, 6, 21, tzinfo=UTC))
            _put(store, "contact", 1, _anna("2026-06-20T09:00:00+00:00", "2027-07-01T00:00:00"))
            read_source(KIND, settings, raw, folder)
    finally:
        store.close()


def _anna(renewed: str, due: str) -> dict[str, Any]:
    names = {"FirstName": "Anna", "LastName": "Example", "Email": "anna@example.org"}
    member = {"MemberSince": "2020-07-01T00:00:00+00:00", "RenewalDue": due}
    own = {"custom-1": "m 12", "custom-2": "Bonn"}
    dates = {"RenewalDateLastChanged": renewed, "updated": "2025-01-02T10:00:00+00:00"}
    return records.contact(1, level=5, **names, **member, **dates, **own)


def _fill(store: RecordStore) -> None:
    period = {"Kind": "EveryNYears", "StartFromJoinDate": True, "AutomaticRecurringPayments": False}
    level = {"Id": 5, "Name": "Regular", "Type": "Individual", "MembershipFee": 60.5}
    _put(store, "membership_level", 5, {**level, "RenewalPeriod": period, "PublicCanApply": True})
    _put(store, "contact", 1, _anna("2025-06-25T10:00:00+00:00", "2026-07-01T00:00:00"))
    company = {"Organization": "Works", "Email": "office@example.com", "EmailDisabled": True}
    off = {"ReceiveNewsletters": False, "EmailingDisabledAutomatically": True, "IsArchived": True}
    _put(store, "contact", 2, records.contact(2, updated="2026-03-01T10:00:00Z", **company, **off))
    event = {"Id": 9, "Name": "Gala", "StartDate": "2026-06-01T18:00:00+02:00", "EndDate": None}
    _put(store, "event", 9, {**event, "CheckedInAttendeesNumber": 1})
    at = "2026-05-01T10:00:00+00:00"
    own = records.registration(31, 9, 1, at, IsCheckedIn=True, RegistrationFee=12.5)
    _put(store, "registration", 31, own, 9)
    form = {"FirstName": "Ben", "LastName": "Guest", "Email": "ben@example.net"}
    guest = records.registration(32, 9, 1, at, IsGuestRegistration=True, form=form)
    _put(store, "registration", 32, guest, 9)
    waiting = records.registration(33, 9, 2, at, OnWaitlist=True, Status="OnWaitlist")
    _put(store, "registration", 33, waiting, 9)
    made, more = "2026-05-02T10:00:00", {"OrderType": "MembershipRenewal", "VoidedDate": None}
    paid = records.money("Invoice", 41, 1, 60.5, made, IsPaid=True, PaidAmount=60.5, **more)
    _put(store, "invoice", 41, paid)
    void = {"OrderType": "EventRegistration", "VoidedDate": "2026-05-05", "IsPaid": False}
    voided = records.money("Invoice", 42, 2, 10.0, made, PaidAmount=0, **void)
    _put(store, "invoice", 42, voided)
    used = {"AllocatedValue": 60.5, "RefundedAmount": 10.5, "Type": "InvoicePayment"}
    tender = {"Tender": {"Id": 1, "Name": "Card"}}
    _put(store, "payment", 51, records.money("Payment", 51, 1, 71, made, **used, **tender))
    gift = {"Type": "DonationPayment", "AllocatedValue": 0, "RefundedAmount": 0, "Tender": None}
    _put(store, "payment", 52, records.money("Payment", 52, 2, 5.05, made, **gift))
    _put(store, "refund", 61, records.money("Refund", 61, 1, 10.5, made, **tender))
    for id, link in ((71, {"Invoice": {"Id": 41}}), (72, {"Refund": {"Id": 61}})):
        _put(store, "allocation", id, {"Id": id, "Value": 1, **link}, 51)
    email = {
        "Id": 81,
        "Subject": "News of May",
        "SendingType": "Manual",
        "Type": "EmailBlast_Members",
    }
    _put(store, "sent_email", 81, {**email, "SentDate": SENT.isoformat()})
    for id, opened in ((1, True), (2, False)):
        got = {"Email": f"c{id}@example.org", "ContactId": id, "IsDelivered": opened}
        _put(store, "recipient", id, {**got, "IsOpened": opened, "ClickedLinks": []}, 81)


def _put(
    store: RecordStore, entity: str, id: int, body: dict[str, Any], parent: int | None = None
) -> None:
    above = str(parent) if parent is not None else None
    store.put(Record(KIND, entity, str(id), body, id, 0.0, 0.0, above))


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


# The warehouse keeps naive UTC.
_MADE = datetime(2026, 5, 2, 10, tzinfo=UTC).replace(tzinfo=None)
_EVENT = datetime(2026, 6, 1, 16, tzinfo=UTC).replace(tzinfo=None)
_SENT = SENT.replace(tzinfo=None)

EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": _rows(
        "source_record_id record_kind is_member_bearing member_number first_name city"
        " email_key is_organisation",
        ("1", "contact", True, "M12", "Anna", "Bonn", "anna@example.org", False),
        ("2", "contact", False, None, None, None, "office@example.com", True),
        ("R-32", "attendee", False, None, "Ben", None, "ben@example.net", False),
    ),
    "organisations": _rows(
        "source_organisation_id organisation_name kind", ("2", "Works", "organisation")
    ),
    "plans": _rows(
        "source_plan_id plan_code renewal_model term_months list_price_minor currency_code",
        ("5", "Regular", "anniversary", 12, 6050, "EUR"),
    ),
    "plan_versions": _rows(
        "source_plan_id plan_name list_price_minor valid_to", ("5", "Regular", 6050, None)
    ),
    "membership_terms": _rows(
        "source_term_id source_plan_id start_date end_date committed_date amount_minor"
        " term_evidence",
        *(
            (f"1-{term}", "5", start, end, committed, 6050, "snapshot")
            for term, start, end, committed in (
                ("before", date(2020, 7, 1), date(2025, 6, 30), date(2020, 7, 1)),
                ("2026-07-01", date(2025, 7, 1), date(2026, 6, 30), date(2025, 6, 25)),
                ("2027-07-01", date(2026, 7, 1), date(2027, 6, 30), date(2026, 6, 20)),
            )
        ),
    ),
    "events": _rows(
        "source_event_id event_name starts_at ends_at has_capture currency_code",
        ("9", "Gala", _EVENT, _EVENT, True, "EUR"),
    ),
    "registrations": _rows(
        "source_registration_id source_record_id registrant_email_key status checked_in_at"
        " price_minor",
        ("31", "1", "anna@example.org", "registered", _EVENT, 1250),
        ("32", "R-32", "anna@example.org", "registered", None, 0),
    ),
    "invoices": _rows(
        "source_invoice_id source_record_id purpose status paid_at total_minor paid_minor",
        ("41", "1", "dues", "paid", _MADE, 6050, 6050),
        ("42", "2", "event", "void", None, 1000, 0),
    ),
    "payments": _rows(
        "source_payment_id kind source_record_id source_invoice_id parent_payment_id amount_minor"
        " currency_code occurred_at method purpose",
        ("P-51", "payment", "1", "41", None, 7100, "EUR", _MADE, "Card", "dues"),
        ("P-52", "payment", "2", None, None, 505, "EUR", _MADE, None, "donation"),
        ("R-61", "refund", "1", None, "P-51", -1050, "EUR", _MADE, "Card", "dues"),
    ),
    "messages": _rows(
        "source_message_id source_record_id campaign_id purpose department sent_at"
        " first_opened_at first_clicked_at bounced_at",
        ("81-1", "1", "81", "news", "marketing", _SENT, _SENT, None, None),
        ("81-2", "2", "81", "news", "marketing", _SENT, None, None, _SENT),
    ),
    "consents": _rows(
        "source_consent_id source_record_id purpose status reason",
        ("2-newsletters", "2", "marketing", "withdrawn", "unsubscribed"),
        ("2-delivery", "2", "all", "suppressed", "hard_bounce"),
    ),
}

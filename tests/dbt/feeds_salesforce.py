"""A Salesforce org on NPSP, with subscription items as plans: what staging must make of it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from upstream import read_source

from connectors.testing.fakes.salesforce import CLIENT, SalesforceFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

# Standard terms come from opportunities; one has a plan record, as orgs on Fonteva do.
MAPPING = {
    "contact": {"fields": {"member_number": "Member_Number__c"}},
    "plan": {
        "object": "OrderApi__Item__c",
        "where": "OrderApi__Is_Subscription__c = true",
        "fields": {
            "code": "Name",
            "name": ["OrderApi__Display_Name__c", "Name"],
            "price": "OrderApi__Price__c",
            "is_active": "OrderApi__Is_Active__c",
        },
    },
    "membership_term": {"fields": {"plan_id": "Plan__c"}},
}
_AT = "2026-03-01T10:00:00.000+0000"


def load(raw: Path, folder: Path) -> None:
    """Read the org into raw."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "salesforce.sqlite")
    try:
        for sort, (entity, id, body) in enumerate(_records()):
            given = {"Id": id, "IsDeleted": False, "CreatedDate": "2026-01-15T09:30:00.000+0000"}
            full = {**given, "SystemModstamp": _AT, **body}
            store.put(Record("salesforce", entity, id, full, sort, 0.0, 0.0))
        with FakeServer(SalesforceFake(store, multi_currency=True)) as server:
            settings = {
                "base_url": server.url,
                "client_id": CLIENT[0],
                "client_secret": CLIENT[1],
                "map": "npsp",
                "mapping": MAPPING,
                "poll_seconds": 0.01,
            }
            read_source("salesforce", settings, raw, folder)
    finally:
        store.close()


def _records() -> list[tuple[str, str, dict[str, Any]]]:
    membership = {"AccountId": "A1", "IsWon": True, "npe01__Member_Level__c": "Individual"}
    term = {"npe01__Membership_Start_Date__c": "2026-01-01", "CurrencyIsoCode": "EUR"}
    until = {"npe01__Membership_End_Date__c": "2026-12-31", "CloseDate": "2025-12-20"}
    paid = {"npe01__Paid__c": True, "CurrencyIsoCode": "EUR", "npe01__Payment_Method__c": "Check"}
    anna = {
        "FirstName": "Anna",
        "LastName": "Example ",
        "AccountId": "A1",
        "Email": "Anna@Example.org",
        "MobilePhone": "0151 23456789",
        "MailingStreet": "Beispielweg 1",
        "MailingPostalCode": "10115",
        "MailingCity": "Berlin",
        "Birthdate": "1980-02-03",
        "Member_Number__c": "m 17",
        "HasOptedOutOfEmail": True,
    }
    ben = {"FirstName": "Ben", "LastName": "Example", "npsp__Deceased__c": True}
    merged = {"FirstName": "Anne", "IsDeleted": True, "MasterRecordId": "C1"}
    workshop = {"Name": "Workshop", "Type": "Workshop", "StartDate": "2026-05-02"}
    return [
        ("Account", "A1", {"Name": "Example Household", **_kind("Household Account")}),
        ("Account", "A2", {"Name": "Example gGmbH", **_kind("Organization")}),
        ("Account", "A3", {"Name": "Ben Example", **_kind("One-to-One Individual")}),
        ("Contact", "C1", anna),
        ("Contact", "C2", {**ben, "EmailBouncedDate": "2026-02-01T08:00:00.000+0000"}),
        ("Contact", "C3", merged),
        ("Contact", "C4", {**merged, "MasterRecordId": "C3"}),
        (
            "OrderApi__Item__c",
            "P1",
            {"Name": "full", "OrderApi__Price__c": 120, "OrderApi__Is_Active__c": True}
            | {"OrderApi__Is_Subscription__c": True, "CurrencyIsoCode": "EUR"},
        ),
        ("OrderApi__Item__c", "P2", {"Name": "book", "OrderApi__Is_Subscription__c": False}),
        # Held by C4, who became C3, who became C1.
        (
            "Opportunity",
            "O1",
            {**membership, **term, **until, "npsp__Primary_Contact__c": "C4", "Amount": 60.5},
        ),
        ("Opportunity", "O2", {**membership, **term, **until, "Plan__c": "P1"}),
        ("Opportunity", "O3", {**membership, **term, **until, "IsWon": False}),
        (
            "Opportunity",
            "O4",
            {**membership, **term, "npsp__Primary_Contact__c": "C2", "StageName": "Cancelled"}
            | {"npe01__Member_Level__c": "Lifetime", "CloseDate": "2026-01-01"},
        ),
        # Cancelled before it was bought, so not at all; at the same time as O4, so a membership of
        # its own.
        (
            "Opportunity",
            "O6",
            {**membership, **term, **until, "npsp__Primary_Contact__c": "C2"}
            | {"StageName": "Cancelled", "CloseDate": "2026-04-01", "Amount": 1},
        ),
        ("Opportunity", "O5", {"npsp__Primary_Contact__c": "C2", "Amount": 25}),
        ("Campaign", "E1", {**workshop, "EndDate": "2026-05-03", "Status": "Completed"}),
        ("Campaign", "E2", {"Name": "Talk", "Type": "Webinar", "Status": "Cancelled"}),
        ("CampaignMember", "R1", _member("E1", "C4", "Attended", responded="2026-04-01")),
        ("CampaignMember", "R2", _member("E1", "C2", "Cancelled")),
        ("CampaignMember", "R3", _member("E1", "C2", "Sent")),
        (
            "npe01__OppPayment__c",
            "Y1",
            {**paid, **_amount(60.5, "2025-12-20"), "npe01__Opportunity__c": "O1"},
        ),
        (
            "npe01__OppPayment__c",
            "Y2",
            {**paid, **_amount(-25, None), "npe01__Opportunity__c": "O5"},
        ),
        (
            "npe01__OppPayment__c",
            "Y3",
            {
                **paid,
                **_amount(1000, "2026-02-02"),
                "CurrencyIsoCode": "JPY",
                "npsp__Type__c": "Sale",
            },
        ),
        ("npe01__OppPayment__c", "Y4", {**_amount(10, "2027-01-01"), "npe01__Paid__c": False}),
        (
            "npe01__OppPayment__c",
            "Y5",
            {**paid, **_amount(10, "2026-01-01"), "npe01__Written_Off__c": True},
        ),
        (
            "Case",
            "K1",
            {"ContactId": "C3", "Type": "Complaint", "Subject": "her illness", "IsClosed": True}
            | {"ClosedDate": "2026-02-03T11:00:00.000+0000"},
        ),
        ("Case", "K2", {"AccountId": "A2", "Type": "Question"}),
    ]


def _kind(word: str) -> dict[str, Any]:
    return {"npe01__SYSTEM_AccountType__c": word}


def _amount(value: float, day: str | None) -> dict[str, Any]:
    return {"npe01__Payment_Amount__c": value, "npe01__Payment_Date__c": day}


def _member(event: str, contact: str, status: str, responded: str | None = None) -> dict[str, Any]:
    answered = {"HasResponded": responded is not None, "FirstRespondedDate": responded}
    return {"CampaignId": event, "ContactId": contact, "Status": status, **answered}


_at = datetime.fromisoformat
_CREATED, _MODIFIED = _at("2026-01-15 09:30"), _at("2026-03-01 10:00")
_YEAR = {"start_date": date(2026, 1, 1), "end_date": date(2026, 12, 31)}


def _rows(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


EXPECTED: dict[str, list[dict[str, Any]]] = {
    "people": _rows(
        "source_record_id is_member_bearing member_number first_name last_name birth_date email_key"
        " phone_e164 city is_organisation deceased_on created_at",
        (
            *("C1", True, "M17", "Anna", "Example", date(1980, 2, 3), "anna@example.org"),
            *("+4915123456789", "Berlin", False, None, _CREATED),
        ),
        (
            *("C2", True, None, "Ben", "Example", None, None),
            *(None, None, False, date(2026, 3, 1), _CREATED),
        ),
        ("A1", True, None, None, None, None, None, None, None, True, None, _CREATED),
        ("A2", False, None, None, None, None, None, None, None, True, None, _CREATED),
    ),
    "organisations": _rows(
        "source_organisation_id organisation_name kind",
        ("A1", "Example Household", "household"),
        ("A2", "Example gGmbH", "organisation"),
    ),
    "plans": _rows(
        "source_plan_id plan_code plan_name renewal_model is_renewable is_rate_excluded"
        " list_price_minor currency_code is_active",
        ("P1", "full", "full", "anniversary", True, False, 12000, "EUR", True),
        ("Individual", "Individual", "Individual", "anniversary", True, False, None, "EUR", True),
        ("Lifetime", "Lifetime", "Lifetime", "lifetime", False, True, None, "EUR", True),
    ),
    "membership_terms": _rows(
        "source_term_id source_membership_id source_record_id source_plan_id start_date end_date"
        " committed_date resigned_date amount_minor currency_code term_evidence",
        (
            *("O1", "C1", "C1", "Individual", *_YEAR.values(), date(2025, 12, 20)),
            *(None, 6050, "EUR", "declared"),
        ),
        (
            *("O2", "A1", "A1", "P1", *_YEAR.values(), date(2025, 12, 20)),
            *(None, 12000, "EUR", "declared"),
        ),
        (
            *("O4", "C2", "C2", "Lifetime", date(2026, 1, 1), None, date(2026, 1, 1)),
            *(date(2026, 3, 1), None, "EUR", "declared"),
        ),
        (
            *("O6", "O6", "C2", "Individual", *_YEAR.values(), date(2026, 4, 1)),
            *(None, 100, "EUR", "declared"),
        ),
    ),
    "membership_changes": _rows(
        "source_change_id source_membership_id source_record_id change_type change_date",
        ("O4-resigned", "C2", "C2", "resigned", date(2026, 3, 1)),
    ),
    "events": _rows(
        "source_event_id event_name event_kind modality starts_at ends_at has_capture is_cancelled",
        # Berlin's days: midnight is 22 o'clock of the day before in UTC.
        (
            *("E1", "Workshop", "workshop", None),
            *(_at("2026-05-01 22:00"), _at("2026-05-03 22:00"), True, False),
        ),
        ("E2", "Talk", "webinar", "online", None, None, False, True),
    ),
    "registrations": _rows(
        "source_registration_id source_event_id source_record_id registered_at cancelled_at status"
        " checked_in_at",
        (
            *("R1", "E1", "C1", _at("2026-03-31 22:00"), None, "registered"),
            _at("2026-05-01 22:00"),
        ),
        ("R2", "E1", "C2", _CREATED, _MODIFIED, "cancelled", None),
    ),
    "payments": _rows(
        "source_payment_id kind source_record_id amount_minor currency_code occurred_at method"
        " purpose",
        ("Y1", "payment", "C1", 6050, "EUR", _at("2025-12-19 23:00"), "Check", "dues"),
        ("Y2", "refund", "C2", -2500, "EUR", _CREATED, "Check", "donation"),
        ("Y3", "payment", None, 1000, "JPY", _at("2026-02-01 23:00"), "Check", "donation"),
    ),
    "cases": _rows(
        "source_case_id source_record_id case_type received_at last_resolved_at status",
        ("K1", "C1", "Complaint", _CREATED, _at("2026-02-03 11:00"), "resolved"),
        ("K2", "A2", "Question", _CREATED, None, "open"),
    ),
    "consents": _rows(
        "source_consent_id source_record_id channel status reason occurred_at",
        ("C1-no_email", "C1", "email", "suppressed", "opt_out", _MODIFIED),
        (
            *("C2-email_bounced", "C2", "email", "suppressed", "hard_bounce"),
            _at("2026-02-01 08:00"),
        ),
    ),
}

"""Wild Apricot's own traps: searches that take time, changes without a date, the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site
from vendors import NOW, z

from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    LoopError,
    ShortReadError,
    SourceError,
)
from connectors.protocol import Request
from connectors.sources.wildapricot.client import limit_of
from connectors.testing.fakes import wildapricot_records as records
from connectors.testing.fakes.wildapricot import WildApricotFake
from connectors.testing.faults import Faults

KEY = {"api_key": "sandbox-apricot-key", "poll_seconds": 0.001, "async_wait_seconds": 0.2}
LONG_AGO = NOW - timedelta(days=400)


class Club:
    """An account whose records can be changed with or without a date telling it."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake = vendor, vendor.lake

    def source(self, **settings: Any) -> Any:
        token_url = f"{self.vendor.server.url}/auth/token"
        return self.vendor.source(**{**KEY, "token_url": token_url, **settings})

    def contact(self, id: int, updated: datetime = LONG_AGO, **fields: Any) -> None:
        names = {"FirstName": "Anna", "LastName": f"Example{id:03d}"}
        body = records.contact(id, updated=z(updated), **{**names, **fields})
        self.vendor.put("contact", str(id), id, body)

    def event(self, id: int, starts: datetime) -> None:
        body = {"Id": id, "Name": "Gala", "EventType": "RSVP", "StartDate": z(starts)}
        self.vendor.put("event", str(id), id, {**body, "EndDate": None})

    def money(self, kind: str, id: int, at: datetime, **more: Any) -> None:
        made = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        self.vendor.put(kind.lower(), str(id), id, records.money(kind, id, 7, 60.5, made, **more))

    def audit(self, id: int, kind: str, document: int, action: str) -> None:
        self.vendor.put("audit", str(id), id, records.audit(id, kind, document, action, z(NOW)))

    def rows(self, source: Any, stream: str, *columns: str) -> list[tuple[Any, ...]]:
        found = self.lake.rows(source, stream, columns)
        return [tuple(row.values()) for row in found]


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def club(tmp_path: Path, faults: Faults) -> Iterator[Club]:
    with site("wildapricot", tmp_path, WildApricotFake, faults) as vendor:
        yield Club(vendor)


def test_a_search_that_fails_says_so(club: Club, faults: Faults) -> None:
    club.contact(1)
    failed = {"State": "Failed", "ErrorDetails": "something about Anna"}
    faults.on(r"resultId=").every().error_body(failed)
    with pytest.raises(SourceError, match="Failed") as caught:
        club.lake.extract(club.source(), "contact")
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("answer", [{"State": "Processing"}, {"ProcessingState": "Waiting"}, {}])
def test_a_search_that_never_ends_is_given_up(
    club: Club, faults: Faults, answer: dict[str, str]
) -> None:
    club.contact(1)
    faults.on(r"resultId=").every().error_body(answer)
    with pytest.raises(SourceError, match=r"still not complete.*async_wait_seconds"):
        club.lake.extract(club.source(), "contact")


def test_archived_contacts_are_read_and_marked(club: Club) -> None:
    club.contact(1)
    club.contact(2, IsArchived=True)
    source = club.source()
    club.lake.pull(source, "contact")
    assert club.rows(source, "contact", "id", "is_archived") == [(1, False), (2, True)]


def test_a_contact_deleted_while_paging_hides_no_other(club: Club, faults: Faults) -> None:
    for id in range(1, 8):
        club.contact(id)
    # The result of page one is out: without the first contact, the fourth moves onto page one.
    faults.on(r"skip=3&|skip=3$").nth(1).drift(
        lambda: club.vendor.store.delete("wildapricot", "contact", "1")
    )
    source = club.source(page_size=3)
    club.lake.pull(source, "contact")
    ids = [id for (id,) in club.rows(source, "contact", "id")]
    assert ids == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "change",
    [
        {"updated": NOW + timedelta(hours=1)},
        {"RenewalDateLastChanged": z(NOW + timedelta(hours=1))},
        {"LevelLastChanged": z(NOW + timedelta(hours=1))},
        {"RenewalDue": (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%dT00:00:00")},
    ],
)
def test_whatever_tells_a_change_is_looked_at(club: Club, change: dict[str, Any]) -> None:
    due = change.get("RenewalDue", "2027-01-01T00:00:00")
    for id in (1, 2):
        club.contact(id, RenewalDue=due if id == 1 else "2027-01-01T00:00:00", Status="Active")
    source = club.source(renewal_window_days=3650)
    club.lake.pull(source, "contact")
    club.contact(1, **{"Status": "Lapsed", "RenewalDue": due, "level": 5, **change})
    receipt, _ = club.lake.pull(source, "contact")["contact"]
    assert receipt.rows["contact"] == 1, "the contact nobody changed is not read again"
    assert club.rows(source, "contact", "id", "status") == [(1, "Lapsed"), (2, None)]


def test_a_short_list_of_ids_buries_nobody(club: Club, faults: Faults) -> None:
    for id in (1, 2):
        club.contact(id)
    source = club.source()
    faults.on(r"idsOnly").nth(1).error_body({"ContactIdentifiers": [1]})
    faults.on(r"idsOnly").nth(1).error_body({"ContactIdentifiers": []})
    with pytest.raises(ShortReadError, match="counts 2"):
        list(source.ids("contact"))
    club.event(8, NOW)
    faults.on(r"idsOnly").nth(1).error_body({"EventsIdentifiers": []})
    with pytest.raises(ShortReadError, match="counts 1"):
        list(source.ids("event_registration"))


def test_only_named_fields_are_landed(club: Club) -> None:
    club.contact(1, Notes="FREETEXT", **{"custom-1": "M 12", "custom-2": "EMERGENCY"})
    club.event(9, NOW)
    form = {"FirstName": "Ben", "Email": "ben@example.org", "custom-3": "DIET"}
    club.vendor.put("registration", "5", 5, records.registration(5, 9, 1, z(NOW), form=form), "9")
    club.money("Payment", 3, NOW)
    source = club.source(contact_fields={"member_number": "custom-1"})
    club.lake.pull(source, "contact", "event", "event_registration", "payment")
    assert club.rows(source, "contact", "member_number") == [("M 12",)]
    assert club.rows(source, "event_registration", "first_name", "email_key") == [
        ("Ben", "ben@example.org")
    ]
    streams = ("contact", "event_registration", "payment")
    landed = repr([page.rows for stream in streams for page in source.pages(Request(stream))])
    assert "ben@example.org" in landed
    for word in ("FREETEXT", "EMERGENCY", "DIET", "Example, Anna"):
        assert word not in landed


def test_registrations_are_read_per_event_until_it_is_long_over(club: Club) -> None:
    club.event(8, NOW - timedelta(days=200))
    club.event(9, NOW)
    for id, event in ((1, 8), (2, 9)):
        body = records.registration(id, event, 7, z(NOW), OnWaitlist=id == 2, Status="OnWaitlist")
        club.vendor.put("registration", str(id), id, body, str(event))
    source = club.source()
    club.lake.pull(source, "event_registration")
    assert club.rows(source, "event_registration", "id", "event_id") == [(1, 8), (2, 9)]
    before = len(club.vendor.asked("/v2.2/accounts/1/eventregistrations"))
    club.lake.pull(source, "event_registration")
    asked = club.vendor.asked("/v2.2/accounts/1/eventregistrations")[before:]
    assert [request.param("eventId") for request in asked] == ["9"]


def test_later_changes_of_old_documents_come_through_the_audit_log(club: Club) -> None:
    old = NOW - timedelta(days=200)
    for id in (1, 2, 3, 4):
        club.money("Invoice", id, old, PaidAmount=0, IsPaid=False, VoidedDate=None)
    club.money("Invoice", 5, NOW, PaidAmount=0, IsPaid=False, VoidedDate=None)
    source = club.source()
    club.lake.pull(source, "invoice")
    club.money("Invoice", 1, old, PaidAmount=60.5, IsPaid=True, VoidedDate=None)
    link = {"Id": 70, "Value": 60.5, "Invoice": {"Id": 1}, "Payment": {"Id": 30}}
    club.vendor.put("allocation", "70", 70, link, "30")
    club.money("Invoice", 2, old, PaidAmount=0, IsPaid=False, VoidedDate="2026-06-30")
    club.vendor.store.delete("wildapricot", "invoice", "3")
    club.audit(1, "InvoicePayment", 30, "Created")
    club.audit(2, "Invoice", 2, "Voided")
    club.audit(3, "Invoice", 3, "Deleted")
    receipt, loaded = club.lake.pull(source, "invoice")["invoice"]
    assert receipt.rows["invoice"] == 3, "the old one nobody touched is not read again"
    assert loaded.deleted["invoice"] == 1
    rows = club.rows(source, "invoice", "id", "paid_amount", "voided_at")
    assert [row[0] for row in rows] == [1, 2, 4, 5]
    assert rows[0][1] == Decimal("60.5")
    listed = [key for chunk in source.ids("invoice") for key in chunk]
    assert (2,) in listed, "a voided invoice is no deleted one"
    assert str(rows[1][2]) == "2026-06-30 00:00:00"


def test_a_document_missing_from_its_page_is_only_gone_when_nobody_has_it(
    club: Club, faults: Faults
) -> None:
    for id in (1, 2):
        club.money("Refund", id, NOW)
    faults.on(r"refunds\?ids=").nth(1).error_body({"Refunds": []})
    source = club.source()
    club.lake.pull(source, "refund")
    assert club.rows(source, "refund", "id", "value") == [
        (1, Decimal("60.5")),
        (2, Decimal("60.5")),
    ]


def test_documents_nobody_asked_for_are_refused(club: Club, faults: Faults) -> None:
    club.money("Refund", 1, NOW)
    faults.on(r"refunds\?ids=").every().error_body({"Refunds": [{"Id": 9}]})
    with pytest.raises(LoopError, match="other records"):
        club.lake.extract(club.source(), "refund")


def test_payments_come_with_what_they_were_used_for(club: Club) -> None:
    club.money("Payment", 1, NOW, AllocatedValue=60.5, RefundedAmount=10, Type="InvoicePayment")
    club.money("Payment", 2, NOW, AllocatedValue=0, RefundedAmount=0, Type="DonationPayment")
    for id, link in ((70, {"Invoice": {"Id": 5}}), (71, {"Refund": {"Id": 6}})):
        club.vendor.put("allocation", str(id), id, {"Id": id, "Value": 10, **link}, "1")
    source = club.source()
    club.lake.pull(source, "payment")
    columns = ("payment_id", "invoice_id", "refund_id")
    assert club.rows(source, "payment_allocation", *columns) == [(1, 5, None), (1, None, 6)]
    assert len(club.vendor.asked("/v2.2/accounts/1/paymentAllocations")) == 1
    without = club.source(read_allocations=False)
    assert "payment_allocation" not in [spec.name for spec in without.streams()]


def test_sent_emails_with_their_recipients(club: Club) -> None:
    for id, kind in ((1, "Manual"), (2, "Automatic")):
        body = {"Id": id, "SentDate": z(NOW), "Subject": "News", "SendingType": kind}
        club.vendor.put("sent_email", str(id), id, {**body, "Body": "FREETEXT"})
    for number in range(5):
        link = {"Url": "https://example.org", "Clicked": number == 0, "ClicksCount": 1}
        row = {"Email": f"a{number}@example.org", "ContactId": number, "FirstName": "Anna"}
        flags = {"IsDelivered": True, "IsOpened": False, "ClickedLinks": [link]}
        club.vendor.put("recipient", str(number), number, {**row, **flags}, "1")
    source = club.source(page_size=2)
    club.lake.pull(source, "sent_email")
    assert club.rows(source, "sent_email", "id", "subject") == [(1, "News")]
    clicked = club.rows(source, "sent_email_recipient", "contact_id", "is_clicked")
    assert clicked == [(0, True), (1, False), (2, False), (3, False), (4, False)]
    landed = repr([page.rows for page in source.pages(Request("sent_email"))])
    assert "a0@example.org" in landed
    assert "Anna" not in landed
    assert "FREETEXT" not in landed
    assert "sent_email" not in [spec.name for spec in club.source(emails="none").streams()]


def test_a_wrong_key_and_a_choice_of_accounts(club: Club, tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError) as caught:
        club.lake.extract(club.source(api_key="not-the-key"), "contact")
    assert "not-the-key" not in str(caught.value)
    assert [item.ok for item in club.source(api_key="not-the-key").check()] == [False]


def test_several_accounts_must_be_told_apart(tmp_path: Path) -> None:
    def two(store: Any) -> WildApricotFake:
        return WildApricotFake(store, accounts=[1, 2])

    with site("wildapricot", tmp_path, two) as vendor:
        club = Club(vendor)
        with pytest.raises(ConfigurationError, match=r"1, 2.*account_id"):
            club.lake.extract(club.source(), "contact")
        assert club.source(account_id="1").check()[0].ok


def test_check_says_the_cursors(club: Club) -> None:
    said = {item.name: item for item in club.source().check()}
    assert all(item.ok for item in said.values())
    assert "EUR" in said["account"].detail
    assert "asynchronous" in said["contact"].detail
    assert "30 days" in said["invoice"].detail
    assert "audit log" in said["payment"].detail
    assert "14 days" in said["sent_email"].detail


def test_only_the_hosted_service_limits_requests() -> None:
    assert limit_of("https://api.wildapricot.org").per_second == 1
    assert limit_of("http://127.0.0.1:80").per_second is None

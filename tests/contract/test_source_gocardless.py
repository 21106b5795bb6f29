"""GoCardless's own traps: later payment states, the event log, the reset, what must not land."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic, time
from typing import Any

import pytest
from sites import VendorSite, site

from connectors.errors import AuthenticationError, NotPermitted, QuotaExhausted, SourceError
from connectors.testing.fakes.gocardless import GocardlessFake
from connectors.testing.fakes.gocardless_objects import act, save
from connectors.testing.faults import Faults, http_date

KEY = {"access_token": "sandbox-gc-token"}
LATER_STATES = [
    *("confirmed", "paid_out", "failed", "cancelled"),
    *("charged_back", "customer_approval_denied"),
]


class Organisation:
    """Seven payments of a mandate, each with the events GoCardless writes for it."""

    def __init__(self, vendor: VendorSite) -> None:
        self.vendor, self.lake, self.store = vendor, vendor.lake, vendor.store

    def wait(self, **time: float) -> None:
        self.store.set_now(self.store.now() + timedelta(**time))

    def pay(self, id: str, **body: Any) -> None:
        save(self.store, "payment", id, {"amount": 1200, "links": {"mandate": "MD1"}, **body})
        act(self.store, "payment", id, "created")

    def states(self, source: Any) -> dict[str, str]:
        rows = self.lake.rows(source, "payment", ["id", "status"])
        return {row["id"]: row["status"] for row in rows}


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def organisation(tmp_path: Path, faults: Faults) -> Iterator[Organisation]:
    with site("gocardless", tmp_path, GocardlessFake, faults) as vendor:
        made = Organisation(vendor)
        save(vendor.store, "mandate", "MD1", {"links": {"customer": "CU1"}})
        act(vendor.store, "mandate", "MD1", "active")
        for number in range(1, 8):
            made.wait(hours=2)
            made.pay(f"PM{number}")
        made.wait(hours=2)
        yield made


@pytest.mark.parametrize("state", LATER_STATES)
def test_later_states_come_from_the_events_not_from_the_list(
    organisation: Organisation, state: str
) -> None:
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    lists = len(organisation.vendor.asked("/payments"))
    organisation.wait(days=40)
    act(organisation.store, "payment", "PM2", state)
    receipt, _ = organisation.lake.pull(source, "payment")["payment"]
    assert organisation.states(source)["PM2"] == state
    assert len(organisation.vendor.asked("/payments")) == lists
    # Its events are two hours apart: the overlap brings the last one again, no more.
    assert receipt.rows["payment"] == 2


def test_a_page_of_events_brings_its_objects_along(organisation: Organisation) -> None:
    source = organisation.vendor.source(**KEY, page_size=4)
    organisation.lake.pull(source, "payment")
    organisation.wait(days=1)
    for number in range(1, 8):
        act(organisation.store, "payment", f"PM{number}", "submitted")
        organisation.wait(minutes=1)
        act(organisation.store, "payment", f"PM{number}", "confirmed")
    start = len(organisation.vendor.server.requests)
    organisation.lake.pull(source, "payment")
    asked = organisation.vendor.server.requests[start:]
    assert set(organisation.states(source).values()) == {"confirmed"}
    assert {request.path for request in asked if "PM" in request.path} == set()
    pages = [request for request in asked if request.param("include") == "payment"]
    assert len(pages) == 4
    assert {request.param("resource_type") for request in pages} == {"payments"}


def test_an_object_that_was_not_included_is_fetched(
    organisation: Organisation, faults: Faults
) -> None:
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    act(organisation.store, "payment", "PM3", "failed")
    events = [
        {"id": "EV9", "created_at": "2026-07-01T00:00:00.000Z", "links": {"payment": "PM3"}},
        {"id": "EV8", "created_at": "2026-07-01T00:00:00.000Z", "links": {"payment": "PM99"}},
    ]
    body = {"events": events, "meta": {"cursors": {"before": None, "after": None}, "limit": 500}}
    faults.on("include=payment").status(200, body)
    organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM3"] == "failed"
    assert "PM99" not in organisation.states(source)


def test_a_change_during_the_backfill_is_read_afterwards(
    organisation: Organisation, faults: Faults
) -> None:
    def change() -> None:
        # Newest first: PM7 has been read already when page 2 is asked for.
        act(organisation.store, "payment", "PM7", "failed")

    faults.on(r"^/payments\?").nth(2).drift(change)
    source = organisation.vendor.source(**KEY, page_size=3)
    organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM7"] == "pending_submission"
    organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM7"] == "failed"


def test_an_event_that_appears_late_is_still_read(organisation: Organisation) -> None:
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    moment = organisation.store.now()
    organisation.wait(minutes=30)
    act(organisation.store, "payment", "PM1", "submitted")
    organisation.lake.pull(source, "payment")
    # Made now, but dated before the newest event of the last read.
    organisation.store.set_now(moment)
    act(organisation.store, "payment", "PM2", "failed")
    organisation.wait(hours=1)
    organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM2"] == "failed"


def test_when_the_marks_event_is_gone_everything_is_read_again(
    organisation: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    act(organisation.store, "payment", "PM1", "failed")
    organisation.wait(days=600)
    act(organisation.store, "payment", "PM2", "confirmed")
    with caplog.at_level(logging.WARNING):
        organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM1"] == "failed"
    assert organisation.states(source)["PM2"] == "confirmed"
    assert "reading in full again" in caplog.text
    caplog.clear()
    act(organisation.store, "payment", "PM3", "confirmed")
    organisation.lake.pull(source, "payment")
    assert organisation.states(source)["PM3"] == "confirmed"
    assert "reading in full again" not in caplog.text


def test_an_organisation_without_events_is_read_and_stays_quiet(tmp_path: Path) -> None:
    with site("gocardless", tmp_path, GocardlessFake) as vendor:
        save(vendor.store, "payment", "PM1", {"amount": 100})
        source = vendor.source(**KEY)
        vendor.lake.pull(source, "payment")
        receipt, _ = vendor.lake.pull(source, "payment")["payment"]
        assert receipt.rows["payment"] == 0
        assert len(vendor.lake.rows(source, "payment")) == 1
        act(vendor.store, "payment", "PM1", "confirmed")
        vendor.lake.pull(source, "payment")
        assert vendor.lake.rows(source, "payment", ["status"]) == [{"status": "confirmed"}]


def test_a_slice_asks_for_its_days_only(organisation: Organisation) -> None:
    source = organisation.vendor.source(**KEY)
    now = organisation.store.now()
    since, until = now - timedelta(hours=6), now - timedelta(hours=2)
    organisation.lake.pull(source, "payment", since=since, until=until)
    assert sorted(organisation.states(source)) == ["PM5", "PM6"]


def test_a_removed_customer_is_found_by_its_missing_id(organisation: Organisation) -> None:
    for number in range(3):
        save(organisation.store, "customer", f"CU{number}", {"email": f"c{number}@example.org"})
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "customer")
    save(organisation.store, "customer", "CU0", {"email": "new@example.org"})
    organisation.store.delete("gocardless", "customer", "CU1")
    _, loaded = organisation.lake.pull(source, "customer", reconcile="auto")["customer"]
    assert loaded.deleted["customer"] == 1
    rows = organisation.lake.rows(source, "customer", ["id", "email"])
    assert {row["id"]: row["email"] for row in rows} == {
        "CU0": "new@example.org",
        "CU2": "c2@example.org",
    }


def test_a_page_that_lost_its_last_customer_is_read_anew_at_the_next_run(
    organisation: Organisation, faults: Faults
) -> None:
    for number in range(6):
        save(organisation.store, "customer", f"CU{number}", {})
    gone = partial(organisation.store.delete, "gocardless", "customer", "CU4")
    faults.on(r"^/customers\?").nth(2).drift(gone)
    source = organisation.vendor.source(**KEY, page_size=2)
    with pytest.raises(SourceError, match="invalid_cursor"):
        organisation.lake.extract(source, "customer")
    organisation.lake.pull(source, "customer")
    found = [row["id"] for row in organisation.lake.rows(source, "customer", ["id"])]
    assert found == ["CU0", "CU1", "CU2", "CU3", "CU5"]


@pytest.mark.parametrize(("currency", "amount"), [("EUR", 1250), ("GBP", 1), ("SEK", 125_000)])
def test_minor_units_stay_as_sent(organisation: Organisation, currency: str, amount: int) -> None:
    organisation.pay("PM9", amount=amount, currency=currency)
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    rows = organisation.lake.rows(source, "payment", ["id", "amount", "currency"])
    assert rows[-1] == {"id": "PM9", "amount": amount, "currency": currency}


def test_bank_details_and_addresses_are_not_landed(organisation: Organisation) -> None:
    store = organisation.store
    private = {"address_line1": "HOME", "city": "TOWN", "swedish_identity_number": "NATIONAL"}
    save(store, "customer", "CU1", {"given_name": "Anna", "danish_identity_number": "NATIONAL"})
    save(store, "customer", "CU1", private)
    links = {"customer": "CU1", "customer_bank_account": "BANK"}
    private = {"consent_parameters": {"x": "CONSENT"}, "reference": "BANK-REF"}
    save(store, "mandate", "MD1", {"links": links, **private})
    organisation.pay("PM9", description="SENTENCE")
    save(store, "payout", "PO1", {"amount": 1, "links": {"creditor_bank_account": "BANK"}})
    act(store, "mandate", "MD1", "active", bank_account_id="BANK", description="SENTENCE")
    source = organisation.vendor.source(**KEY)
    for _ in ("lists", "events"):
        organisation.lake.pull(source)
        organisation.wait(minutes=10)
        act(store, "mandate", "MD1", "cancelled", bank_account_id="BANK", description="SENTENCE")
    landed = repr([organisation.lake.rows(source, spec.name) for spec in source.streams()])
    assert "Anna" in landed
    assert "cancelled" in landed
    for word in ("HOME", "TOWN", "NATIONAL", "BANK", "CONSENT", "SENTENCE", "BA0000"):
        assert word not in landed


def _soon() -> tuple[int, float]:
    """A moment one to two seconds from now in unix seconds, and a bit before it by monotonic."""
    reset = int(time()) + 2
    return reset, monotonic() + reset - time() - 0.1


def test_a_429_is_waited_out_until_its_reset(organisation: Organisation, faults: Faults) -> None:
    body = {"error": {"type": "invalid_api_usage", "errors": [{"reason": "rate_limit_exceeded"}]}}
    reset, due = _soon()
    headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": http_date(reset)}
    faults.on(r"^/payments\?").status(429, body, headers)
    source = organisation.vendor.source(**KEY)
    organisation.lake.pull(source, "payment")
    first, second = organisation.vendor.asked("/payments")
    assert first.time < due < second.time
    assert len(organisation.states(source)) == 7


def test_a_reset_too_far_away_ends_the_run(organisation: Organisation, faults: Faults) -> None:
    headers = {"RateLimit-Remaining": "0", "RateLimit-Reset": http_date(time() + 4000)}
    faults.on(r"^/payments\?").status(429, {}, headers)
    with pytest.raises(QuotaExhausted):
        organisation.lake.extract(organisation.vendor.source(**KEY), "payment")


def test_the_last_requests_of_a_minute_are_left_to_others(
    organisation: Organisation, faults: Faults
) -> None:
    reset, due = _soon()
    body = {"payments": [], "meta": {"cursors": {"after": "PM3"}, "limit": 500}}
    headers = {"RateLimit-Remaining": "10", "RateLimit-Reset": http_date(reset)}
    faults.on(r"^/payments\?").status(200, body, headers)
    organisation.lake.extract(organisation.vendor.source(**KEY), "payment")
    first, second = organisation.vendor.asked("/payments")
    assert first.time < due < second.time


def test_the_version_is_on_every_request(organisation: Organisation) -> None:
    organisation.lake.pull(organisation.vendor.source(**KEY))
    sent = {r.headers.get("gocardless-version") for r in organisation.vendor.server.requests}
    assert sent == {"2015-07-06"}


def test_check_names_the_cursor_of_each_stream(organisation: Organisation) -> None:
    said = {item.name: item for item in organisation.vendor.source(**KEY).check()}
    assert all(item.ok for item in said.values())
    assert "by the events" in said["payment"].detail
    assert "in full each time" in said["customer"].detail
    assert "created_at" in said["event"].detail


def test_refusals_in_plain_words(organisation: Organisation, faults: Faults) -> None:
    wrong = organisation.vendor.source(access_token="wrong-token")
    with pytest.raises(AuthenticationError, match="environment") as caught:
        organisation.lake.extract(wrong, "customer")
    assert "wrong-token" not in str(caught.value)
    assert [item.ok for item in wrong.check()] == [False]
    forbidden = {"error": {"type": "invalid_api_usage", "errors": [{"reason": "forbidden"}]}}
    faults.on(r"^/payouts").every().status(403, forbidden)
    source = organisation.vendor.source(**KEY)
    with pytest.raises(NotPermitted, match="forbidden"):
        organisation.lake.extract(source, "payout", full=True)
    said = {item.name: item for item in source.check()}
    assert not said["payout"].ok
    assert "read-only token" in said["payout"].detail
    assert said["customer"].ok


@pytest.mark.parametrize(
    ("status", "kind", "attempts"),
    [
        (500, "gocardless", 3),
        (503, "odd", 3),
        (422, "validation_failed", 1),
        (409, "invalid_state", 1),
    ],
)
def test_only_failures_inside_gocardless_are_tried_again(
    organisation: Organisation, faults: Faults, status: int, kind: str, attempts: int
) -> None:
    errors = [{"reason": "no_good", "message": "Anna Example"}]
    body = {"error": {"type": kind, "message": "Anna Example", "errors": errors}}
    rule = faults.on(r"^/customers\?").every().status(status, body)
    with pytest.raises(Exception, match=r"gocardless\.customer") as caught:
        organisation.lake.extract(organisation.vendor.source(**KEY), "customer")
    assert rule.hits == attempts
    assert "Anna" not in str(caught.value)
    assert isinstance(caught.value, SourceError) == (attempts == 1)

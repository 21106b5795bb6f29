"""Traps of Salesforce: cursors, ties, lost locators, deletes, merges, money, rights, quota."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from org import Org

from connectors.errors import (
    AuthenticationError,
    NotPermitted,
    QuotaExhausted,
    RetryableError,
)
from connectors.protocol import Offer
from connectors.testing.faults import Faults


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Org]:
    org = Org(tmp_path)
    yield org
    org.close()


def test_pages_are_by_time_and_id_and_only_named_fields_are_read(org: Org) -> None:
    for number in range(1, 8):  # all changed in the same second
        org.put("Contact", f"c{number}", Description="about her illness")
    source = org.source()
    org.lake.pull(source, "contact")
    asked = org.asked()
    assert len(asked) == 3
    at = "2026-06-01T10:00:00.000Z"
    wanted = f"(SystemModstamp > {at} OR (SystemModstamp = {at} AND Id > 'c3'))"
    assert wanted in asked[1]
    assert all("ORDER BY SystemModstamp, Id LIMIT 3" in soql for soql in asked)
    assert not any("Description" in soql or "*" in soql or "OFFSET" in soql for soql in asked)
    assert len(org.lake.rows(source, "contact")) == 7


def test_only_changes_are_read_again_ten_seconds_before_the_mark(org: Org) -> None:
    org.contacts(5)
    source = org.source()
    org.lake.pull(source, "contact")
    org.put("Contact", "c002", "2026-06-20 10:00:00", LastName="Changed")
    receipt, loaded = org.lake.pull(source, "contact")["contact"]
    assert "SystemModstamp >= 2026-06-01T10:04:50.000Z" in org.asked()[-1]
    assert receipt.rows["contact"] == 2
    assert loaded.updated["contact"] == 1
    row = org.lake.rows(source, "contact", ["last_name", "modified_at"])[1]
    assert row["last_name"] == "Changed"
    assert row["modified_at"].isoformat() == "2026-06-20T10:00:00"


@pytest.mark.parametrize(
    ("absent", "said", "cursor"),
    [
        ([], "incremental by SystemModstamp", "SystemModstamp >="),
        (["SystemModstamp"], "incremental by LastModifiedDate", "LastModifiedDate >="),
        (["SystemModstamp", "LastModifiedDate"], "incremental by CreatedDate", "CreatedDate >="),
    ],
)
def test_the_best_cursor_of_the_object_is_taken(
    org: Org, absent: list[str], said: str, cursor: str
) -> None:
    org.contacts(5)
    source = org.source({"without": {"Contact": absent}})
    assert said in _said(source)["contact"]
    org.lake.pull(source, "contact")
    org.lake.pull(source, "contact")
    assert cursor in org.asked()[-1]


def test_without_any_time_everything_is_read_each_time(org: Org) -> None:
    org.contacts(5)
    times = ["SystemModstamp", "LastModifiedDate", "CreatedDate"]
    source = org.source({"without": {"Contact": times}})
    assert "read in full each time" in _said(source)["contact"]
    for _ in range(2):
        receipt, _loaded = org.lake.pull(source, "contact")["contact"]
        assert receipt.rows["contact"] == 5
    assert "WHERE Id > 'c003' ORDER BY Id LIMIT 3" in org.asked()[-1]


def test_an_answer_cut_short_by_the_server_is_followed(org: Org) -> None:
    org.contacts(7)
    source = org.source({"page": 2}, page_size=7)
    receipt, _ = org.lake.pull(source, "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert len([path for path in org.paths() if path.startswith("query/01g")]) == 3
    assert len(org.asked()) == 2  # the second one finds that there is no more


def test_a_forgotten_locator_goes_on_by_key(org: Org) -> None:
    org.contacts(7)
    faults = Faults()
    source = org.source({"page": 2}, faults, page_size=7)
    faults.on(r"/query/01g").drift(lambda: org.fake.forget_locators())
    receipt, _ = org.lake.pull(source, "contact")["contact"]
    assert receipt.rows["contact"] == 7
    assert "Id > 'c002'" in org.asked()[1]


def test_the_bin_is_a_flag_and_what_left_it_a_missing_id(org: Org) -> None:
    org.contacts(5)
    source = org.source()
    org.lake.pull(source, "contact")
    org.put("Contact", "c002", "2026-06-20 10:00:00", IsDeleted=True)
    org.store.delete("salesforce", "Contact", "c004")
    org.lake.pull(source, "contact")
    assert [r["id"] for r in org.lake.rows(source, "contact", ["id"], deleted=True)] == ["c002"]
    org.lake.pull(source, "contact", reconcile="always")
    gone = org.lake.rows(source, "contact", ["id"], deleted=True)
    assert [row["id"] for row in gone] == ["c002", "c004"]
    assert "SELECT Id FROM Contact ORDER BY Id LIMIT 3" in org.asked("/query")


def test_a_merge_names_the_winner(org: Org) -> None:
    org.contacts(2)
    source = org.source()
    org.lake.pull(source, "contact")
    org.put("Contact", "c002", "2026-06-20 10:00:00", IsDeleted=True, MasterRecordId="c001")
    org.lake.pull(source, "contact")
    gone = org.lake.rows(source, "contact", ["id", "master_record_id"], deleted=True)
    assert gone == [{"id": "c002", "master_record_id": "c001"}]


@pytest.mark.parametrize("bulk_from_rows", [1, 100])
def test_money_and_parents_are_the_same_both_ways(org: Org, bulk_from_rows: int) -> None:
    org.put("Contact", "c1")
    until = "2026-12-31"
    dues = {"npsp__Primary_Contact__c": "c1", "npe01__Membership_End_Date__c": until}
    org.put("Opportunity", "o1", AccountId="a1", **dues)
    paid = {"npe01__Opportunity__c": "o1", "npe01__Paid__c": True}
    org.put("npe01__OppPayment__c", "p1", npe01__Payment_Amount__c=1234567.35, **paid)
    org.put("npe01__OppPayment__c", "p2", npe01__Payment_Amount__c=-5, CurrencyIsoCode="JPY")
    source = org.source({"multi_currency": True}, bulk_from_rows=bulk_from_rows)
    org.lake.pull(source, "payment")
    columns = ["id", "contact_id", "amount", "currency", "purpose", "is_paid", "dues_until"]
    first, second = org.lake.rows(source, "payment", columns)
    assert first["amount"] == Decimal("1234567.35")
    assert (first["contact_id"], first["purpose"], first["is_paid"]) == ("c1", "donation", True)
    assert str(first["dues_until"]) == until
    assert (second["amount"], second["currency"]) == (Decimal(-5), "JPY")
    assert (second["contact_id"], second["is_paid"]) == (None, False)
    assert ("jobs/query" in org.paths()) == (bulk_from_rows == 1)


def test_a_row_is_no_other_version_for_coming_another_way(org: Org) -> None:
    org.contacts(2, npsp__Deceased__c=True, EmailBouncedDate="2026-05-01T08:00:00.000+0000")
    source = org.source(bulk_from_rows=1)
    org.lake.pull(source, "contact")
    slow = org.again({**org.settings, "bulk_from_rows": 100})
    _, loaded = org.lake.pull(slow, "contact", full=True)["contact"]
    assert loaded.updated["contact"] == 0
    assert loaded.inserted["contact"] == 0


def test_an_expired_session_is_renewed_once_and_a_rotated_token_is_kept(org: Org) -> None:
    org.contacts(5)
    source = org.source({"refresh_token": "first"}, refresh_token="first")
    org.lake.pull(source, "contact")
    org.fake.expire_tokens()
    other = org.again(org.settings)  # a later run still has "first" in its settings
    org.lake.pull(other, "contact")
    assert org.fake.refresh_token == "first++"
    assert [path for path in org.paths() if "token" in path] == ["/services/oauth2/token"] * 2


def test_a_connection_made_anew_does_not_go_on_with_the_revoked_one(org: Org) -> None:
    org.contacts(1)
    org.lake.pull(org.source({"refresh_token": "first"}, refresh_token="first"), "contact")
    org.fake.expire_tokens()
    org.fake.refresh_token = "second"
    with pytest.raises(AuthenticationError, match="refresh token"):
        org.lake.extract(org.again(org.settings), "contact")
    org.lake.pull(org.again({**org.settings, "refresh_token": "second"}), "contact")


def test_a_wrong_secret_is_said_without_showing_it(org: Org) -> None:
    source = org.source(client_secret="wrong-secret")
    with pytest.raises(AuthenticationError) as caught:
        org.lake.extract(source, "contact")
    assert "wrong-secret" not in str(caught.value)
    items = source.check()
    assert [item.ok for item in items] == [False]


def test_a_redirect_to_the_log_in_is_about_the_credentials(org: Org) -> None:
    org.contacts(1)
    faults = Faults()
    headers = {"Location": "https://login.example.org/", "Content-Type": "text/html"}
    faults.on("/queryAll").every().status(302, "<html>Log in</html>", headers)
    with pytest.raises(AuthenticationError, match="log-in"):
        org.lake.extract(org.source(None, faults), "contact")


def test_no_request_beyond_the_share_of_the_allowance(org: Org) -> None:
    org.contacts(9)
    source = org.source({"allowance": 10}, quota_percent=50)
    with pytest.raises(QuotaExhausted, match="5 of its 10 API calls") as caught:
        org.lake.extract(source, "contact")
    assert caught.value.stream == "contact" or caught.value.source == "crm"
    assert org.fake.used == 5
    # The pages before it are landed: the next run goes on from there.
    assert org.lake.landing.unfinished("crm", "contact") is not None


def test_a_used_up_allowance_is_not_retried_but_too_many_at_once_is(org: Org) -> None:
    org.contacts(1)
    faults = Faults()
    source = org.source(None, faults)
    spent = b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]'
    busy = spent.replace(b"TotalRequests", b"ConcurrentRequests (Concurrent API Requests)")
    rule = faults.on("/queryAll").every().status(403, spent)
    with pytest.raises(QuotaExhausted, match="used up"):
        org.lake.extract(source, "contact")
    assert rule.hits == 1
    faults.clear()
    faults.on("/queryAll").times(2).status(403, busy)
    assert org.lake.extract(source, "contact").rows["contact"] == 1


def test_errors_never_repeat_the_query(org: Org) -> None:
    faults = Faults()
    source = org.source(None, faults)
    body = b'[{"errorCode":"QUERY_TIMEOUT","message":"WHERE LastName = Anna Example"}]'
    faults.on("/queryAll").every().status(400, body)
    with pytest.raises(RetryableError, match="QUERY_TIMEOUT") as caught:
        org.lake.extract(source, "contact")
    assert "Anna" not in str(caught.value)


def test_what_the_user_may_not_see_is_named(org: Org) -> None:
    org.contacts(1)
    source = org.source(
        {
            "hidden": ["npe01__OppPayment__c"],
            "without": {"Contact": ["npsp__Deceased__c"]},
            "sees_limits": False,
        }
    )
    items = {item.name: item for item in source.check()}
    assert not items["payment"].ok
    assert "npe01__OppPayment__c" in items["payment"].detail
    assert "is_deceased (npsp__Deceased__c)" in items["contact"].detail
    assert "master_record_id" not in items["contact"].detail
    assert "API calls" in items["calls"].detail
    with pytest.raises(NotPermitted, match="npe01__OppPayment__c") as caught:
        org.lake.extract(source, "payment")
    assert caught.value.stream == "payment"
    org.lake.pull(source, "contact")
    assert org.lake.rows(source, "contact", ["is_deceased"]) == [{"is_deceased": None}]


def test_the_check_says_cursor_use_and_what_is_left(org: Org) -> None:
    said = _said(org.source())
    assert "incremental by SystemModstamp; feeds people, consents" in said["contact"]
    assert "bulk query jobs" in said["calls"]
    assert said.keys() == {
        *("contact", "account", "membership_term", "event", "registration", "payment", "case"),
        "calls",
    }


def test_objects_no_map_reads_are_offered(org: Org) -> None:
    offers = org.source().offers()
    assert Offer("Volunteer_Shift__c", "Volunteer Shift") in offers
    names = {offer.name for offer in offers}
    assert not names & {"Contact", "npe01__OppPayment__c", "ContactHistory"}


def _said(source: Any) -> dict[str, str]:
    items = source.check()
    assert all(item.ok for item in items), items
    return {item.name: item.detail for item in items}

"""What is HubSpot's own about its adapter: statuses never written, search that lags, opt-outs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from platform_cases_hubspot import HubspotAccount
from pydantic import ValidationError

from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    NotPermitted,
    QuotaExhausted,
)
from connectors.platforms.hubspot import HubspotPlatformSettings
from connectors.platforms.hubspot.contacts import as_contact
from connectors.platforms.protocol import FieldUpdate
from connectors.platforms.rows import KnownContacts
from connectors.testing.fakes.hubspot import KEY, HubspotFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes


@pytest.fixture
def account(tmp_path: Path) -> Iterator[HubspotAccount]:
    made = HubspotAccount(tmp_path / "account")
    yield made
    made.close()


def test_requests_that_undo_an_objection_are_never_made(account: HubspotAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"firstname": "Bo"}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    contact, members = "/crm/v3/objects/contacts", f"/crm/v3/lists/{ref.platform_id}/memberships"
    assert writes(account) == [
        ("POST", contact),
        ("PATCH", f"{contact}/1"),
        ("POST", "/crm/v3/lists"),
        ("PUT", f"{members}/add"),
        ("PUT", f"{members}/remove"),
    ]
    asked = [r for r in account.server.requests if "communication-preferences" in r.path]
    assert {r.method for r in asked} == {"GET"}
    sent = [r.json()["properties"] for r in account.server.requests if r.method == "PATCH"]
    assert sent == [{"firstname": "Bo"}]


@pytest.mark.parametrize("subscription", [None, 12])
def test_an_opt_out_outlives_the_contact(account: HubspotAccount, subscription: int | None) -> None:
    """The status belongs to the address: whoever was deleted is not made again to be written to."""
    account.put("a@example.org")
    account.fake.person_acts("a@example.org", subscription=subscription)
    account.leave("a@example.org")
    adapter = account.adapter()
    assert adapter.read_contact("a@example.org") is None
    assert create(adapter, "A@example.org").outcome == "suppressed"
    assert account.statuses() == {}
    # Without asking, HubSpot would carry the opt-out over, and adding would see it.
    careless = account.adapter(ask_preferences=False)
    assert create(careless, "a@example.org").outcome == "acknowledged"
    (added,) = careless.add_members(careless.ensure_segment("01_x"), ["a@example.org"])
    assert added.outcome == "suppressed"


def test_only_some_subscriptions_may_count(account: HubspotAccount) -> None:
    account.put("a@example.org", "opted out of a type")
    account.put("b@example.org", "opted out")
    account.fake.person_acts("gone@example.org")
    account.fake.person_acts("partly@example.org", subscription=12)
    lenient = account.adapter(heed_subscriptions=[11])
    assert create(lenient, "gone@example.org").outcome == "suppressed", "from everything"
    assert create(account.adapter(), "partly@example.org").outcome == "suppressed"
    assert create(lenient, "partly@example.org").outcome == "acknowledged"
    account.leave("partly@example.org")
    for heeded, expected in (
        ("any", ["unsubscribed", "unsubscribed"]),
        ([12], ["unsubscribed", "unsubscribed"]),
        ([11], ["subscribed", "unsubscribed"]),
        ([], ["subscribed", "unsubscribed"]),
    ):
        adapter = account.adapter(heed_subscriptions=heeded)
        assert [c.status for c in adapter.read_statuses()] == expected, heeded


def test_search_that_lags_hides_nobody_from_adding(account: HubspotAccount) -> None:
    account.refusing.app = HubspotFake(account.store, search_lag=timedelta(seconds=30))
    adapter = account.adapter()
    emails = subscribe(account, 2)
    account.later()
    ref = adapter.ensure_segment("01_x")
    read = adapter.read_statuses()
    assert len(read) == 2
    account.put(emails[0], "opted out")
    latest = max(c.changed_at for c in read if c.changed_at is not None)
    assert adapter.read_statuses(latest) == [], "the search does not know yet"
    assert plain(adapter.add_members(ref, emails)) == {
        emails[0]: "suppressed",
        emails[1]: "acknowledged",
    }


def test_more_changes_than_search_can_show_are_read_in_full(
    account: HubspotAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fake refuses pages beyond its limit, as HubSpot does beyond 10,000."""
    monkeypatch.setattr("connectors.platforms.hubspot.api.SEARCH_MOST", 4)
    monkeypatch.setattr("connectors.platforms.hubspot.api.SEARCH_PAGE", 2)
    account.fake.contacts.search_most = 4
    subscribe(account, 5)
    adapter = account.adapter()
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert len(adapter.read_statuses(long_ago)) == 5


def test_a_second_address_of_a_contact_is_no_contact(account: HubspotAccount) -> None:
    account.put("a@example.org")
    account.fake.contacts.touch("a@example.org", hs_additional_emails="b@example.org")
    adapter = account.adapter()
    outcome = create(adapter, "b@example.org")
    assert (outcome.outcome, outcome.reason, outcome.permanent) == (
        "failed",
        "secondary_address",
        True,
    )
    assert list(account.statuses()) == ["a@example.org"]
    ref = adapter.ensure_segment("01_x")
    (added,) = adapter.add_members(ref, ["b@example.org"])
    assert (added.outcome, added.reason) == ("failed", "not_on_list")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["b@example.org"])
    assert account.members(ref.platform_id) == {"a@example.org"}


def test_dynamic_lists_and_lists_of_companies_are_not_ours(account: HubspotAccount) -> None:
    account.fake.lists.make("mj:01_x", "DYNAMIC")
    account.fake.lists.make("mj:20_y", object_type="0-2")
    adapter = account.adapter()
    assert adapter.find_segments(["01_x", "20_y"]) == {}


def test_a_list_that_is_gone(account: HubspotAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    account.fake.lists.delete(ref.platform_id)
    assert [(o.outcome, o.reason) for o in adapter.add_members(ref, emails)] == [
        ("failed", "segment_gone")
    ] * 2
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}


def test_more_lists_than_a_page_holds(account: HubspotAccount) -> None:
    for number in range(260):
        account.fake.lists.make(f"mj:{number:03d}_x")
    assert len(account.adapter().find_segments([])) == 260


def test_one_refused_record_does_not_fail_the_others(account: HubspotAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 5)
    ref = adapter.ensure_segment("01_x")
    rule = account.server.faults.on(r"/memberships/add$", method="PUT").times(2)
    rule.status(400, account.error_in_200)
    # The call with five and the first half are refused, then every record is taken.
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"acknowledged"}
    assert account.members(ref.platform_id) == set(emails)


@pytest.mark.parametrize("status", [429, 500])
def test_what_was_done_but_cannot_be_read_back_is_not_taken_for_failed(
    account: HubspotAccount, status: int
) -> None:
    """HubSpot says nothing about who was in the list already; a failed row is never ours again."""
    adapter = account.adapter(max_attempts=1)
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails[:2])
    account.server.faults.on(r"/memberships\?", method="GET").every().status(status)
    found = plain(adapter.add_members(ref, emails))
    assert found == dict.fromkeys(emails[:2], "unknown") | {emails[2]: "acknowledged"}
    adapter.remove_members(ref, emails[:1])
    found = plain(adapter.remove_members(ref, emails))
    assert found == {emails[0]: "unknown"} | dict.fromkeys(emails[1:], "acknowledged")


def test_what_is_not_understood_is_no_consent() -> None:
    said: dict[str, Any] = {"id": "1", "properties": {"email": "a@example.org"}}
    assert as_contact(said, "any").status == "unknown"
    assert as_contact({"id": "1"}, "any").status == "unknown"
    said["properties"]["hs_email_optout"] = None
    assert as_contact(said, "any").status == "subscribed"
    for property_, word in (
        ("hs_email_optout", "yes?"),
        ("hs_email_optout_99", "true"),
        ("hs_email_quarantined", "true"),
    ):
        changed = {"id": "1", "properties": {**said["properties"], property_: word}}
        assert as_contact(changed, "any").status in ("unsubscribed", "cleaned")


def test_an_account_that_hides_opt_outs_stops_everything(account: HubspotAccount) -> None:
    account.server.faults.on(r"/properties/contacts$").every().status(
        200, {"results": [{"name": "email"}, {"name": "firstname"}]}
    )
    adapter = account.adapter()
    with pytest.raises(ConfigurationError, match="hs_email_optout"):
        adapter.read_statuses()
    (item,) = adapter.check()
    assert not item.ok


def test_properties_the_account_does_not_have_are_named(account: HubspotAccount) -> None:
    adapter = account.adapter(fields={"firstname": "first_name", "union_number": "member_number"})
    (wrong,) = [item for item in adapter.check() if not item.ok]
    assert "union_number" in wrong.detail
    assert "firstname" not in wrong.detail


def test_a_wrong_token_and_missing_scopes_are_said_plainly(account: HubspotAccount) -> None:
    adapter = account.adapter(token="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "Check the access token" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()
    said = {"status": "error", "category": "MISSING_SCOPES", "message": "scopes"}
    account.server.faults.on("communication-preferences").every().status(403, said)
    with pytest.raises(NotPermitted, match="scopes"):
        create(account.adapter(), "a@example.org")
    assert account.statuses() == {}


def test_a_used_up_day_ends_the_push(account: HubspotAccount) -> None:
    account.refusing.app = HubspotFake(account.store, per_day=3)
    adapter = account.adapter(max_attempts=1)
    with pytest.raises(QuotaExhausted):
        for _ in range(4):
            adapter.read_contact("a@example.org")
    assert len(account.server.requests) == 3, "the last answer was used, then nothing was sent"


def test_an_address_that_was_changed_there_is_not_known_any_more() -> None:
    now = datetime(2026, 6, 30, 21, tzinfo=UTC)
    known = KnownContacts()
    item = {"id": "1", "properties": {"email": "a@example.org", "hs_email_optout": None}}
    known.take([as_contact(item, "any")], now)
    item["properties"] = {"email": "b@example.org", "hs_email_optout": None}
    known.take([as_contact(item, "any")], now)
    assert known.get("a@example.org") is None
    assert known.get("b@example.org") is not None
    # Two people swap addresses, and the one who now has b is read first.
    swapped = [("2", "b@example.org"), ("1", "c@example.org")]
    shown = [{"id": id, "properties": {"email": email}} for id, email in swapped]
    known.take([as_contact(one, "any") for one in shown], now)
    second = known.get("b@example.org")
    assert second is not None
    assert second.contact_id == "2"


def settings(**given: Any) -> HubspotPlatformSettings:
    return HubspotPlatformSettings.model_validate({"token": KEY, "account": "main", **given})


def test_settings() -> None:
    assert KEY not in repr(settings())
    for bad in (
        {"union_mode": True, "fields": {"member_number": "member_number"}},
        {"fields": {"email": "first_name"}},
        {"fields": {"hs_email_optout": "first_name"}},
        {"fields": {"hs_marketable_status": "first_name"}},
        {"fields": {"firstname": "stage"}},
        {"account": "Main account"},
        {"base_url": "http://hubspot.example.org"},
        {"plan": "gold"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)


def test_union_mode_sends_little_and_names_nothing(account: HubspotAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"firstname": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

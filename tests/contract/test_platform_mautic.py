"""What is Mautic's own about its adapter: objections only read, merges avoided, cached totals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from platform_cases_mautic import MauticAccount
from pydantic import ValidationError

from connectors.errors import AuthenticationError, SourceError
from connectors.platforms.mautic import MauticPlatformSettings
from connectors.platforms.mautic.contacts import as_contact
from connectors.platforms.protocol import FieldUpdate
from connectors.testing.fakes.mautic import CLIENT_ID, CLIENT_SECRET, PASSWORD, USER, MauticFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes


@pytest.fixture
def account(tmp_path: Path) -> Iterator[MauticAccount]:
    made = MauticAccount(tmp_path / "account")
    yield made
    made.close()


def test_requests_that_undo_an_objection_are_never_made(account: MauticAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"firstname": "Bo", "lastname": ""}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    assert writes(account) == [
        ("POST", "/api/contacts/new"),
        ("PATCH", "/api/contacts/1/edit"),
        ("POST", "/api/segments/new"),
        ("POST", "/api/segments/1/contacts/add"),
        ("POST", "/api/segments/1/contact/1/remove"),
    ]
    sent = [r.json() for r in account.server.requests if r.method == "PATCH"]
    assert sent == [{"firstname": "Bo", "lastname": "", "overwriteWithBlank": True}]
    assert not [r for r in account.server.requests if b"doNotContact" in r.body]
    assert account.fake.journal() == []


def test_a_blank_value_takes_an_older_one_away(account: MauticAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org", last_name="Lovelace")
    adapter.update_fields(FieldUpdate("a@example.org", {"firstname": "Ada", "lastname": ""}))
    contact = adapter.read_contact("a@example.org")
    assert contact is not None
    assert adapter.own_fields(contact) == {"firstname": "Ada", "lastname": ""}


def test_one_objection_counts_for_every_contact_of_the_address(account: MauticAccount) -> None:
    adapter = account.adapter()
    first = account.fake.contacts.insert("a@example.org")
    second = account.fake.contacts.insert("A@example.org")
    account.put("b@example.org")
    account.fake.contacts.objects(str(second["id"]), 1)
    statuses = {c.email.lower(): c.status for c in adapter.read_statuses()}
    assert statuses == {"a@example.org": "unsubscribed", "b@example.org": "subscribed"}
    ref = adapter.ensure_segment("01_x")
    assert plain(adapter.add_members(ref, ["a@example.org", "b@example.org"])) == {
        "a@example.org": "suppressed",
        "b@example.org": "acknowledged",
    }
    for one in (first, second):
        account.fake.segments.join(ref.platform_id, str(one["id"]))
    assert plain(adapter.remove_members(ref, ["a@example.org"])) == {
        "a@example.org": "acknowledged"
    }
    assert account.members(ref.platform_id) == {"b@example.org"}


def test_similar_letters_are_not_the_same_person(account: MauticAccount) -> None:
    adapter = account.adapter()
    account.put("zoe@example.org")
    account.put("renée@example.org", "unsubscribed")
    assert adapter.read_contact("renee@example.org") is None
    ref = adapter.ensure_segment("01_x")
    (added,) = adapter.add_members(ref, ["zoë@example.org"])
    assert (added.outcome, added.reason) == ("failed", "not_on_list")
    assert account.members(ref.platform_id) == set()


def test_what_was_merged_into_an_objecting_contact_is_not_created(account: MauticAccount) -> None:
    """The database finds a contact with a similar address, and its objection stands."""
    account.put("renée@example.org", "unsubscribed")
    assert create(account.adapter(), "renee@example.org").outcome == "suppressed"
    assert set(account.statuses().values()) == {"unsubscribed"}


def test_an_objection_shows_in_changes_although_nothing_looks_modified(
    account: MauticAccount,
) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    account.later()
    mark = account.store.now()
    account.put(emails[1], "unsubscribed")
    assert {one["dateModified"] for one in account.fake.contacts.all()} == {None}, "the trap"
    assert [c.email for c in adapter.read_statuses(mark)] == [emails[1]]


def test_a_total_from_the_cache_is_no_short_read(account: MauticAccount) -> None:
    account.fake = MauticFake(account.store, count_seconds=60)
    account.refusing.app = account.fake
    adapter = account.adapter(page_size=3)
    emails = subscribe(account, 4)
    assert len(adapter.read_statuses()) == 4
    account.put("new@example.org")
    account.put("newer@example.org")
    assert {c.email for c in adapter.read_statuses()} == {
        *emails,
        "new@example.org",
        "newer@example.org",
    }
    account.leave(emails[3])
    assert len(adapter.read_statuses()) == 5


def test_an_answer_without_objections_stops_everything(account: MauticAccount) -> None:
    contact = {"id": 1, "fields": {"all": {"email": "a@example.org"}}}
    body = {"total": 1, "contacts": {"1": contact}}
    account.server.faults.on(r"/contacts\?").every().error_body(body)
    adapter = account.adapter()
    with pytest.raises(SourceError, match="doNotContact"):
        adapter.read_statuses()
    (item,) = adapter.check()
    assert not item.ok


def test_people_are_looked_for_by_fifty_and_added_by_two_hundred(account: MauticAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 200)
    ref = adapter.ensure_segment("01_x")
    before = len(account.server.requests)
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"acknowledged"}
    assert len(account.server.requests) - before == 5


def test_an_address_with_a_comma_is_not_taken_for_two(account: MauticAccount) -> None:
    adapter = account.adapter()
    account.put("a,b@example.org")
    ref = adapter.ensure_segment("01_x")
    assert plain(adapter.add_members(ref, ["a,b@example.org"])) == {
        "a,b@example.org": "acknowledged"
    }


def test_visitors_without_an_address_are_nobody(account: MauticAccount) -> None:
    account.fake.contacts.insert("")
    account.put("a@example.org")
    assert [c.email for c in account.adapter(page_size=1).read_statuses()] == ["a@example.org"]


def test_a_segment_that_is_gone(account: MauticAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    account.fake.segments.forget(ref.platform_id)
    found = adapter.add_members(ref, emails)
    assert [(o.outcome, o.reason) for o in found] == [("failed", "segment_gone")] * 2
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}
    with pytest.raises(SourceError):
        adapter.read_segment(ref)


def test_segments_are_hidden_from_preference_centres(account: MauticAccount) -> None:
    ref = account.adapter().ensure_segment("01_x")
    stored = account.store.get("mautic", "segment", ref.platform_id)
    assert stored is not None
    made = stored.body
    assert (made["isPreferenceCenter"], made["isGlobal"], made["filters"]) == (False, True, [])


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "unknown"),
        ({"doNotContact": []}, "subscribed"),
        ({"doNotContact": [{"channel": "sms", "reason": 1}]}, "subscribed"),
        ({"doNotContact": [{"channel": "email", "reason": 1}]}, "unsubscribed"),
        ({"doNotContact": [{"channel": "email", "reason": "2"}]}, "cleaned"),
        ({"doNotContact": [{"channel": "email", "reason": 3}]}, "unsubscribed"),
        ({"doNotContact": [{"channel": "email", "reason": 9}]}, "unknown"),
        ({"doNotContact": {"3": {"channel": "email", "reason": 1}}}, "unsubscribed"),
    ],
)
def test_reasons_become_statuses(said: dict[str, Any], status: str) -> None:
    assert as_contact({"id": 1, **said}).status == status


def test_the_time_of_an_objection_counts_where_it_is_told() -> None:
    entry = {"channel": "email", "reason": 1, "dateAdded": "2026-06-30T16:00:00-05:00"}
    item = {"id": 1, "dateAdded": "2026-01-01T00:00:00+00:00", "doNotContact": [entry]}
    assert as_contact(item).changed_at == datetime(2026, 6, 30, 21, tzinfo=UTC)


def test_oauth_asks_for_a_token_once(account: MauticAccount) -> None:
    oauth = {"user": None, "password": None}
    adapter = account.adapter(**oauth, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    account.put("a@example.org")
    assert len(adapter.read_statuses()) == len(adapter.read_statuses()) == 1
    asked = [r.path for r in account.server.requests if "oauth" in r.path]
    assert asked == ["/oauth/v2/token"]


def test_wrong_credentials_are_said_plainly(account: MauticAccount) -> None:
    adapter = account.adapter(password="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "Check the credentials" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()


def test_the_check_names_fields_that_would_be_lost_or_merge(account: MauticAccount) -> None:
    items = account.adapter(fields={"nickname": "first_name"}).check()
    assert [item.detail for item in items if not item.ok] == [
        "make nickname a field that is not unique, or leave it out of `fields`"
    ]


def settings(**given: Any) -> MauticPlatformSettings:
    base = {"account": "main", "base_url": "https://x.example.org"}
    return MauticPlatformSettings.model_validate({**base, **given})


def test_settings() -> None:
    basic = {"user": USER, "password": PASSWORD}
    assert PASSWORD not in repr(settings(**basic))
    for bad in (
        {},
        {"user": USER},
        {**basic, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
        {**basic, "client_id": CLIENT_ID},
        {**basic, "union_mode": True, "fields": {"lastname": "member_number"}},
        {**basic, "fields": {"email": "first_name"}},
        {**basic, "fields": {"doNotContact": "first_name"}},
        {**basic, "fields": {"firstname": "stage"}},
        {**basic, "account": "Main account"},
        {**basic, "base_url": "http://x.example.org"},
        {**basic, "unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)


def test_union_mode_sends_little_and_names_nothing(account: MauticAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"firstname": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

"""What is ActiveCampaign's own about its adapter: tags and never lists, statuses read in full."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from platform_cases_activecampaign import ActiveCampaignAccount
from pydantic import ValidationError

from connectors.errors import AuthenticationError, SourceError
from connectors.platforms.activecampaign import ActiveCampaignPlatformSettings
from connectors.platforms.activecampaign.contacts import as_contact
from connectors.platforms.protocol import FieldUpdate
from connectors.testing.fakes.activecampaign import KEY, ActiveCampaignFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes

SPEC = "activecampaign-partial.yml"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ActiveCampaignAccount]:
    made = ActiveCampaignAccount(tmp_path / "account")
    yield made
    made.close()


def every_write(account: ActiveCampaignAccount) -> list[tuple[str, str]]:
    """One call of every writing method; the requests made."""
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"firstName": "Bo", "lastName": ""}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    return writes(account)


def test_requests_that_undo_an_objection_are_never_made(account: ActiveCampaignAccount) -> None:
    assert every_write(account) == [
        ("POST", "/api/3/contacts"),
        ("PUT", "/api/3/contacts/1"),
        ("POST", "/api/3/tags"),
        ("POST", "/api/3/contactTags"),
        ("DELETE", "/api/3/contactTags/1"),
    ]
    sent = [r.json() for r in account.server.requests if r.method == "PUT"]
    assert sent == [{"contact": {"firstName": "Bo", "lastName": ""}}], "no address, no list"
    assert account.fake.journal() == []


def test_requests_fit_activecampaigns_description(account: ActiveCampaignAccount) -> None:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: ActiveCampaign's description is not here")
    document = yaml.safe_load((Path(folder) / SPEC).read_text())
    every_write(account)
    checked = 0
    for request in account.server.requests:
        described = document["paths"].get(request.path, {}).get(request.method.lower())
        if described is None:
            continue  # updates and tags are not in the description at hand
        checked += 1
        if request.method == "POST":
            schema = described["requestBody"]["content"]["application/json"]["schema"]
            rooted = {"allOf": [schema], "components": document["components"]}
            assert list(Draft7Validator(rooted).iter_errors(request.json())) == []
        else:
            known = {parameter["name"] for parameter in described["parameters"]}
            # These four are on the vendor's own page on pagination and ordering.
            known |= {"limit", "include", "orders[id]", "ids[]"}
            assert {name for name, _ in request.query} <= known
    assert checked >= 5


def test_leaving_a_list_does_not_hide_behind_an_old_date(account: ActiveCampaignAccount) -> None:
    """Whether it makes a contact look updated is not verified: who may be tagged is read now."""
    account.fake = ActiveCampaignFake(account.store, list_changes_move_udate=False)
    account.refusing.app = account.fake
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    adapter.read_statuses()
    account.later()
    account.put(emails[0], "unsubscribed")
    updated = {body["email"]: body["udate"] for body in account.fake.contacts.all()}
    assert len(set(updated.values())) == 1, "the trap: nothing looks changed"
    assert plain(adapter.add_members(ref, emails)) == {
        emails[0]: "suppressed",
        emails[1]: "acknowledged",
        emails[2]: "acknowledged",
    }


def test_a_chunk_is_looked_at_with_one_request(account: ActiveCampaignAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 50)
    ref = adapter.ensure_segment("01_x")
    adapter.read_statuses()
    before = len(account.server.requests)
    adapter.add_members(ref, emails)
    assert len(account.server.requests) - before == 51
    adapter.add_members(ref, emails)
    assert len(account.server.requests) - before == 52, "who has the tag is not tagged again"
    adapter.remove_members(ref, emails)
    assert len(account.server.requests) - before == 103


def test_an_address_that_was_changed_there_is_not_tagged(account: ActiveCampaignAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    adapter.read_statuses()
    known = account.fake.contacts.find(emails[0])
    assert known is not None
    account.fake.contacts.change(known, {"email": "moved@example.org"})
    found = {o.email: (o.outcome, o.reason) for o in adapter.add_members(ref, emails)}
    assert found[emails[0]] == ("failed", "not_on_list")
    assert account.members(ref.platform_id) == set(emails[1:])


def test_an_answer_without_list_statuses_stops_everything(account: ActiveCampaignAccount) -> None:
    subscribe(account, 1)
    body = {"contacts": [{"id": "1", "email": "a@example.org"}], "meta": {"total": "1"}}
    account.server.faults.on(r"/contacts\?").every().error_body(body)
    adapter = account.adapter()
    with pytest.raises(SourceError, match="contactLists"):
        adapter.read_statuses()
    (item,) = adapter.check()
    assert not item.ok


def test_only_some_lists_may_count(account: ActiveCampaignAccount) -> None:
    offers = account.fake.make_list("Shop offers")
    account.put("a@example.org")
    account.fake.contacts.person_acts("a@example.org", offers)
    for heeded, expected in (("any", "unsubscribed"), ([2], "unsubscribed"), ([1], "subscribed")):
        (contact,) = account.adapter(heed_lists=heeded).read_statuses()
        assert contact.status == expected, heeded


def test_a_tag_that_is_gone(account: ActiveCampaignAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    account.fake.tags.forget(ref.platform_id)
    assert [(o.outcome, o.reason) for o in adapter.add_members(ref, emails)] == [
        ("failed", "segment_gone")
    ] * 2
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}


def test_template_tags_are_not_ours_and_many_tags_are_read(account: ActiveCampaignAccount) -> None:
    account.fake.tags.make("mj:01_x", "template")
    for number in range(150):
        account.fake.tags.make(f"mj:{number + 10:03d}_x")
    found = account.adapter().find_segments(["01_x"])
    assert len(found) == 150
    assert "01_x" not in found


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, "unknown"),
        ({"bounced_hard": "0"}, "unknown"),
        ({"contactLists": []}, "unknown"),
        ({"bounced_hard": "0", "contactLists": []}, "subscribed"),
        ({"bounced_hard": "1", "contactLists": [{"status": "1"}]}, "cleaned"),
        ({"bounced_hard": "0", "contactLists": [{"status": "1"}, {"status": "2"}]}, "unsubscribed"),
        ({"bounced_hard": "0", "contactLists": [{"status": "1"}, {"status": "91"}]}, "unknown"),
        ({"bounced_hard": "0", "contactLists": [{"status": "1"}, {"status": "0"}]}, "subscribed"),
        ({"bounced_hard": "0", "contactLists": [{"status": "0"}]}, "pending"),
    ],
)
def test_the_strictest_of_what_the_lists_say_counts(said: dict[str, Any], status: str) -> None:
    assert as_contact({"id": "1", "email": "a@example.org", **said}, "any").status == status


def test_times_are_utc_whatever_the_accounts_zone() -> None:
    item = {"id": "1", "udate": "2026-06-30T16:00:00-05:00"}
    assert as_contact(item, "any").changed_at == datetime(2026, 6, 30, 21, tzinfo=UTC)


def test_a_wrong_token_is_said_plainly(account: ActiveCampaignAccount) -> None:
    adapter = account.adapter(api_token="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "Check the API token" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()


def test_the_accounts_five_requests_a_second_are_kept(account: ActiveCampaignAccount) -> None:
    account.refusing.app = ActiveCampaignFake(account.store, per_second=5)
    started = datetime.now(UTC)
    calm = account.adapter(max_attempts=1, allowed_per_second=5, account="calm")
    for _ in range(7):
        assert calm.read_contact("a@example.org") is None
    assert datetime.now(UTC) - started > timedelta(seconds=1.1)
    # Somebody else uses the allowance as well: a 429 is waited for.
    hurried = account.adapter(max_attempts=5, account="other")
    for _ in range(7):
        assert hurried.read_contact("a@example.org") is None


def settings(**given: Any) -> ActiveCampaignPlatformSettings:
    base = {"api_token": KEY, "account": "main", "base_url": "https://x.example.org"}
    return ActiveCampaignPlatformSettings.model_validate({**base, **given})


def test_settings() -> None:
    assert KEY not in repr(settings())
    assert settings().api_url == "https://x.example.org/api/3"
    assert settings(base_url="https://x.example.org/api/3").api_url == settings().api_url
    for bad in (
        {"union_mode": True, "fields": {"lastName": "member_number"}},
        {"fields": {"email": "first_name"}},
        {"fields": {"phone": "member_number"}},
        {"fields": {"firstName": "stage"}},
        {"account": "Main account"},
        {"base_url": "http://x.example.org"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)
    with pytest.raises(ValidationError):
        ActiveCampaignPlatformSettings.model_validate({"api_token": KEY, "account": "main"})


def test_union_mode_sends_little_and_names_nothing(account: ActiveCampaignAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"firstName": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

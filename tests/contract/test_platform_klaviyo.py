"""What is Klaviyo's own about its adapter: jobs never used, 204 is no proof, requests that fit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from klaviyo_description import Description, description_at_hand
from platform_cases_klaviyo import KlaviyoAccount
from pydantic import ValidationError

from connectors.errors import AuthenticationError, NotPermitted
from connectors.platforms.klaviyo import KlaviyoPlatformSettings
from connectors.platforms.klaviyo.profiles import as_contact
from connectors.platforms.protocol import FieldUpdate
from connectors.testing.fakes.klaviyo import KEY, KlaviyoFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes

PROFILES, LISTS = "/api/profiles", "/api/lists"
MEMBERS = f"{LISTS}/{{id}}/relationships/profiles"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[KlaviyoAccount]:
    made = KlaviyoAccount(tmp_path / "account")
    yield made
    made.close()


@pytest.fixture(scope="module")
def description() -> Description:
    return description_at_hand()


def every_write(account: KlaviyoAccount) -> list[tuple[str, str]]:
    """One call of every writing method; the requests made."""
    adapter = account.adapter(fields={"first_name": "first_name", "properties.no": "member_number"})
    create(adapter, "a@example.org", member_number="7")
    adapter.update_fields(FieldUpdate("a@example.org", {"first_name": "", "properties.no": "8"}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    return writes(account)


def test_requests_that_undo_an_objection_are_never_made(account: KlaviyoAccount) -> None:
    made = every_write(account)
    known = account.fake.profiles.find("a@example.org")
    assert known is not None
    assert (known["first_name"], known["properties"]) == (None, {"no": "8"})
    members = f"{LISTS}/Y00002/relationships/profiles"
    assert made == [
        ("POST", PROFILES),
        ("PATCH", f"{PROFILES}/{known['id']}"),
        ("POST", LISTS),
        ("POST", members),
        ("DELETE", members),
    ]
    sent = [r.body.decode() for r in account.server.requests if r.method != "GET"]
    assert not [body for body in sent if "subscri" in body or "suppress" in body]
    assert account.fake.jobs.work() == 0
    assert account.fake.journal() == []
    assert known["consent"] == "NEVER_SUBSCRIBED"


def test_requests_fit_klaviyos_description(
    account: KlaviyoAccount, description: Description
) -> None:
    every_write(account)
    paths = {"/relationships/profiles": MEMBERS, PROFILES: PROFILES, LISTS: LISTS}
    checked = 0
    for request in account.server.requests:
        assert request.headers["revision"] == description.revision
        path = next((p for end, p in paths.items() if request.path.endswith(end)), None)
        if path is None:
            continue  # PATCH of a profile and a list's profiles are not in the description at hand
        checked += 1
        if request.method == "GET":
            assert description.unknown_parameters(path, dict(request.query)) == []
        else:
            body = description.request(path, request.method.lower())
            assert description.errors(body, request.json()) == []
    assert checked >= 10


def test_204_is_no_proof(account: KlaviyoAccount) -> None:
    """Klaviyo does not say what became of a row: the list is read, and silence is `unknown`."""
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    account.server.faults.on(r"/relationships/profiles$", method="POST").status(204)
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"unknown"}
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"acknowledged"}
    account.server.faults.on(r"/relationships/profiles$", method="DELETE").status(204)
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"unknown"}
    assert account.members(ref.platform_id) == set(emails)


@pytest.mark.parametrize("status", [429, 500])
def test_what_was_done_but_cannot_be_read_back_is_not_taken_for_failed(
    account: KlaviyoAccount, status: int
) -> None:
    """A failed row would never count as ours, and nobody could be taken out again."""
    adapter = account.adapter(max_attempts=1)
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    account.server.faults.on(r"/relationships/profiles\?", method="GET").every().status(status)
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"unknown"}
    assert account.members(ref.platform_id) == set(emails)
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"unknown"}
    assert account.members(ref.platform_id) == set()


def test_a_suppression_shows_although_the_profile_does_not_look_updated(
    account: KlaviyoAccount,
) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    read = adapter.read_statuses()
    account.later()
    account.put(emails[0], "unsubscribed")
    account.put(emails[1], "left a list")
    updated = {body["email"]: body["updated"] for body in account.fake.profiles.all()}
    assert len(set(updated.values())) == 1, "the trap: nothing looks changed"
    since = max(c.changed_at for c in read if c.changed_at is not None)
    found = {c.email: c.status for c in adapter.read_statuses(since)}
    assert found == dict.fromkeys(emails[:2], "unsubscribed")


def test_a_list_that_is_gone_is_told_from_a_profile_that_is(account: KlaviyoAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 4)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    # A 404 that is about one of the profiles must not be taken for the end of the list.
    said = {"errors": [{"code": "not_found", "detail": "no such profile"}]}
    rule = account.server.faults.on(r"/relationships/profiles$", method="DELETE").times(2)
    rule.status(404, said)
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}
    assert account.members(ref.platform_id) == set()
    account.fake.lists.delete(ref.platform_id)
    assert [(o.outcome, o.reason) for o in adapter.add_members(ref, emails[:2])] == [
        ("failed", "segment_gone")
    ] * 2
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}


def test_more_lists_than_a_page_holds(account: KlaviyoAccount) -> None:
    for number in range(25):
        account.fake.lists.make(f"mj:{number:02d}_x")
    adapter = account.adapter()
    assert len(adapter.find_segments([])) == 25
    account.fake.lists.make("mj:00_x")
    assert adapter.ensure_segment("00_x").platform_id == "Y00002", "the oldest of that name"


@pytest.mark.parametrize(
    ("marketing", "status"),
    [
        (None, "unknown"),
        ({}, "unknown"),
        ({"consent": "SUBSCRIBED"}, "unknown"),
        ({"consent": "SUBSCRIBED", "can_receive_email_marketing": "yes"}, "unknown"),
        ({"consent": "SUBSCRIBED", "can_receive_email_marketing": False}, "unknown"),
        ({"consent": "MAYBE", "can_receive_email_marketing": True}, "unknown"),
        ({"consent": "NEVER_SUBSCRIBED", "can_receive_email_marketing": True}, "subscribed"),
        ({"consent": "UNSUBSCRIBED", "can_receive_email_marketing": True}, "unsubscribed"),
    ],
)
def test_what_is_not_understood_is_no_consent(marketing: Any, status: str) -> None:
    attributes = {"email": "a@example.org", "subscriptions": {"email": {"marketing": marketing}}}
    assert as_contact({"id": "1", "attributes": attributes}).status == status


def test_any_suppression_is_an_objection() -> None:
    for reason, status in (("HARD_BOUNCE", "cleaned"), ("SOMETHING_NEW", "unsubscribed")):
        marketing = {
            "consent": "SUBSCRIBED",
            "can_receive_email_marketing": True,
            "suppression": [{"reason": reason, "timestamp": "2026-06-30T21:00:00+00:00"}],
        }
        attributes = {
            "email": "a@example.org",
            "updated": "2026-06-30T20:00:00+00:00",
            "subscriptions": {"email": {"marketing": marketing}},
        }
        contact = as_contact({"id": "1", "attributes": attributes})
        assert contact.status == status
        assert contact.changed_at == datetime(2026, 6, 30, 21, tzinfo=UTC)


def test_a_wrong_key_and_missing_scopes_are_said_plainly(account: KlaviyoAccount) -> None:
    adapter = account.adapter(api_key="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "private API key" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()
    said = {"errors": [{"code": "permission_denied", "detail": "scopes"}]}
    account.server.faults.on(PROFILES, method="POST").every().status(403, said)
    with pytest.raises(NotPermitted, match="scopes"):
        create(account.adapter(), "a@example.org")


def test_the_allowance_told_by_headers_is_kept(account: KlaviyoAccount) -> None:
    account.refusing.app = KlaviyoFake(account.store, per_window=3, window=1.0)
    adapter = account.adapter(max_attempts=1)
    started = datetime.now(UTC)
    for _ in range(4):
        assert adapter.read_contact("a@example.org") is None
    assert datetime.now(UTC) - started > timedelta(seconds=0.9)
    assert len(account.server.requests) == 4, "no 429 was needed"


def settings(**given: Any) -> KlaviyoPlatformSettings:
    return KlaviyoPlatformSettings.model_validate({"api_key": KEY, "account": "main", **given})


def test_settings() -> None:
    assert KEY not in repr(settings())
    for bad in (
        {"union_mode": True, "fields": {"properties.no": "member_number"}},
        {"fields": {"email": "first_name"}},
        {"fields": {"subscriptions": "first_name"}},
        {"fields": {"properties.$consent": "first_name"}},
        {"fields": {"external_id": "member_number"}},
        {"fields": {"first_name": "stage"}},
        {"account": "Main account"},
        {"base_url": "http://klaviyo.example.org"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)


def test_union_mode_sends_little_and_names_nothing(account: KlaviyoAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"first_name": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

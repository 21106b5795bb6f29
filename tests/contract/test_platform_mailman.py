"""What is Mailman's own: its traps are in the fake, and the adapter stays out of them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from platform_cases_mailman import DOMAIN, MailmanAccount
from pydantic import ValidationError

from connectors.errors import SourceError
from connectors.platforms.mailman import MailmanPlatformSettings
from connectors.platforms.protocol import FieldUpdate
from connectors.testing.fakes.mailman import PASSWORD, USER
from connectors.testing.messages import Request
from connectors.testing.platform_conformance_tools import create, plain, subscribe


@pytest.fixture
def account(tmp_path: Path) -> Iterator[MailmanAccount]:
    made = MailmanAccount(tmp_path / "account")
    yield made
    made.close()


def ask(account: MailmanAccount, method: str, path: str, **form: str) -> int:
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    headers = {"authorization": f"Basic {token}"}
    request = Request(method, f"/3.1/{path}", (), headers, urlencode(form).encode())
    return account.fake.handle(request).status


def test_the_traps_are_there(account: MailmanAccount) -> None:
    made = account.fake.make_list("x")
    member = {"list_id": made, "subscriber": "a@example.org"}
    yes = dict.fromkeys(("pre_verified", "pre_confirmed", "pre_approved"), "true")
    assert ask(account, "POST", "members", **member, **yes) == 201
    assert list(account.fake.addresses) == ["a@example.org"], "subscribing creates"
    account.fake.person_leaves("a@example.org", made)
    assert ask(account, "POST", "members", **member, **yes) == 201, "and forgets who left"
    account.fake.goodbyes.clear()
    assert ask(account, "DELETE", f"lists/{made}/roster/member", emails="a@example.org") == 200
    assert account.fake.goodbyes == ["a@example.org"], "who is taken off is written to"
    account.fake.bans.append((made, "b@example.org"))
    assert (
        ask(account, "POST", "members", **{**member, "subscriber": "b@example.org"}, **yes) == 400
    )
    assert "b@example.org" in account.fake.addresses, "a refused one stays as a contact"
    assert ask(account, "POST", "members", **{**member, "subscriber": "c@example.org"}) == 202
    assert (
        ask(account, "POST", "members", **{**member, "subscriber": "c@example.org"}, **yes) == 409
    )
    account.put("a/b@example.org")
    assert ask(account, "GET", "addresses/a%2Fb@example.org") == 404


def test_lists_write_to_nobody_by_themselves(account: MailmanAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    adapter.remove_members(ref, emails)
    assert account.fake.goodbyes == []
    assert account.fake.lists[ref.platform_id]["advertised"] is False
    config = account.fake.config[ref.platform_id]
    assert (config["archive_policy"], config["default_member_action"]) == ("never", "hold")
    sent = [r for r in account.server.requests if r.path.endswith("/members")]
    assert all(b"send_welcome_message=false" in r.body for r in sent if r.method == "POST")
    assert not [r for r in account.server.requests if b"delivery_status" in r.body]


def test_a_list_without_its_settings_is_no_segment_yet(account: MailmanAccount) -> None:
    adapter = account.adapter(max_attempts=1)
    account.server.faults.on(r"/config$", method="PATCH").status(500)
    with pytest.raises(Exception, match="500"):
        adapter.ensure_segment("01_x")
    assert adapter.find_segments(["01_x"]) == {}
    ref = adapter.ensure_segment("01_x")
    assert list(adapter.find_segments(["01_x"])) == ["01_x"]
    assert account.fake.config[ref.platform_id]["send_goodbye_message"] == "false"
    assert len(account.segment_names()) == 1


@pytest.mark.parametrize("word", ["by_user", "by_bounces", "by_moderator", "unknown"])
def test_delivery_that_is_off_is_kept(account: MailmanAccount, word: str) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    member = account.fake.member(emails[0], ref.platform_id)
    assert member is not None
    member.status = word
    assert [c.email for c in adapter.read_segment(ref)] == emails[1:]
    assert plain(adapter.add_members(ref, emails[:1])) == {emails[0]: "suppressed"}
    assert plain(adapter.remove_members(ref, emails)) == dict.fromkeys(emails, "acknowledged")
    assert account.fake.member(emails[0], ref.platform_id) is member
    assert member.status == word


def test_a_ban_of_one_list_counts_for_all_of_ours(account: MailmanAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref, other = adapter.ensure_segment("01_x"), adapter.ensure_segment("20_y")
    account.fake.bans.append((ref.platform_id, emails[0]))
    account.fake.bans.append((account.talk, emails[1]))
    assert plain(adapter.add_members(other, emails)) == {
        emails[0]: "suppressed",
        emails[1]: "acknowledged",
    }


def test_a_pattern_bans_people_nobody_knows_yet(account: MailmanAccount) -> None:
    adapter = account.adapter()
    account.fake.bans.append((None, r"^.*@EXAMPLE\.net"))
    assert create(adapter, "a@example.net").outcome == "suppressed"
    assert account.statuses() == {}
    account.put("b@example.net")
    assert [c.status for c in adapter.read_statuses()] == ["unsubscribed"]
    account.fake.bans.append((None, "^(broken"))
    with pytest.raises(SourceError, match="regular expression"):
        adapter.read_statuses()


def test_nothing_confirms_in_the_place_of_a_person(account: MailmanAccount) -> None:
    adapter = account.adapter()
    (email,) = subscribe(account, 1)
    ref = adapter.ensure_segment("01_x")
    account.fake.pending.add((ref.platform_id, email))
    (outcome,) = adapter.add_members(ref, [email])
    assert (outcome.outcome, outcome.reason) == ("failed", "waits_for_approval")
    assert account.members(ref.platform_id) == set()


def test_only_delivery_off_on_our_lists_may_count(account: MailmanAccount) -> None:
    account.put("a@example.org", "by_user")
    account.put("b@example.org", "by_bounces")
    assert {c.status for c in account.adapter().read_statuses()} == {"unsubscribed", "cleaned"}
    lenient = account.adapter(heed_lists="owned")
    assert [c.status for c in lenient.read_statuses()] == ["subscribed", "cleaned"]


def test_an_address_with_a_slash_is_refused(account: MailmanAccount) -> None:
    adapter = account.adapter()
    email = "a/b@example.org"
    account.put(email)
    ref = adapter.ensure_segment("01_x")
    refused = [create(adapter, email), adapter.update_fields(FieldUpdate(email, {}))]
    assert [(o.outcome, o.permanent) for o in refused] == [("failed", True)] * 2
    assert plain(adapter.add_members(ref, [email])) == {email: "failed"}
    assert [c.email for c in adapter.read_statuses()] == [email], "but it is read"


def test_a_dead_server_is_not_asked_for_every_row(account: MailmanAccount) -> None:
    adapter = account.adapter(max_attempts=1)
    emails = subscribe(account, 9)
    ref = adapter.ensure_segment("01_x")
    account.server.faults.on(r"/members$", method="POST").every().status(500)
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"unknown"}
    assert len([r for r in account.server.requests if r.path.endswith("/members")]) == 3


def test_a_missing_domain_is_said_plainly(account: MailmanAccount) -> None:
    items = account.adapter(domain="other.example.org").check()
    assert [item.ok for item in items] == [False]
    account.fake.domain = "moved.example.org"
    (access, *_) = account.adapter(password="wrong").check()
    assert "admin_pass" in access.detail


def settings(**given: Any) -> MailmanPlatformSettings:
    base = {"base_url": "https://lists.example.org", "user": USER, "password": PASSWORD}
    return MailmanPlatformSettings.model_validate(
        {**base, "account": "a", "domain": DOMAIN, **given}
    )


def test_settings() -> None:
    assert settings().api_url == "https://lists.example.org/3.1"
    assert settings().name_parts == ("first_name", "last_name")
    assert settings(union_mode=True).name_parts == ("first_name",)
    assert settings().has_neutral_names, "everybody sees a list's address"
    for bad in (
        {"union_mode": True, "display_name": ["member_number"]},
        {"display_name": ["stage"]},
        {"domain": "Lists.example.org"},
        {"prefix": "mj:"},
        {"user": "a:b"},
        {"base_url": "http://lists.example.org"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)
    assert PASSWORD not in repr(settings())


def test_union_mode_names_nothing(account: MailmanAccount) -> None:
    adapter = account.adapter(union_mode=True)
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

"""What is SendGrid's own about its adapter: objections beside contacts, jobs, upserts, exports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_cases_sendgrid import SendgridAccount
from pydantic import ValidationError

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    ShortReadError,
    SourceError,
)
from connectors.platforms.protocol import FieldUpdate
from connectors.platforms.sendgrid import SendgridPlatformSettings
from connectors.testing.fakes.sendgrid import KEY, SendgridFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes


@pytest.fixture
def account(tmp_path: Path) -> Iterator[SendgridAccount]:
    made = SendgridAccount(tmp_path / "account")
    yield made
    made.close()


def test_requests_that_undo_an_objection_are_never_made(account: SendgridAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"first_name": "Bo", "last_name": ""}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    assert writes(account) == [
        ("PUT", "/v3/marketing/contacts"),
        ("PUT", "/v3/marketing/contacts"),
        ("POST", "/v3/marketing/lists"),
        ("PUT", "/v3/marketing/contacts"),
        ("DELETE", f"/v3/marketing/lists/{ref.platform_id}/contacts"),
    ]
    touched = [r.path for r in account.server.requests if r.method != "GET"]
    assert not [path for path in touched if "suppression" in path or "asm" in path]


def test_nobody_is_named_in_an_address_line(account: SendgridAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    adapter.remove_members(ref, emails)
    adapter.read_statuses()
    assert not [r for r in account.server.requests if "person" in f"{r.path}{r.query}"]


def test_an_upsert_brings_nobody_back_who_was_deleted(account: SendgridAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    rule = account.server.faults.on(r"/v3/marketing/contacts$", method="PUT")
    rule.drift(lambda: account.leave(emails[1]))
    found = {o.email: o.outcome for o in adapter.add_members(ref, emails)}
    assert found == {emails[0]: "acknowledged", emails[1]: "failed", emails[2]: "acknowledged"}
    assert set(account.statuses()) == {emails[0], emails[2]}
    rule = account.server.faults.on(r"/v3/marketing/contacts$", method="PUT")
    rule.drift(lambda: account.leave(emails[0]))
    update = FieldUpdate(emails[0], {"first_name": "Bo"})
    assert adapter.update_fields(update).outcome == "failed"
    assert set(account.statuses()) == {emails[2]}


def test_no_contact_is_deleted_that_the_job_did_not_make(account: SendgridAccount) -> None:
    """Somebody else deleted the contact and made it anew between look and upsert."""
    adapter = account.adapter()
    emails = subscribe(account, 1)
    ref = adapter.ensure_segment("01_x")

    def anew() -> None:
        account.leave(emails[0])
        account.put(emails[0])

    account.server.faults.on(r"/v3/marketing/contacts$", method="PUT").drift(anew)
    (added,) = adapter.add_members(ref, emails)
    assert added.outcome == "failed"
    assert set(account.statuses()) == set(emails)


def test_all_identifiers_are_sent(account: SendgridAccount) -> None:
    account.fake.contacts.save({"email": "a@example.org", "external_id": "x-1"})
    adapter = account.adapter()
    ref = adapter.ensure_segment("01_x")
    assert plain(adapter.add_members(ref, ["a@example.org"])) == {"a@example.org": "acknowledged"}
    adapter.update_fields(FieldUpdate("a@example.org", {"first_name": "Bo"}))
    found = account.fake.contacts.find("a@example.org")
    assert found is not None
    assert (found["external_id"], found["first_name"]) == ("x-1", "Bo")


def test_another_address_of_somebody_is_not_somebody_else(account: SendgridAccount) -> None:
    account.fake.contacts.save({"email": "a@example.org", "alternate_emails": ["b@example.org"]})
    adapter = account.adapter()
    assert create(adapter, "b@example.org").outcome == "acknowledged"
    assert set(account.statuses()) == {"a@example.org"}
    account.fake.suppress("b@example.org", "spam_reports")
    (contact,) = [c for c in adapter.read_statuses() if c.email == "a@example.org"]
    assert contact.status == "unsubscribed"
    ref = adapter.ensure_segment("01_x")
    for email in ("a@example.org", "b@example.org"):
        assert plain(adapter.add_members(ref, [email])) == {email: "suppressed"}


def test_a_job_that_is_not_done_is_not_taken_for_done(account: SendgridAccount) -> None:
    account.fake = SendgridFake(account.store, delay=10_000)
    account.refusing.app = account.fake
    emails = subscribe(account, 2)
    adapter = account.adapter(job_patience_seconds=0.05)
    assert create(adapter, "new@example.org").outcome == "unknown"
    ref = adapter.ensure_segment("01_x")
    assert set(plain(adapter.add_members(ref, emails)).values()) == {"unknown"}
    listed = account.make_segment("mj:20_y", emails)
    assert listed in account.segment_names()
    other = adapter.find_segments(["20_y"])["20_y"]
    assert set(plain(adapter.remove_members(other, emails)).values()) == {"unknown"}


def test_one_contact_that_is_gone_does_not_keep_the_others_on_a_list(
    account: SendgridAccount,
) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 5)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    rule = account.server.faults.on(r"/lists/[^/]+/contacts\?", method="DELETE")
    rule.drift(lambda: account.leave(emails[3]))
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}
    assert account.members(ref.platform_id) == set()


def test_a_list_that_is_gone(account: SendgridAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails[:1])
    account.fake.contacts.forget_list(ref.platform_id)
    found = adapter.add_members(ref, emails[1:])
    assert [(o.outcome, o.reason) for o in found] == [("failed", "segment_gone")] * 2
    assert plain(adapter.remove_members(ref, emails[:1])) == {emails[0]: "acknowledged"}
    with pytest.raises(SourceError):
        adapter.read_segment(ref)


def test_files_are_fetched_without_the_key_and_from_known_hosts(account: SendgridAccount) -> None:
    subscribe(account, 2)
    adapter = account.adapter()
    assert len(adapter.read_statuses()) == 2
    (fetched,) = [r for r in account.server.requests if r.path.startswith("/files/")]
    assert "authorization" not in fetched.headers
    told = {"id": "1", "status": "ready", "contact_count": 1}
    for url in ("https://evil.example.org/x.csv.gz", "http://x.amazonaws.com/x.csv.gz"):
        rule = account.server.faults.on(r"/contacts/exports/")
        rule.error_body({**told, "urls": [url]})
        with pytest.raises(SourceError, match="not known"):
            adapter.read_statuses()


@pytest.mark.parametrize("trouble", ["truncated", "failure", "html"])
def test_an_export_that_is_not_whole_is_an_error(account: SendgridAccount, trouble: str) -> None:
    subscribe(account, 50)
    if trouble == "failure":
        body = {"id": "1", "status": "failure", "urls": []}
        account.server.faults.on(r"/contacts/exports/").every().error_body(body)
    elif trouble == "html":
        account.server.faults.on(r"/files/").every().html()
    else:
        account.server.faults.on(r"/files/").every().truncated(0.6)
    with pytest.raises(JourneyConnectorError):
        account.adapter(max_attempts=1).read_statuses()


def test_a_count_that_is_not_told_with_the_export_is_asked_for(account: SendgridAccount) -> None:
    subscribe(account, 2)
    body = {"id": "1", "status": "ready", "urls": []}
    account.server.faults.on(r"/contacts/exports/").every().error_body(body)
    with pytest.raises(ShortReadError):
        account.adapter().read_statuses()


def test_a_spent_allowance_is_waited_for(account: SendgridAccount) -> None:
    account.fake = SendgridFake(account.store, allowed=6)
    account.refusing.app = account.fake
    emails = subscribe(account, 2)
    started = time.monotonic()
    found = account.adapter(max_attempts=1, account="spent").read_statuses()
    assert {contact.email for contact in found} == set(emails)
    assert time.monotonic() - started > 1, "eight requests, six in two seconds"


def test_a_wrong_key_is_said_plainly(account: SendgridAccount) -> None:
    adapter = account.adapter(api_key="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "Check the key" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()


def settings(**given: Any) -> SendgridPlatformSettings:
    return SendgridPlatformSettings.model_validate({"api_key": KEY, "account": "main", **given})


def test_settings() -> None:
    assert KEY not in repr(settings())
    for bad in (
        {"union_mode": True, "fields": {"last_name": "member_number"}},
        {"fields": {"email": "first_name"}},
        {"fields": {"first_name": "stage"}},
        {"account": "Main account"},
        {"base_url": "http://x.example.org"},
        {"page_size": 501},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)


def test_union_mode_sends_little_and_names_nothing(account: SendgridAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"first_name": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name


def test_lists_on_further_pages_are_found(account: SendgridAccount) -> None:
    account.fake.contacts.most_lists = 2
    for number in range(5):
        account.make_segment(f"mj:{number:02d}_x", [])
    assert len(account.adapter().find_segments([])) == 5


def test_a_failed_job_quarantines_nobody_and_a_bad_row_fails_alone(
    account: SendgridAccount,
) -> None:
    """SendGrid refuses the row of a contact whose other identifier came up after the look."""
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    named = {"email": emails[1], "external_id": "x-1"}
    rule = account.server.faults.on(r"/v3/marketing/contacts$", method="PUT")
    rule.drift(lambda: account.fake.contacts.save(named))
    found = {o.email: o for o in adapter.add_members(ref, emails)}
    outcomes = [found[email].outcome for email in emails]
    assert outcomes == ["acknowledged", "unknown", "acknowledged"]
    assert not found[emails[1]].permanent
    assert account.members(ref.platform_id) == {emails[0], emails[2]}

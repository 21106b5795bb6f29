"""Objections at SendGrid are lists beside the contacts: all of them are read, and all count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from platform_cases_sendgrid import SendgridAccount

from connectors.errors import ShortReadError, SourceError
from connectors.testing.platform_conformance_tools import create, plain, subscribe, writes


@pytest.fixture
def account(tmp_path: Path) -> Iterator[SendgridAccount]:
    made = SendgridAccount(tmp_path / "account")
    yield made
    made.close()


def test_who_objects_without_being_a_contact_is_not_made(account: SendgridAccount) -> None:
    account.fake.suppress("gone@example.org", "unsubscribes")
    adapter = account.adapter()
    (told,) = adapter.read_statuses()
    assert (told.email, told.status) == ("gone@example.org", "unsubscribed")
    assert create(adapter, "Gone@example.org").outcome == "suppressed"
    assert writes(account) == []
    ref = adapter.ensure_segment("01_x")
    (added,) = adapter.add_members(ref, ["gone@example.org"])
    assert added.outcome == "suppressed"
    assert account.statuses() == {}


@pytest.mark.parametrize("change", ["one is taken off", "one is added"])
def test_no_objection_is_lost_between_pages(account: SendgridAccount, change: str) -> None:
    for number in range(7):
        account.fake.suppress(f"p{number}@example.org", "unsubscribes")
        account.store.set_now(account.store.now() + timedelta(seconds=1))

    def drift() -> None:
        if change == "one is added":
            account.fake.suppress("new@example.org", "unsubscribes")
        else:  # the newest goes, and the others move up
            account.store.delete("sendgrid", "suppression", "unsubscribes:0:p6@example.org")

    account.server.faults.on(r"/suppression/unsubscribes\?").nth(2).drift(drift)
    found = {c.email for c in account.adapter(page_size=3).read_statuses()}
    assert found >= {f"p{number}@example.org" for number in range(6)}


def test_objections_that_keep_changing_stop_everything(account: SendgridAccount) -> None:
    for number in range(7):
        account.fake.suppress(f"p{number}@example.org", "bounces")
    other = [{"email": "other@example.org", "created": 1}] * 3
    rule = account.server.faults.on(r"/suppression/bounces\?.*offset=[1-9]").every()
    rule.status(200, str(other).replace("'", '"'), {"Content-Type": "application/json"})
    with pytest.raises(ShortReadError):
        account.adapter(page_size=3).read_statuses()


def test_an_answer_without_objections_stops_everything(account: SendgridAccount) -> None:
    subscribe(account, 1)
    account.server.faults.on(r"/asm/suppressions").every().error_body({"result": []})
    adapter = account.adapter()
    with pytest.raises(SourceError, match="list of objections"):
        adapter.read_statuses()
    (item,) = adapter.check()
    assert not item.ok


def test_only_some_groups_may_count(account: SendgridAccount) -> None:
    account.put("a@example.org", "left a group")
    for heeded, expected in (("any", "unsubscribed"), ([7], "unsubscribed"), ([8], "subscribed")):
        (contact,) = account.adapter(heed_groups=heeded).read_statuses()
        assert contact.status == expected, heeded


def test_who_objects_is_seen_by_an_adapter_that_just_started(account: SendgridAccount) -> None:
    emails = subscribe(account, 2)
    ref = account.adapter().ensure_segment("01_x")
    account.put(emails[0], "unsubscribed")
    expected = {emails[0]: "suppressed", emails[1]: "acknowledged"}
    assert plain(account.adapter().add_members(ref, emails)) == expected
    assert account.members(ref.platform_id) == {emails[1]}


def test_who_objects_after_the_reading_is_not_added(account: SendgridAccount) -> None:
    adapter = account.adapter()
    account.fake.suppress("other@example.org", "bounces")
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.read_statuses()
    account.later()
    account.put(emails[0], "left a group")
    assert plain(adapter.add_members(ref, emails))[emails[0]] == "suppressed"
    assert account.members(ref.platform_id) == {emails[1]}


def test_everybody_who_objects_has_an_id(account: SendgridAccount) -> None:
    """Readers keep contacts by id: with one id for all, only one objection would be left."""
    for number in range(3):
        account.fake.suppress(f"gone{number}@example.org", "unsubscribes")
    adapter = account.adapter()
    found = adapter.read_statuses()
    assert len({contact.contact_id for contact in found}) == len(found) == 3
    account.later()
    account.fake.suppress("gone0@example.org", "bounces")
    (again,) = adapter.read_statuses(account.store.now())
    assert (again.email, again.status) == ("gone0@example.org", "unsubscribed"), "the strictest"
    assert again.contact_id in {contact.contact_id for contact in found}


def test_a_page_that_is_cut_unseen_does_not_hide_objections(account: SendgridAccount) -> None:
    for number in range(7):
        account.fake.suppress(f"p{number}@example.org", "unsubscribes")
    account.fake.most_entries = 3
    assert len(account.adapter().read_statuses()) == 7

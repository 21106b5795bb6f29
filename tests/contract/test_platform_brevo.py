"""What is Brevo's own about its adapter: words never sent, the folder, the rate, attributes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from platform_cases_brevo import BrevoAccount
from pydantic import ValidationError

from connectors.errors import AuthenticationError, ConfigurationError, QuotaExhausted
from connectors.platforms.brevo import BrevoPlatformSettings
from connectors.platforms.brevo.contacts import as_contact
from connectors.platforms.protocol import FieldUpdate
from connectors.platforms.rows import KnownContacts
from connectors.testing.fakes.brevo import KEY, BrevoFake
from connectors.testing.platform_conformance_tools import create, plain, subscribe

NEVER = ("emailBlacklisted", "updateEnabled", "listIds", "unlinkListIds", '"all"', "ext_id")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[BrevoAccount]:
    made = BrevoAccount(tmp_path / "account")
    yield made
    made.close()


def bodies(account: BrevoAccount) -> list[str]:
    return [r.body.decode() for r in account.server.requests if r.method != "GET"]


def test_words_that_can_undo_an_objection_are_never_sent(account: BrevoAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"FIRSTNAME": "Bo"}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    sent = bodies(account)
    assert len(sent) == 6, "create, update, folder, list, add, remove"
    assert not [word for word in NEVER if any(word in body for body in sent)]
    assert not [r for r in account.server.requests if "import" in r.path or r.method == "DELETE"]


def test_nobody_left_to_remove_is_not_everybody(account: BrevoAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    before = bodies(account)
    assert adapter.remove_members(ref, []) == []
    assert adapter.add_members(ref, []) == []
    assert bodies(account) == before
    assert account.members(ref.platform_id) == set(emails)


def test_a_list_is_ours_by_folder_and_prefix(account: BrevoAccount) -> None:
    adapter = account.adapter()
    ref = adapter.ensure_segment("01_x")
    folder = adapter._api.ask("folders")["folders"][0]["id"]
    assert folder != account.other
    account.fake.lists.make("list", "mj:01_y", folderId=account.other)
    account.fake.lists.make("list", "by hand", folderId=folder)
    assert adapter.find_segments(["01_x", "01_y", "by hand"]) == {"01_x": ref}
    # Somebody made a second folder of that name: lists of both are found, new ones go to the first.
    second = account.fake.lists.make("folder", "member-journey")["id"]
    account.fake.lists.make("list", "mj:20_z", folderId=second)
    assert set(adapter.find_segments(["01_x", "20_z"])) == {"01_x", "20_z"}


def test_a_lost_answer_while_making_a_list_is_looked_up(account: BrevoAccount) -> None:
    account.server.faults.on(r"/lists$", method="POST").lost()
    ref = account.adapter().ensure_segment("01_x")
    assert account.segment_names() == {ref.platform_id: "mj:01_x"}


def test_more_lists_than_a_page_holds(account: BrevoAccount) -> None:
    adapter = account.adapter()
    first = adapter.ensure_segment("00_first")
    folder = adapter._api.ask("folders")["folders"][0]["id"]
    for number in range(60):
        account.fake.lists.make("list", f"mj:{number:02d}_x", folderId=folder)
    assert len(adapter.find_segments([])) == 61
    assert adapter.ensure_segment("00_first").platform_id == first.platform_id


def test_a_list_that_is_gone(account: BrevoAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    account.fake.lists.delete(ref.platform_id)
    assert [(o.outcome, o.reason) for o in adapter.add_members(ref, emails)] == [
        ("failed", "segment_gone")
    ] * 2
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}


def test_only_leaving_our_lists_may_count(account: BrevoAccount) -> None:
    account.put("a@example.org", "left a list")
    assert [c.status for c in account.adapter().read_statuses()] == ["unsubscribed"]
    lenient = account.adapter(heed_left_lists="owned")
    assert [c.status for c in lenient.read_statuses()] == ["subscribed"]
    ref = lenient.ensure_segment("01_x")
    assert plain(lenient.add_members(ref, ["a@example.org"])) == {"a@example.org": "acknowledged"}
    account.later()
    account.leave_segment("a@example.org", ref.platform_id)
    assert [c.status for c in lenient.read_statuses()] == ["unsubscribed"]
    assert plain(lenient.add_members(ref, ["a@example.org"])) == {"a@example.org": "suppressed"}
    contact = lenient.read_contact("a@example.org")
    assert contact is not None
    assert contact.status == "unsubscribed"


def test_a_new_list_counts_as_ours_at_once(account: BrevoAccount) -> None:
    adapter = account.adapter(heed_left_lists="owned")
    account.put("a@example.org")
    adapter.read_statuses()
    ref = adapter.ensure_segment("01_x")
    account.leave_segment("a@example.org", ref.platform_id)
    contact = adapter.read_contact("a@example.org")
    assert contact is not None
    assert contact.status == "unsubscribed"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"emailBlacklisted": None},
        {"emailBlacklisted": "no"},
        {"emailBlacklisted": False, "listUnsubscribed": 7},
    ],
)
def test_what_is_not_understood_is_no_consent(said: dict[str, Any]) -> None:
    assert as_contact({"id": 1, "email": "a@example.org", **said}, None).status == "unknown"


def test_attributes_the_account_does_not_have_are_named(account: BrevoAccount) -> None:
    adapter = account.adapter(fields={"FIRSTNAME": "first_name", "MEMBERSHIP": "member_number"})
    (wrong,) = [item for item in adapter.check() if not item.ok]
    assert "MEMBERSHIP" in wrong.detail
    assert "FIRSTNAME" not in wrong.detail


def test_a_wrong_key_is_said_plainly(account: BrevoAccount) -> None:
    adapter = account.adapter(api_key="wrong")
    (item,) = adapter.check()
    assert not item.ok
    assert "Check the API key" in item.detail
    with pytest.raises(AuthenticationError):
        adapter.read_statuses()


def test_an_account_that_may_not_is_no_failed_row(account: BrevoAccount) -> None:
    """A full plan stops the push; it is not the fault of the person who could not be created."""
    adapter = account.adapter()
    full = {"code": "not_enough_credits", "message": "limit of contacts reached"}
    account.server.faults.on(r"/contacts$", method="POST").every().status(402, full)
    with pytest.raises(ConfigurationError, match="plan"):
        create(adapter, "a@example.org")


def test_the_rate_is_kept(account: BrevoAccount) -> None:
    account.refusing.app = BrevoFake(account.store, per_second=10)
    adapter = account.adapter(plan="general", max_attempts=1, page_size=1)
    subscribe(account, 12)
    assert len(adapter.read_statuses()) == 12
    times = [request.time for request in account.server.requests]
    assert times[10] - times[0] > 0.9
    hurried = account.adapter(plan="extended", account="other", max_attempts=5, page_size=1)
    assert len(hurried.read_statuses()) == 12


def test_a_far_reset_ends_the_push_before_the_next_request(account: BrevoAccount) -> None:
    account.refusing.app = BrevoFake(account.store, per_second=1, reset=1800)
    subscribe(account, 2)
    adapter = account.adapter(plan="extended", account="hourly", page_size=1)
    with pytest.raises(QuotaExhausted):
        adapter.read_statuses()
    assert len(account.server.requests) == 1, "the answer counted, and nothing was asked after it"


def test_the_mark_looks_back_and_never_ahead() -> None:
    now = datetime(2026, 6, 30, 21, tzinfo=UTC)
    known = KnownContacts()
    known.take([], now)
    assert known.since is None
    changed = "2026-06-30T20:00:00.000Z"
    item = {"id": 1, "email": "a@example.org", "emailBlacklisted": False, "modifiedAt": changed}
    known.take([as_contact(item, None)], now)
    assert known.since == datetime(2026, 6, 30, 19, 50, tzinfo=UTC)
    # A contact with a time in the future must not hide what changes until then.
    known.take([as_contact({**item, "modifiedAt": "2027-01-01T00:00:00.000Z"}, None)], now)
    assert known.since == datetime(2026, 6, 30, 20, 50, tzinfo=UTC)


def settings(**given: Any) -> BrevoPlatformSettings:
    return BrevoPlatformSettings.model_validate({"api_key": KEY, "account": "main", **given})


def test_settings() -> None:
    assert settings().api_url == "https://api.brevo.com/v3"
    assert settings(base_url="http://127.0.0.1:1/v3").api_url == "http://127.0.0.1:1/v3"
    for bad in (
        {"union_mode": True, "fields": {"MEMBERNO": "member_number"}},
        {"fields": {"EMAIL": "first_name"}},
        {"fields": {"SMS": "member_number"}},
        {"fields": {"FIRSTNAME": "stage"}},
        {"account": "Main account"},
        {"base_url": "http://brevo.example.org"},
        {"plan": "free"},
        {"push": {"brake_share": 2}},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)
    assert KEY not in repr(settings())


def test_union_mode_sends_little_and_names_nothing(account: BrevoAccount) -> None:
    adapter = account.adapter(union_mode=True)
    fields = adapter.render_fields({"first_name": "Ada", "last_name": "L", "member_number": "1"})
    assert fields == {"FIRSTNAME": "Ada"}
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

"""What is listmonk's own: its traps are in the fake, and the adapter stays out of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_cases_listmonk import ListmonkAccount
from pydantic import ValidationError

from connectors.platforms.listmonk import ListmonkPlatformSettings
from connectors.platforms.protocol import FieldUpdate
from connectors.testing.fakes.listmonk import TOKEN, USER, ListmonkFake
from connectors.testing.messages import Request
from connectors.testing.platform_conformance_tools import create, plain, subscribe


@pytest.fixture
def account(tmp_path: Path) -> Iterator[ListmonkAccount]:
    made = ListmonkAccount(tmp_path / "account")
    yield made
    made.close()


def ask(account: ListmonkAccount, method: str, path: str, body: Any) -> int:
    headers = {"authorization": f"token {USER}:{TOKEN}"}
    request = Request(method, f"/api/{path}", (), headers, json.dumps(body).encode())
    return account.fake.handle(request).status


def subscription(account: ListmonkAccount, list_id: str) -> list[str]:
    sql = "select status from subscriber_lists where list_id = ?"
    return [row["status"] for row in account.fake.run(sql, int(list_id))]


def test_the_traps_are_there(account: ListmonkAccount) -> None:
    """ON CONFLICT DO UPDATE: with a status, `add` confirms somebody who has unsubscribed."""
    (email,) = subscribe(account, 1)
    made = account.make_segment("x", [email])
    account.leave_segment(email, made)
    add = {"ids": [1], "action": "add", "target_list_ids": [int(made)]}
    assert ask(account, "PUT", "subscribers/lists", add) == 200
    assert subscription(account, made) == ["unsubscribed"], "without a status it is neutral"
    assert ask(account, "PUT", "subscribers/lists", {**add, "status": "confirmed"}) == 200
    assert subscription(account, made) == ["confirmed"]
    account.leave_segment(email, made)
    ask(account, "PUT", "subscribers/lists", {**add, "action": "remove"})
    ask(account, "PUT", "subscribers/lists", add)
    assert subscription(account, made) == ["unconfirmed"], "the objection is forgotten"
    ask(account, "PATCH", "subscribers/1", {"name": "Ada"})
    assert subscription(account, made) == ["unconfirmed"]
    ask(account, "PUT", "subscribers/1", {"name": "Ada"})
    assert subscription(account, made) == []
    assert ask(account, "POST", "subscribers", {"email": email}) == 409
    missing = {**add, "ids": [1, 99]}
    assert ask(account, "PUT", "subscribers/lists", missing) == 500
    assert subscription(account, made) == [], "all or none"


def test_no_status_and_no_lists_are_ever_sent(account: ListmonkAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    adapter.update_fields(FieldUpdate("a@example.org", {"first_name": "Bo"}))
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, ["a@example.org"])
    adapter.remove_members(ref, ["a@example.org"])
    sent = [(r.method, r.json()) for r in account.server.requests if r.method != "GET"]
    assert [method for method, _ in sent] == ["POST", "PATCH", "POST", "PUT", "PUT"]
    assert not [body for _, body in sent if "status" in body or body.get("lists")]
    assert not [r for r in account.server.requests if "unsubscribe" in r.body.decode()]


def test_who_left_stays_on_record_when_the_segment_lets_go(account: ListmonkAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    account.leave_segment(emails[0], ref.platform_id)
    assert [c.email for c in adapter.read_segment(ref)] == emails[1:]
    assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}
    assert subscription(account, ref.platform_id) == ["unsubscribed"]


def test_an_answer_that_says_done_is_not_believed(account: ListmonkAccount) -> None:
    """listmonk leaves out lists the API user may not manage, and answers as always."""
    adapter = account.adapter()
    emails = subscribe(account, 1)
    ref = adapter.ensure_segment("01_x")
    account.server.faults.on(r"/lists$", method="PUT").every().error_body({"data": True})
    assert [o.reason for o in adapter.add_members(ref, emails)] == ["not_changed"]


def test_attributes_of_others_are_kept(account: ListmonkAccount) -> None:
    adapter = account.adapter()
    create(adapter, "a@example.org")
    account.fake.run("""update subscribers set attribs = '{"city": "Graz"}'""")
    adapter.update_fields(FieldUpdate("a@example.org", {"first_name": "Bo"}))
    (row,) = account.fake.run("select attribs from subscribers")
    assert json.loads(row["attribs"]) == {"city": "Graz", "first_name": "Bo"}


def test_an_address_is_never_an_expression(account: ListmonkAccount) -> None:
    adapter = account.adapter()
    subscribe(account, 3)
    ref = adapter.ensure_segment("01_x")
    evil = "x' or '1'='1"
    assert adapter.read_contact(evil) is None
    assert plain(adapter.add_members(ref, [evil])) == {evil: "failed"}
    assert account.members(ref.platform_id) == set()


def test_only_leaving_our_lists_may_count(account: ListmonkAccount) -> None:
    account.put("a@example.org", "left a list")
    assert [c.status for c in account.adapter().read_statuses()] == ["unsubscribed"]
    lenient = account.adapter(heed_left_lists="owned")
    assert [c.status for c in lenient.read_statuses()] == ["subscribed"]
    ref = lenient.ensure_segment("01_x")
    assert plain(lenient.add_members(ref, ["a@example.org"])) == {"a@example.org": "acknowledged"}
    account.leave_segment("a@example.org", ref.platform_id)
    assert plain(lenient.add_members(ref, ["a@example.org"])) == {"a@example.org": "suppressed"}


def test_leaving_a_list_counts_as_a_change(account: ListmonkAccount) -> None:
    adapter = account.adapter()
    emails = subscribe(account, 2)
    ref = adapter.ensure_segment("01_x")
    adapter.add_members(ref, emails)
    times = [c.changed_at for c in adapter.read_statuses() if c.changed_at is not None]
    account.later()
    account.leave_segment(emails[1], ref.platform_id)
    found = adapter.read_statuses(max(times))
    assert [(c.email, c.status) for c in found] == [(emails[1], "unsubscribed")]


def test_a_missing_permission_is_said_plainly(account: ListmonkAccount) -> None:
    account.refusing.app = ListmonkFake(account.store.now, may_query=False)
    (item,) = account.adapter().check()
    assert not item.ok
    assert "sql_query" in item.detail
    account.refusing.app.close()


def settings(**given: Any) -> ListmonkPlatformSettings:
    base = {"base_url": "https://lists.example.org", "user": USER, "token": TOKEN, "account": "a"}
    return ListmonkPlatformSettings.model_validate({**base, **given})


def test_settings() -> None:
    assert settings().attributes == {"first_name": "first_name", "last_name": "last_name"}
    assert settings(union_mode=True).attributes == {"first_name": "first_name"}
    for bad in (
        {"union_mode": True, "fields": {"number": "member_number"}},
        {"fields": {"First Name": "first_name"}},
        {"fields": {"stage": "stage"}},
        {"user": "a:b"},
        {"base_url": "http://lists.example.org"},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            settings(**bad)
    assert TOKEN not in repr(settings())


def test_union_mode_names_nothing(account: ListmonkAccount) -> None:
    adapter = account.adapter(union_mode=True)
    ref = adapter.ensure_segment("20_grace")
    assert "grace" not in ref.name
    assert adapter.find_segments(["20_grace"])["20_grace"].name == ref.name

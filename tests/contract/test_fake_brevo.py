"""The fake Brevo keeps Brevo's traps: what the adapter must not do does harm here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes.brevo import KEY, BrevoFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path) -> None:
        self.store = RecordStore(folder / "brevo.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = BrevoFake(self.store)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {"api-key": KEY}
        request = Request(method, f"/v3/{path}", tuple(query.items()), headers, sent)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body) if answer.body else None


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    made.store.close()


def is_blocked(account: Account, email: str) -> bool:
    return bool(account.ask("GET", f"contacts/{email}")[1]["emailBlacklisted"])


def test_the_key_is_needed(account: Account) -> None:
    answer = account.fake.handle(Request("GET", "/v3/contacts", (), {"api-key": "wrong"}))
    assert (answer.status, json.loads(answer.body)["code"]) == (401, "unauthorized")


def test_creating_twice_is_refused_unless_updating_is_asked_for(account: Account) -> None:
    assert account.ask("POST", "contacts", {"email": "A@Example.org"}) == (201, {"id": 1})
    status, said = account.ask("POST", "contacts", {"email": "a@example.org"})
    assert (status, said["code"]) == (400, "duplicate_parameter")
    account.fake.contacts.person_acts("a@example.org")
    trap = {"email": "a@example.org", "updateEnabled": True, "emailBlacklisted": False}
    assert account.ask("POST", "contacts", trap) == (204, None)
    assert not is_blocked(account, "a@example.org"), "the trap: the objection is gone"


def test_updating_can_lift_a_block_and_move_an_address(account: Account) -> None:
    account.ask("POST", "contacts", {"email": "a@example.org"})
    account.fake.contacts.person_acts("a@example.org")
    account.ask("PUT", "contacts/a%40example.org", {"attributes": {"FIRSTNAME": "Bo"}})
    assert is_blocked(account, "a@example.org")
    account.ask("PUT", "contacts/a%40example.org", {"emailBlacklisted": False})
    assert not is_blocked(account, "a@example.org")
    account.ask("PUT", "contacts/a%40example.org", {"attributes": {"EMAIL": "b@example.org"}})
    assert account.ask("GET", "contacts/a%40example.org")[0] == 404
    assert account.ask("PUT", "contacts/a%40example.org", {"attributes": {}})[0] == 404
    changes = [(entry["change"], entry["by"]) for entry in account.fake.journal()]
    assert changes.count(("blocked", "person")) == 1
    assert changes.count(("blocked", "api")) == 1


def test_unknown_attributes_are_ignored_in_silence(account: Account) -> None:
    body = {"email": "a@example.org", "attributes": {"FIRSTNAME": "Ada", "NOPE": "x"}}
    assert account.ask("POST", "contacts", body)[0] == 201
    assert account.ask("GET", "contacts/1")[1]["attributes"] == {"FIRSTNAME": "Ada"}


def test_lists_take_addresses_letter_by_letter_and_150_at_most(account: Account) -> None:
    folder = account.ask("POST", "contacts/folders", {"name": "F"})[1]["id"]
    made = account.ask("POST", "contacts/lists", {"name": "L", "folderId": folder})[1]["id"]
    for name in "abc":
        account.ask("POST", "contacts", {"email": f"{name}@example.org"})
    path = f"contacts/lists/{made}/contacts"
    mixed = {"emails": ["a@example.org", "B@example.org", "nobody@example.org"]}
    status, said = account.ask("POST", f"{path}/add", mixed)
    assert status == 201
    assert said["contacts"] == {
        "success": ["a@example.org"],
        "failure": ["B@example.org", "nobody@example.org"],
    }
    status, said = account.ask("POST", f"{path}/add", {"emails": ["a@example.org"]})
    assert (status, said["code"]) == (400, "invalid_parameter")
    assert "already in list" in said["message"]
    many = [f"p{n}@example.org" for n in range(151)]
    assert account.ask("POST", f"{path}/add", {"emails": many})[0] == 400
    account.ask("POST", f"{path}/add", {"emails": ["b@example.org", "c@example.org"]})
    assert account.ask("GET", path, limit="2")[1]["count"] == 3
    assert account.ask("GET", path, limit="501")[0] == 400
    # The trap: one word empties the list.
    assert account.ask("POST", f"{path}/remove", {"all": True})[1]["contacts"]["total"] == 3
    assert account.fake.lists.members(made) == []


def test_being_added_again_undoes_having_left(account: Account) -> None:
    folder = account.ask("POST", "contacts/folders", {"name": "F"})[1]["id"]
    made = account.ask("POST", "contacts/lists", {"name": "L", "folderId": folder})[1]["id"]
    account.ask("POST", "contacts", {"email": "a@example.org", "listIds": [made]})
    account.fake.contacts.person_acts("a@example.org", list_id=made)
    contact = account.ask("GET", "contacts/1")[1]
    assert (contact["listIds"], contact["listUnsubscribed"]) == ([], [made])
    account.ask("POST", f"contacts/lists/{made}/contacts/add", {"emails": ["a@example.org"]})
    contact = account.ask("GET", "contacts/1")[1]
    assert (contact["listIds"], contact["listUnsubscribed"]) == ([made], [])


def test_pages_and_changes(account: Account) -> None:
    for number in range(5):
        account.ask("POST", "contacts", {"email": f"p{number}@example.org"})
    newest = account.ask("GET", "contacts", limit="2")[1]
    assert [c["id"] for c in newest["contacts"]] == [5, 4]
    assert newest["count"] == 5
    oldest = account.ask("GET", "contacts", limit="2", offset="2", sort="asc")[1]
    assert [c["id"] for c in oldest["contacts"]] == [3, 4]
    account.store.set_now(datetime(2026, 6, 30, 22, tzinfo=UTC))
    account.fake.contacts.person_acts("p1@example.org")
    since = account.ask("GET", "contacts", modifiedSince="2026-06-30T21:30:00.000Z")[1]
    assert [c["id"] for c in since["contacts"]] == [2]
    assert since["count"] == 1
    assert account.ask("GET", "contacts", modifiedSince="2026-06-30T21:30:00")[0] == 400
    assert account.ask("GET", "contacts", limit="1001")[0] == 400


def test_more_than_ten_requests_a_second_are_refused(account: Account) -> None:
    fake = BrevoFake(account.store, per_second=10)
    request = Request("GET", "/v3/contacts", (), {"api-key": KEY})
    answers = [fake.handle(request) for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert [answer.headers["x-sib-ratelimit-remaining"] for answer in answers[-2:]] == ["0", "0"]

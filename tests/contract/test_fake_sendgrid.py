"""The fake SendGrid keeps its traps."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes.sendgrid import KEY, SendgridFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

HOST = "http://127.0.0.1:1"


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path) -> None:
        self.store = RecordStore(folder / "sendgrid.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = SendgridFake(self.store)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {"authorization": f"Bearer {KEY}"}
        request = Request(method, f"/v3/{path}", tuple(query.items()), headers, sent, HOST)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body)

    def upsert(self, *contacts: dict[str, Any], lists: list[str] | None = None) -> Any:
        """The job when it is done."""
        body = {"contacts": list(contacts), "list_ids": lists or []}
        job = self.ask("PUT", "marketing/contacts", body)[1]["job_id"]
        for _ in range(3):
            said = self.ask("GET", f"marketing/contacts/imports/{job}")[1]
        return said

    def emails(self) -> set[str]:
        return {one["email"] for one in self.fake.contacts.all()}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    made.store.close()


def test_a_key_is_needed(account: Account) -> None:
    request = Request("GET", "/v3/marketing/lists", (), {"authorization": "Bearer x"})
    assert account.fake.handle(request).status == 401


def test_202_is_not_done(account: Account) -> None:
    body = {"contacts": [{"email": "A@Example.org"}]}
    status, said = account.ask("PUT", "marketing/contacts", body)
    assert (status, account.emails()) == (202, set())
    path = f"marketing/contacts/imports/{said['job_id']}"
    assert account.ask("GET", path)[1]["status"] == "pending"
    assert account.ask("GET", path)[1]["status"] == "completed"
    assert account.emails() == {"a@example.org"}, "in lower case"


def test_an_upsert_makes_and_changes_and_joins(account: Account) -> None:
    made = account.ask("POST", "marketing/lists", {"name": "mj:01_x"})[1]["id"]
    account.upsert({"email": "a@example.org", "first_name": "Ada", "last_name": "L"})
    said = account.upsert({"email": "a@example.org", "first_name": "Bo"}, lists=[made])
    assert said["results"] == {"requested_count": 1, "created_count": 0, "errored_count": 0}
    (known,) = account.fake.contacts.all()
    assert (known["first_name"], known["last_name"], known["list_ids"]) == ("Bo", "L", [made])
    account.upsert({"email": "erased@example.org"}, lists=[made])
    assert "erased@example.org" in account.emails(), "the trap: joining a list makes people"
    body = {"contacts": [{"email": "b@example.org"}], "list_ids": ["none"]}
    assert account.ask("PUT", "marketing/contacts", body)[0] == 404


def test_an_upsert_needs_all_identifiers(account: Account) -> None:
    account.upsert({"email": "a@example.org", "external_id": "x-1"})
    bare, other = {"email": "a@example.org", "first_name": "Bo"}, {"email": "b@example.org"}
    assert account.upsert(bare)["status"] == "failed", "all rows were refused"
    assert account.upsert(bare, other)["status"] == "errored", "some were"
    assert account.emails() == {"a@example.org", "b@example.org"}
    said = account.upsert({"email": "a@example.org", "external_id": "x-1", "first_name": "Bo"})
    assert said["status"] == "completed"


def test_one_invalid_address_refuses_everything(account: Account) -> None:
    contacts = [{"email": "a@example.org"}, {"email": "nonsense"}]
    status, said = account.ask("PUT", "marketing/contacts", {"contacts": contacts})
    assert (status, said["errors"][0]["field"]) == (400, "contacts[1]")
    account.upsert({"email": "a@example.org"})
    search = "marketing/contacts/search/emails"
    assert account.ask("POST", search, {"emails": ["a@example.org", "nonsense"]})[0] == 400
    assert account.ask("POST", search, {"emails": ["a@example.org"] * 101})[0] == 400


def test_searching(account: Account) -> None:
    search = "marketing/contacts/search/emails"
    assert account.ask("POST", search, {"emails": ["a@example.org"]})[0] == 404
    account.upsert({"email": "a@example.org", "alternate_emails": ["b@example.org"]})
    asked = ["B@example.org", "c@example.org"]
    found = account.ask("POST", search, {"emails": asked})[1]["result"]
    assert found["b@example.org"]["contact"]["email"] == "a@example.org", "the trap"
    assert found["c@example.org"] == {"error": "contact not found"}


def test_one_unknown_contact_refuses_a_removal(account: Account) -> None:
    made = account.ask("POST", "marketing/lists", {"name": "mj:01_x"})[1]["id"]
    assert account.ask("POST", "marketing/lists", {"name": "mj:01_x"})[0] == 400
    account.upsert({"email": "a@example.org"}, lists=[made])
    (known,) = account.fake.contacts.all()
    path = f"marketing/lists/{made}/contacts"
    assert account.ask("DELETE", path, contact_ids=f"{known['id']},none")[0] == 404
    assert account.ask("DELETE", path, contact_ids=known["id"])[0] == 202
    for _ in range(2):
        account.ask("GET", "marketing/lists")
    assert account.fake.contacts.all()[0]["list_ids"] == []


def test_objections_are_kept_by_address(account: Account) -> None:
    account.upsert({"email": "a@example.org"})
    account.fake.suppress("a@example.org", "unsubscribes")
    account.fake.contacts.forget(account.fake.contacts.all()[0]["id"])
    account.upsert({"email": "a@example.org"})
    created = int(account.store.now().timestamp())
    assert account.ask("GET", "suppression/unsubscribes")[1] == [
        {"created": created, "email": "a@example.org"}
    ]
    assert account.ask("GET", "suppression/bounces")[1] == []
    account.ask("DELETE", "suppression/unsubscribes/a@example.org")
    assert account.ask("GET", "suppression/unsubscribes")[1] == [], "the trap"


def test_pages_of_objections(account: Account) -> None:
    for number in range(3):
        account.fake.suppress(f"p{number}@example.org", "bounces")
        account.store.set_now(account.store.now() + timedelta(seconds=10))
    account.fake.suppress("a@example.org", "group", 7)
    page = account.ask("GET", "suppression/bounces", limit="2", offset="1")[1]
    assert [one["email"] for one in page] == ["p1@example.org", "p0@example.org"]
    since = str(page[0]["created"])
    page = account.ask("GET", "suppression/bounces", start_time=since)[1]
    assert [one["email"] for one in page] == ["p2@example.org", "p1@example.org"]
    assert [one["group_id"] for one in account.ask("GET", "asm/suppressions")[1]] == [7]


def test_an_export_is_made_later_and_lies_elsewhere(account: Account) -> None:
    made = account.ask("POST", "marketing/lists", {"name": "mj:01_x"})[1]["id"]
    account.upsert({"email": "a@example.org"}, lists=[made])
    account.upsert({"email": "b@example.org"})
    id = account.ask("POST", "marketing/contacts/exports", {"list_ids": [made]})[1]["id"]
    path = f"marketing/contacts/exports/{id}"
    assert account.ask("GET", path)[1]["status"] == "pending"
    said = account.ask("GET", path)[1]
    assert (said["status"], said["contact_count"]) == ("ready", 1)
    file = said["urls"][0].removeprefix(HOST)
    rows = gzip.decompress(account.fake.handle(Request("GET", file)).body).decode().splitlines()
    assert rows[0].startswith("EMAIL,")
    assert rows[1].startswith("a@example.org,")
    refused = account.fake.handle(Request("GET", file, (), {"authorization": f"Bearer {KEY}"}))
    assert refused.status == 403, "a signed address and a key at once"


def test_the_allowance_is_told(account: Account) -> None:
    account.fake = SendgridFake(account.store, allowed=2)
    request = Request(
        "GET", "/v3/marketing/lists", (), {"authorization": f"Bearer {KEY}"}, b"", HOST
    )
    answers = [account.fake.handle(request) for _ in range(6)]
    assert 429 in [answer.status for answer in answers]
    assert answers[0].headers["X-RateLimit-Remaining"] == "1"

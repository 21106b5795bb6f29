"""The fake Mautic keeps its traps."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes.mautic import PASSWORD, USER, MauticFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path) -> None:
        self.store = RecordStore(folder / "mautic.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = MauticFake(self.store)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {"authorization": f"Basic {PAIR}"}
        request = Request(method, f"/api/{path}", tuple(query.items()), headers, sent)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body)

    def reasons(self, id: str) -> list[int]:
        contact = self.ask("GET", f"contacts/{id}")[1]["contact"]
        return [one["reason"] for one in contact["doNotContact"]]


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    made.store.close()


def test_credentials_are_needed(account: Account) -> None:
    answer = account.fake.handle(Request("GET", "/api/contacts", (), {"authorization": "Basic x"}))
    assert answer.status == 401
    assert json.loads(answer.body)["errors"][0]["code"] == 401


@pytest.mark.parametrize("way", ["edit", "create", "remove"])
def test_three_ways_to_write_to_somebody_again(account: Account, way: str) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    account.fake.contacts.objects("1", 1)
    assert account.reasons("1") == [1]
    lifted = {"doNotContact": [{"channel": "email", "reason": 0}]}
    if way == "edit":
        account.ask("PATCH", "contacts/1/edit", lifted)
    elif way == "create":
        account.ask("POST", "contacts/new", {"email": "a@example.org", **lifted})
    else:
        account.ask("POST", "contacts/1/dnc/email/remove")
    assert account.reasons("1") == [], "the trap: the objection is gone"
    last = account.fake.journal()[-1]
    assert (last["before"], last["after"], last["by"]) == ([1], None, "api")


def test_creating_a_known_address_changes_that_contact(account: Account) -> None:
    assert account.ask("POST", "contacts/new", {"email": "a@example.org"})[0] == 201
    account.fake.contacts.objects("1", 2)
    body = {"email": "A@Example.org", "firstname": "Bo"}
    status, said = account.ask("POST", "contacts/new", body)
    assert (status, said["contact"]["id"]) == (200, 1)
    assert said["contact"]["fields"]["all"]["firstname"] == "Bo"
    assert account.reasons("1") == [2]
    assert account.ask("POST", "contacts/new", {"email": "nonsense"})[0] == 400


def test_put_makes_who_is_not_there_and_patch_does_not(account: Account) -> None:
    body = {"email": "a@example.org"}
    assert account.ask("PATCH", "contacts/9/edit", body)[0] == 404
    assert account.ask("PUT", "contacts/9/edit", body)[0] == 201


def test_an_address_in_an_edit_merges_contacts(account: Account) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    account.ask("POST", "contacts/new", {"email": "b@example.org"})
    account.ask("PATCH", "contacts/1/edit", {"email": "b@example.org"})
    assert account.ask("GET", "contacts")[1]["total"] == 1


def test_blanks_are_skipped_unless_asked_for(account: Account) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org", "firstname": "Ada"})
    for more, left in (({}, "Ada"), ({"overwriteWithBlank": True}, None)):
        said = account.ask("PATCH", "contacts/1/edit", {"firstname": "", "other": "x", **more})[1]
        assert said["contact"]["fields"]["all"]["firstname"] == left


def test_adding_says_success_whatever_became_of_the_rows(account: Account) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    account.ask("POST", "segments/new", {"name": "mj:01_x"})
    status, said = account.ask("POST", "segments/1/contacts/add", {"ids": [1, 99]})
    assert (status, said["success"]) == (200, 1)
    assert said["details"] == {"1": {"success": True}, "99": {"success": False}}
    assert account.ask("POST", "segments/1/contacts/add", {})[0] == 400
    assert account.ask("POST", "segments/9/contacts/add", {"ids": [1]})[0] == 404


def test_leaving_leaves_no_trace_and_adding_undoes_a_removal(account: Account) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    account.ask("POST", "segments/new", {"name": "mj:01_x"})
    segments = account.fake.segments
    segments.join("1", "1", by_hand=False)  # a filter let the contact in
    account.ask("POST", "segments/1/contact/1/remove")
    segments.join("1", "1", by_hand=False)
    assert segments.members("1") == set(), "removed by hand: filters respect it"
    account.ask("POST", "segments/1/contacts/add", {"ids": [1]})
    assert segments.members("1") == {"1"}, "the trap: the API does not"
    account.ask("POST", "segments/1/contact/1/remove")
    segments.join("1", "1", by_hand=False)
    assert segments.members("1") == {"1"}, "nothing is left of the removals"
    assert account.ask("POST", "segments/1/contact/1/remove")[1] == {"success": 1}
    assert account.ask("POST", "segments/1/contact/9/remove")[0] == 404


def test_pages_filters_and_empty_mappings(account: Account) -> None:
    assert account.ask("GET", "contacts")[1] == {"total": 0, "contacts": []}
    for name in ("a", "b", "c"):
        account.ask("POST", "contacts/new", {"email": f"{name}@example.org"})
    where = {"where[0][col]": "id", "where[0][expr]": "gt", "where[0][val]": "1"}
    page = account.ask("GET", "contacts", limit="1", orderBy="id", **where)[1]
    assert (page["total"], list(page["contacts"])) == (2, ["2"])
    where = {"where[0][col]": "email", "where[0][expr]": "in"}
    found = account.ask(
        "GET", "contacts", **where, **{"where[0][val]": "A@example.org,ç@example.org"}
    )
    assert list(found[1]["contacts"]) == ["1", "3"], "neither case nor accents count"
    alias = account.ask("POST", "segments/new", {"name": "mj:01_x"})[1]["list"]["alias"]
    account.fake.segments.join("1", "2")
    found = account.ask("GET", "contacts", search=f"segment:{alias}")
    assert list(found[1]["contacts"]) == ["2"]


def test_totals_may_be_seconds_old(account: Account) -> None:
    account.fake = MauticFake(account.store, count_seconds=60)
    account.ask("GET", "contacts")
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    said = account.ask("GET", "contacts")[1]
    assert (said["total"], len(said["contacts"])) == (0, 1)
    assert account.ask("GET", "contacts", limit="9")[1]["total"] == 1


def test_a_deleted_contact_takes_its_objection_along(account: Account) -> None:
    account.ask("POST", "contacts/new", {"email": "a@example.org"})
    account.fake.contacts.objects("1", 1)
    account.fake.contacts.forget("1")
    assert account.ask("POST", "contacts/new", {"email": "a@example.org"})[0] == 201
    assert account.reasons("2") == [], "the trap"

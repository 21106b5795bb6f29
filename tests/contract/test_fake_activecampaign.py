"""The fake ActiveCampaign keeps its traps, and its answers fit the description at hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from connectors.testing.fakes.activecampaign import KEY, ActiveCampaignFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

SPEC = "activecampaign-partial.yml"


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path) -> None:
        self.store = RecordStore(folder / "activecampaign.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = ActiveCampaignFake(self.store)
        self.list = self.fake.make_list("Newsletter")

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {"api-token": KEY}
        request = Request(method, f"/api/3/{path}", tuple(query.items()), headers, sent)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body)

    def make(self, email: str, path: str = "contacts") -> tuple[int, Any]:
        return self.ask("POST", path, {"contact": {"email": email}})

    def status(self, id: str) -> str:
        (on_list,) = self.ask("GET", f"contacts/{id}")[1]["contactLists"]
        return str(on_list["status"])

    def leave(self, email: str) -> str:
        """A contact that unsubscribed; its id."""
        id = str(self.make(email)[1]["contact"]["id"])
        self.fake.contacts.set_status(id, self.list, "1", "api")
        self.fake.contacts.person_acts(email, self.list)
        assert self.status(id) == "2"
        return id


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    made.store.close()


def test_the_token_is_needed(account: Account) -> None:
    answer = account.fake.handle(Request("GET", "/api/3/contacts", (), {"api-token": "wrong"}))
    assert answer.status == 403
    assert "message" in json.loads(answer.body)


def test_a_list_status_of_1_subscribes_again(account: Account) -> None:
    id = account.leave("a@example.org")
    body = {"contactList": {"contact": int(id), "list": int(account.list), "status": 1}}
    assert account.ask("POST", "contactLists", body)[0] == 200
    assert account.status(id) == "1", "the trap: the unsubscription is gone"
    assert account.fake.journal()[-1] | {"contact": ""} == {
        "contact": "",
        "change": f"list {account.list}",
        "before": "2",
        "after": "1",
        "by": "api",
    }


def test_imports_respect_who_left_and_make_who_is_not_there(account: Account) -> None:
    id = account.leave("a@example.org")
    subscribed = [{"listid": account.list}]
    contacts = [
        {"email": "a@example.org", "tags": ["T"], "subscribe": subscribed},
        {"email": "erased@example.org", "subscribe": subscribed},
        {"email": "nonsense"},
    ]
    status, said = account.ask("POST", "import/bulk_import", {"contacts": contacts})
    assert (status, said["queued_contacts"]) == (200, 3)
    assert account.fake.contacts.find("erased@example.org") is None, "it is done later"
    account.fake.tags.work()
    made = account.fake.contacts.find("erased@example.org")
    assert made is not None
    assert (account.status(id), account.status(made["id"])) == ("2", "1")
    info = account.ask("GET", "import/info", batchId=said["batchId"])[1]
    assert (info["status"], info["failure"]) == ("completed", ["nonsense"])
    assert account.ask("POST", "import/bulk_import", {"contacts": contacts * 84})[0] == 400


def test_creating_twice_is_refused_and_syncing_is_not(account: Account) -> None:
    assert account.make("A@Example.org")[0] == 201
    status, said = account.make("a@example.org")
    assert (status, said["errors"][0]["code"]) == (422, "duplicate")
    assert account.make("a@example.org", "contact/sync")[0] == 200
    assert account.make("erased@example.org", "contact/sync")[0] == 201
    account.ask("PUT", "contacts/1", {"contact": {"email": "moved@example.org"}})
    assert account.fake.contacts.find("a@example.org") is None, "an address in an update moves it"
    assert account.ask("PUT", "contacts/99", {"contact": {}})[0] == 404


def test_tags_are_links_of_their_own(account: Account) -> None:
    account.make("a@example.org")
    body = {"tag": {"tag": "mj:01_x", "tagType": "contact", "description": ""}}
    tag = account.ask("POST", "tags", body)[1]["tag"]["id"]
    assert account.ask("POST", "tags", body)[0] == 422
    link = {"contactTag": {"contact": "1", "tag": tag}}
    status, said = account.ask("POST", "contactTags", link)
    assert (status, account.ask("POST", "contactTags", link)[0]) == (201, 200)
    assert account.ask("GET", "contacts", tagid=tag)[1]["meta"]["total"] == "1"
    assert account.ask("DELETE", f"contactTags/{said['contactTag']['id']}")[0] == 200
    assert account.ask("DELETE", f"contactTags/{said['contactTag']['id']}")[0] == 404
    assert account.ask("GET", "contacts", tagid=tag)[1]["meta"]["total"] == "0"
    assert (
        account.ask("POST", "contactTags", {"contactTag": {"contact": "9", "tag": tag}})[0] == 404
    )


def test_pages_filters_and_what_lies_beside(account: Account) -> None:
    for number in range(5):
        account.make(f"p{number}@example.org")
    account.fake.contacts.person_acts("p3@example.org", account.list)
    page = account.ask("GET", "contacts", limit="2", id_greater="2")[1]
    assert [c["id"] for c in page["contacts"]] == ["3", "4"]
    assert page["meta"]["total"] == "3"
    assert "contactLists" not in page, "only what is asked for"
    page = account.ask("GET", "contacts", include="contactLists,contactTags")[1]
    assert [one["contact"] for one in page["contactLists"]] == ["4"]
    assert account.ask("GET", "contacts", status="2")[1]["meta"]["total"] == "1"
    assert account.ask("GET", "contacts", email="P1@example.org")[1]["meta"]["total"] == "1"
    recent = account.ask("GET", "contacts", **{"filters[updated_after]": "2026-06-30"})[1]
    assert recent["meta"]["total"] == "0", "by day, in the account's own time zone"
    assert account.ask("GET", "contacts")[1]["contacts"][0]["udate"] == "2026-06-30T16:00:00-05:00"


def test_more_than_five_requests_a_second_are_refused(account: Account) -> None:
    fake = ActiveCampaignFake(account.store, per_second=5)
    request = Request("GET", "/api/3/contacts", (), {"api-token": KEY})
    answers = [fake.handle(request) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"


# --- the description at hand -----------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: ActiveCampaign's description is not here")
    found: dict[str, Any] = yaml.safe_load((Path(folder) / SPEC).read_text())
    return found


def errors(document: dict[str, Any], path: str, method: str, status: str, body: Any) -> list[str]:
    answer = document["paths"][path][method]["responses"][status]
    rooted = {
        "allOf": [answer["content"]["application/json"]["schema"]],
        "components": document["components"],
    }
    return [error.message for error in Draft7Validator(rooted).iter_errors(body)]


def test_answers_fit_the_description(account: Account, document: dict[str, Any]) -> None:
    root = "/api/3"
    status, made = account.make("a@example.org")
    assert errors(document, f"{root}/contacts", "post", str(status), made) == []
    id = account.leave("b@example.org")
    page = account.ask("GET", "contacts", include="contactLists,contactTags")[1]
    assert errors(document, f"{root}/contacts", "get", "200", page) == []
    one = account.ask("GET", f"contacts/{id}")[1]
    assert errors(document, f"{root}/contacts/{{contactId}}", "get", "200", one) == []
    tag = account.fake.tags.make("T")
    link = {"contactTag": {"contact": id, "tag": tag}}
    status, said = account.ask("POST", "contactTags", link)
    assert errors(document, f"{root}/contactTags", "post", str(status), said) == []
    body = {"contactList": {"contact": int(id), "list": int(account.list), "status": 2}}
    said = account.ask("POST", "contactLists", body)[1]
    assert errors(document, f"{root}/contactLists", "post", "200", said) == []
    said = account.ask("POST", "import/bulk_import", {"contacts": [{"email": "c@example.org"}]})[1]
    assert errors(document, f"{root}/import/bulk_import", "post", "200", said) == []
    said = account.ask("GET", "import/info", batchId=said["batchId"])[1]
    assert errors(document, f"{root}/import/info", "get", "200", said) == []


def test_the_description_does_refuse(account: Account, document: dict[str, Any]) -> None:
    account.make("a@example.org")
    page = account.ask("GET", "contacts")[1]
    page["meta"]["total"] = 1
    page["contacts"][0]["email"] = None
    assert len(errors(document, "/api/3/contacts", "get", "200", page)) == 2

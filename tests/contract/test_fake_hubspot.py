"""The fake HubSpot keeps HubSpot's traps: what the adapter must not do does harm here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes.hubspot import KEY, HubspotFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

CONTACTS = "crm/v3/objects/contacts"
STATUSES = "communication-preferences/v4/statuses"


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.store = RecordStore(folder / "hubspot.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = HubspotFake(self.store, **more)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps(body).encode() if body is not None else b""
        headers = {"authorization": f"Bearer {KEY}"}
        request = Request(method, f"/{path}", tuple(query.items()), headers, sent)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body) if answer.body else None

    def make(self, email: str) -> tuple[int, Any]:
        return self.ask("POST", CONTACTS, {"properties": {"email": email}})

    def opted_out(self, email: str) -> bool:
        answer = self.ask("GET", f"{CONTACTS}/{email}", idProperty="email", properties=OUT)[1]
        return answer["properties"][OUT] == "true"


OUT = "hs_email_optout"


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path, enterprise=True)
    yield made
    made.store.close()


def test_the_token_is_needed(account: Account) -> None:
    request = Request("GET", f"/{CONTACTS}", (), {"authorization": "Bearer wrong"})
    answer = account.fake.handle(request)
    said = json.loads(answer.body)
    assert (answer.status, said["category"]) == (401, "INVALID_AUTHENTICATION")


def test_creating_twice_is_refused_and_upserting_is_not(account: Account) -> None:
    assert account.make("A@Example.org")[0] == 201
    status, said = account.make("a@example.org")
    assert (status, said["category"], said["status"]) == (409, "CONFLICT", "error")
    assert said["message"].endswith("Existing ID: 1")
    inputs = [
        {"id": "a@example.org", "idProperty": "email", "properties": {"firstname": "Ada"}},
        {"id": "erased@example.org", "idProperty": "email", "properties": {}},
    ]
    status, said = account.ask("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})
    assert (status, [one["new"] for one in said["results"]]) == (200, [False, True])
    many = {"inputs": [{"id": str(n)} for n in range(101)]}
    assert account.ask("POST", f"{CONTACTS}/batch/read", many)[0] == 400


def test_writing_a_status_undoes_an_objection(account: Account) -> None:
    account.make("a@example.org")
    account.fake.person_acts("a@example.org")
    assert account.opted_out("a@example.org")
    said = account.ask("GET", f"{STATUSES}/a%40example.org/unsubscribe-all", channel="EMAIL")[1]
    assert said["results"][0]["status"] == "UNSUBSCRIBED"
    body = {"channel": "EMAIL", "subscriptionId": 11, "statusState": "SUBSCRIBED"}
    said = account.ask("POST", f"{STATUSES}/a%40example.org", body)[1]
    assert said["results"][0]["setStatusSuccessReason"] == "RESUBSCRIBE_OCCURRED"
    assert not account.opted_out("a@example.org"), "the trap: the objection is gone"
    assert [entry["by"] for entry in account.fake.journal()] == ["person", "api"]
    refused = account.ask("PATCH", f"{CONTACTS}/1", {"properties": {OUT: "false"}})
    assert refused[0] == 400


def test_a_status_belongs_to_the_address(account: Account) -> None:
    account.make("a@example.org")
    account.fake.person_acts("a@example.org")
    account.ask("DELETE", f"{CONTACTS}/1")
    assert account.ask("GET", f"{CONTACTS}/a@example.org", idProperty="email")[0] == 404
    account.make("a@example.org")
    assert account.opted_out("a@example.org")


def test_batches_of_statuses_need_enterprise(account: Account, tmp_path: Path) -> None:
    body = {"inputs": ["a@example.org"]}
    assert account.ask("POST", f"{STATUSES}/batch/read", body, channel="EMAIL")[0] == 200
    (tmp_path / "free").mkdir()
    free = Account(tmp_path / "free")
    status, said = free.ask("POST", f"{STATUSES}/batch/read", body, channel="EMAIL")
    assert (status, said["category"]) == (403, "MISSING_SCOPES")
    free.store.close()


def test_deleting_an_unknown_address_for_good_blocks_it(account: Account) -> None:
    body = {"objectId": "a@example.org", "idProperty": "email"}
    assert account.ask("POST", f"{CONTACTS}/gdpr-delete", body)[0] == 204
    assert account.make("a@example.org")[0] == 400


def test_what_is_missing_in_a_batch_is_a_207(account: Account) -> None:
    account.make("a@example.org")
    inputs = [{"id": "a@example.org"}, {"id": "b@example.org"}]
    body = {"inputs": inputs, "idProperty": "email", "properties": [OUT]}
    status, said = account.ask("POST", f"{CONTACTS}/batch/read", body)
    assert (status, said["status"], said["numErrors"]) == (207, "COMPLETE", 1)
    assert said["errors"][0]["context"]["ids"] == ["b@example.org"]


def test_lists(account: Account) -> None:
    for name in "abc":
        account.make(f"{name}@example.org")
    body = {"name": "L", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = account.ask("POST", "crm/v3/lists", body)[1]["list"]["listId"]
    assert account.ask("POST", "crm/v3/lists", body)[0] == 400
    path = f"crm/v3/lists/{made}/memberships"
    said = account.ask("PUT", f"{path}/add", ["1", "2", "99"])[1]
    assert (said["recordsIdsAdded"], said["recordIdsMissing"]) == (["1", "2"], ["99"])
    said = account.ask("PUT", f"{path}/add", ["2", "3"])[1]
    assert said["recordsIdsAdded"] == ["3"], "who is on it already is ignored without a word"
    page = account.ask("GET", path, limit="2")[1]
    assert [one["recordId"] for one in page["results"]] == ["1", "2"]
    rest = account.ask("GET", path, limit="2", after=page["paging"]["next"]["after"])[1]
    assert ([one["recordId"] for one in rest["results"]], "paging" in rest) == (["3"], False)
    assert account.ask("DELETE", path)[0] == 204, "the trap: the list is empty"
    assert account.fake.lists.members(made) == []
    dynamic = account.fake.lists.make("D", "DYNAMIC")
    assert account.ask("PUT", f"crm/v3/lists/{dynamic}/memberships/add", ["1"])[0] == 400


def test_search_lags_and_ends_at_its_limit(account: Account) -> None:
    account.make("a@example.org")
    account.fake.contacts.search_lag = timedelta(seconds=30)
    assert account.ask("POST", f"{CONTACTS}/search", {"limit": 10})[1]["total"] == 0
    assert account.ask("GET", CONTACTS)[1]["results"][0]["id"] == "1"
    account.store.set_now(account.store.now() + timedelta(seconds=31))
    assert account.ask("POST", f"{CONTACTS}/search", {"limit": 10})[1]["total"] == 1
    assert account.ask("POST", f"{CONTACTS}/search", {"limit": 200, "after": "9900"})[0] == 400


def test_limits(account: Account) -> None:
    fake = HubspotFake(account.store, per_interval=2)
    request = Request("GET", f"/{CONTACTS}", (), {"authorization": f"Bearer {KEY}"})
    answers = [fake.handle(request) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].headers["X-HubSpot-RateLimit-Remaining"] == "0"
    assert json.loads(answers[2].body)["policyName"] == "TEN_SECONDLY_ROLLING"
    daily = HubspotFake(account.store, per_day=1)
    answers = [daily.handle(request) for _ in range(2)]
    assert answers[0].headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
    assert json.loads(answers[1].body)["policyName"] == "DAILY"

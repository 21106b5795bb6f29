"""The fake Klaviyo keeps Klaviyo's traps, and its answers fit Klaviyo's description."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from klaviyo_description import Description, description_at_hand

from connectors.testing.fakes.klaviyo import KEY, KlaviyoFake
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

HEADERS = {"authorization": f"Klaviyo-API-Key {KEY}", "revision": "2026-07-15"}


class Account:
    """A fake and requests to it without HTTP."""

    def __init__(self, folder: Path) -> None:
        self.store = RecordStore(folder / "klaviyo.sqlite")
        self.store.set_now(datetime(2026, 6, 30, 21, tzinfo=UTC))
        self.fake = KlaviyoFake(self.store)

    def ask(self, method: str, path: str, data: Any = None, **query: str) -> tuple[int, Any]:
        sent = json.dumps({"data": data}).encode() if data is not None else b""
        request = Request(method, f"/api/{path}", tuple(query.items()), HEADERS, sent)
        answer = self.fake.handle(request)
        return answer.status, json.loads(answer.body) if answer.body else None

    def make(self, email: str, **more: Any) -> tuple[int, Any]:
        data = {"type": "profile", "attributes": {"email": email, **more}}
        return self.ask("POST", "profiles", data)

    def job(self, kind: str, emails: list[str], list_id: str | None = None) -> int:
        """Ask for a job and let it be done; the status of the request."""
        profiles = [{"type": "profile", "attributes": {"email": email}} for email in emails]
        data: dict[str, Any] = {"type": kind, "attributes": {"profiles": {"data": profiles}}}
        if list_id:
            data["relationships"] = {"list": {"data": {"type": "list", "id": list_id}}}
        status, _ = self.ask("POST", f"{kind}s", data)
        self.fake.jobs.work()
        return status

    def marketing(self, email: str) -> dict[str, Any]:
        asked = {
            "filter": f'equals(email,"{email}")',
            "additional-fields[profile]": "subscriptions",
        }
        (found,) = self.ask("GET", "profiles", **asked)[1]["data"]
        said: dict[str, Any] = found["attributes"]["subscriptions"]["email"]["marketing"]
        return said


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path)
    yield made
    made.store.close()


def test_the_key_and_the_revision_are_needed(account: Account) -> None:
    for headers, status, code in (
        ({"revision": "2026-07-15"}, 401, "not_authenticated"),
        ({"authorization": HEADERS["authorization"]}, 400, "invalid"),
    ):
        answer = account.fake.handle(Request("GET", "/api/profiles", (), headers))
        said = json.loads(answer.body)["errors"][0]
        assert (answer.status, said["code"]) == (status, code)


def test_creating_does_not_subscribe_and_refuses_who_is_known(account: Account) -> None:
    status, made = account.make("A@Example.org", first_name="Ada")
    assert status == 201
    said = account.marketing("a@example.org")
    assert (said["consent"], said["can_receive_email_marketing"]) == ("NEVER_SUBSCRIBED", True)
    status, said = account.make("a@example.org")
    assert (status, said["errors"][0]["code"]) == (409, "duplicate_profile")
    assert said["errors"][0]["meta"]["duplicate_profile_id"] == made["data"]["id"]


@pytest.mark.parametrize("reason", ["UNSUBSCRIBE", "SPAM_COMPLAINT", "USER_SUPPRESSED"])
def test_subscribing_removes_an_objection(account: Account, reason: str) -> None:
    account.make("a@example.org")
    account.fake.profiles.suppress("a@example.org", reason)
    account.fake.profiles.suppress("a@example.org", "HARD_BOUNCE")
    assert not account.marketing("a@example.org")["can_receive_email_marketing"]
    list_id = account.fake.lists.make("Newsletter")
    assert account.job("profile-subscription-bulk-create-job", ["a@example.org"], list_id) == 202
    said = account.marketing("a@example.org")
    assert said["consent"] == "SUBSCRIBED"
    assert [one["reason"] for one in said["suppression"]] == ["HARD_BOUNCE"], "the trap"
    assert account.fake.journal()[-1]["by"] == "api"


def test_unsubscribing_who_is_not_on_the_list_is_for_everything(account: Account) -> None:
    list_id = account.fake.lists.make("Newsletter")
    for name in "ab":
        account.make(f"{name}@example.org")
    known = account.fake.profiles.find("a@example.org")
    assert known is not None
    account.fake.lists.put(list_id, [known["id"]])
    both = ["a@example.org", "b@example.org"]
    assert account.job("profile-subscription-bulk-delete-job", both, list_id) == 202
    assert account.marketing("a@example.org")["can_receive_email_marketing"]
    assert account.marketing("a@example.org")["list_suppressions"][0]["list_id"] == list_id
    assert not account.marketing("b@example.org")["can_receive_email_marketing"], "the trap"
    many = [f"p{n}@example.org" for n in range(101)]
    assert account.job("profile-subscription-bulk-delete-job", many) == 400


def test_list_members_do_not_touch_consent_and_204_says_nothing(account: Account) -> None:
    list_id = account.fake.lists.make("Newsletter")
    id = account.make("a@example.org")[1]["data"]["id"]
    account.fake.profiles.suppress("a@example.org", "UNSUBSCRIBE")
    path = f"lists/{list_id}/relationships/profiles"
    data = [{"type": "profile", "id": id}, {"type": "profile", "id": "gone000000000001"}]
    assert account.ask("POST", path, data) == (204, None)
    assert account.fake.lists.members(list_id) == [id]
    assert not account.marketing("a@example.org")["can_receive_email_marketing"]
    found = account.ask("GET", path, filter='any(email,["A@example.org"])')[1]["data"]
    assert found == [{"type": "profile", "id": id}]
    assert account.ask("DELETE", path, data) == (204, None)
    assert account.fake.lists.members(list_id) == []
    many = [{"type": "profile", "id": str(n)} for n in range(1001)]
    assert account.ask("POST", path, many)[0] == 400


def test_importing_is_a_job_that_makes_profiles_and_tells_what_failed(account: Account) -> None:
    profiles = [{"attributes": {"email": email}} for email in ("erased@example.org", "nonsense")]
    data = {"type": "profile-bulk-import-job", "attributes": {"profiles": {"data": profiles}}}
    status, job = account.ask("POST", "profile-bulk-import-jobs", data)
    assert (status, job["data"]["attributes"]["status"]) == (202, "queued")
    assert account.fake.profiles.find("erased@example.org") is None
    account.fake.jobs.work()
    path = f"profile-bulk-import-jobs/{job['data']['id']}"
    done = account.ask("GET", path)[1]["data"]["attributes"]
    assert (done["status"], done["completed_count"], done["failed_count"]) == ("complete", 1, 1)
    assert len(account.ask("GET", f"{path}/import-errors")[1]["data"]) == 1
    assert account.marketing("erased@example.org")["consent"] == "NEVER_SUBSCRIBED"


def test_pages(account: Account) -> None:
    for number in range(5):
        account.make(f"p{number}@example.org")
    first = account.ask("GET", "profiles", **{"page[size]": "2"})[1]
    assert len(first["data"]) == 2
    cursor = first["links"]["next"].rpartition("page%5Bcursor%5D=")[2].replace("%3D", "=")
    rest = account.ask("GET", "profiles", **{"page[size]": "10", "page[cursor]": cursor})[1]
    assert (len(rest["data"]), "next" in rest["links"]) == (3, False)
    assert account.ask("GET", "profiles", **{"page[size]": "101"})[0] == 400
    assert account.ask("GET", "lists", **{"page[size]": "11"})[0] == 400
    assert account.ask("GET", "profiles", filter='contains(email,"p1")')[0] == 400


def test_a_429_has_retry_after_instead_of_the_allowance(account: Account) -> None:
    fake = KlaviyoFake(account.store, per_window=2)
    request = Request("GET", "/api/profiles", (), HEADERS)
    answers = [fake.handle(request) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert [a.headers.get("RateLimit-Remaining") for a in answers] == ["1", "0", None]
    assert int(answers[2].headers["Retry-After"]) > 50


# --- Klaviyo's own description ---------------------------------------------------------------


@pytest.fixture(scope="module")
def description() -> Description:
    return description_at_hand()


def test_answers_fit_the_description(account: Account, description: Description) -> None:
    made = account.make("a@example.org", first_name="Ada", properties={"no": "7"})[1]
    assert description.errors(description.answer("/api/profiles", "post", "201"), made) == []
    account.fake.profiles.suppress("a@example.org", "UNSUBSCRIBE")
    account.fake.profiles.suppress("a@example.org", "UNSUBSCRIBE", list_id="Y00001")
    page = account.ask("GET", "profiles", **{"additional-fields[profile]": "subscriptions"})[1]
    assert description.errors(description.answer("/api/profiles"), page) == []
    new = account.ask("POST", "lists", {"type": "list", "attributes": {"name": "L"}})[1]
    assert description.errors(description.answer("/api/lists", "post", "201"), new) == []
    assert (
        description.errors(description.answer("/api/lists"), account.ask("GET", "lists")[1]) == []
    )
    members = f"lists/{new['data']['id']}/relationships/profiles"
    account.ask("POST", members, [{"type": "profile", "id": made["data"]["id"]}])
    listed = account.ask("GET", members)[1]
    schema = description.answer("/api/lists/{id}/relationships/profiles")
    assert description.errors(schema, listed) == []
    refused = account.make("a@example.org")[1]
    schema = description.answer("/api/profiles", "post", "4XX")
    found = description.errors(schema, refused)
    assert found == []


def test_the_description_does_refuse(account: Account, description: Description) -> None:
    account.make("a@example.org")
    page = account.ask("GET", "profiles")[1]
    page["data"][0]["attributes"]["first_name"] = 7
    page["data"][0]["type"] = "person"
    assert len(description.errors(description.answer("/api/profiles"), page)) >= 2
    assert description.unknown_parameters("/api/profiles", {"filter": "contains(email,x)"})

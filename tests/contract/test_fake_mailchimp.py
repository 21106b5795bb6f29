"""The fake Mailchimp: pages, limits, the traps around consent, and the journal that proves them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import member_hash
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
BEFORE = "2026-06-01T10:00:00+00:00"
LIST = "lists/a1b2c3"


def email(number: int) -> str:
    return f"p{number}@example.org"


def person(number: int, status: str = "subscribed", **more: Any) -> Record:
    body = {
        "id": member_hash(email(number)),
        "email_address": email(number),
        "unique_email_id": f"u{number}",
        "contact_id": f"c{number}",
        "status": status,
        "merge_fields": {"FNAME": "Ann", "LNAME": "Lee", "PHONE": "", "MEMBERNO": f"M-{number}"},
        "timestamp_opt": BEFORE,
        "last_changed": BEFORE,
        "tags": [],
    } | more
    stamp = NOW.timestamp()
    return Record("mailchimp", "member", str(body["id"]), body, number, stamp, stamp)


def child(entity: str, key: str, sort: int, body: dict[str, Any]) -> Record:
    return Record("mailchimp", entity, key, body, sort, 0.0, 0.0, "camp1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.set_now(NOW)
    store.put_many(person(n) for n in range(1, 31))
    store.put(person(40, "unsubscribed", unsubscribe_reason="NORMAL"))
    store.put(person(41, "cleaned"))
    store.put(person(42, "archived"))
    segment = {"id": 7, "name": "mj 16_renewal_90", "type": "static"}
    store.put(Record("mailchimp", "segment", "7", segment, 7, 0.0, 0.0))
    yield store
    store.close()


@pytest.fixture
def fake(store: RecordStore) -> MailchimpFake:
    return MailchimpFake(store)


@pytest.fixture
def server(fake: MailchimpFake) -> Iterator[FakeServer]:
    with FakeServer(fake) as running:
        yield running


def call(
    server: FakeServer, method: str, path: str, json: Any = None, **params: Any
) -> requests.Response:
    return requests.request(
        method,
        f"{server.url}/3.0/{path}",
        json=json,
        params=params,
        auth=("any", "sandbox-mailchimp-key-us1"),
        timeout=5,
    )


def member(server: FakeServer, number: int) -> dict[str, Any]:
    answer: dict[str, Any] = call(server, "GET", f"{LIST}/members/{email(number)}").json()
    return answer


def addresses(answer: requests.Response) -> list[str]:
    return [row["email_address"] for row in answer.json()["members"]]


def test_keys(server: FakeServer) -> None:
    url = f"{server.url}/3.0/ping"
    missing = requests.get(url, timeout=5)
    assert (missing.status_code, missing.json()["title"]) == (401, "API Key Missing")
    assert missing.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    wrong = requests.get(url, auth=("any", "other-us1"), timeout=5)
    assert (wrong.status_code, wrong.json()["title"]) == (401, "API Key Invalid")
    bearer = {"Authorization": "Bearer sandbox-mailchimp-key-us1"}
    assert requests.get(url, headers=bearer, timeout=5).json()["health_status"]


def test_unknown_addresses_and_methods(server: FakeServer) -> None:
    for path in ("lists/other", "nothing", f"{LIST}/segments/99", f"{LIST}/members/{email(99)}"):
        answer = call(server, "GET", path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Resource Not Found")
    assert call(server, "DELETE", LIST).status_code == 405
    broken = requests.put(
        f"{server.url}/3.0/{LIST}/members/x",
        data="{",
        auth=("any", "sandbox-mailchimp-key-us1"),
        timeout=5,
    )
    assert (broken.status_code, broken.json()["title"]) == (400, "JSON Parse Error")


def test_member_pages(server: FakeServer) -> None:
    first = call(server, "GET", f"{LIST}/members").json()
    assert (len(first["members"]), first["total_items"]) == (10, 33)
    page = call(server, "GET", f"{LIST}/members", count=4, offset=28)
    assert addresses(page) == [email(29), email(30), email(40), email(41)]
    assert call(server, "GET", f"{LIST}/members", count="ten").status_code == 400
    assert call(server, "GET", f"{LIST}/members", count=-1).status_code == 400


def test_a_page_never_holds_more_than_a_thousand(server: FakeServer, store: RecordStore) -> None:
    store.put_many(person(n) for n in range(100, 1_200))
    answer = call(server, "GET", f"{LIST}/members", count=5_000, fields="members.id,total_items")
    assert (len(answer.json()["members"]), answer.json()["total_items"]) == (1_000, 1_133)


def test_member_filters(server: FakeServer, store: RecordStore) -> None:
    assert addresses(call(server, "GET", f"{LIST}/members", status="cleaned")) == [email(41)]
    assert call(server, "GET", f"{LIST}/members", status="happy").status_code == 400
    changed = "2026-06-20T10:00:00+00:00"
    store.put(person(5, last_changed=changed))
    store.put(person(40, "unsubscribed", last_changed=changed))
    since = {"since_last_changed": "2026-06-20T11:59:59+02:00"}
    assert addresses(call(server, "GET", f"{LIST}/members", **since)) == [email(5), email(40)]
    exactly = call(server, "GET", f"{LIST}/members", since_last_changed=changed)
    assert exactly.json()["total_items"] == 0
    gone = {"status": "unsubscribed", "unsubscribed_since": "2026-06-20T00:00:00Z"}
    assert addresses(call(server, "GET", f"{LIST}/members", **gone)) == [email(40)]
    newest = {"sort_field": "last_changed", "sort_dir": "DESC", "count": 1}
    assert addresses(call(server, "GET", f"{LIST}/members", **newest)) == [email(40)]


def test_fields_and_exclude_fields(server: FakeServer) -> None:
    answer = call(
        server, "GET", f"{LIST}/members", count=1, fields="members.merge_fields.FNAME,list_id"
    )
    assert answer.json() == {"members": [{"merge_fields": {"FNAME": "Ann"}}], "list_id": "a1b2c3"}
    answer = call(server, "GET", f"{LIST}/members", count=1, exclude_fields="members.tags,_links")
    assert "tags" not in answer.json()["members"][0]
    assert "_links" not in answer.json()


def test_members_are_found_by_hash_address_and_contact_id(server: FakeServer) -> None:
    for key in (member_hash("P3@Example.org"), "P3@example.org", "c3"):
        assert call(server, "GET", f"{LIST}/members/{key}").json()["email_address"] == email(3)


def test_put_leaves_the_status_alone(server: FakeServer, fake: MailchimpFake) -> None:
    for number, status in ((40, "unsubscribed"), (41, "cleaned"), (1, "subscribed")):
        body = {
            "email_address": email(number),
            "status_if_new": "subscribed",
            "merge_fields": {"FNAME": "New", "UNKNOWN": "ignored"},
        }
        answer = call(server, "PUT", f"{LIST}/members/{member_hash(email(number))}", body)
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert answer.json()["merge_fields"]["FNAME"] == "New"
        assert answer.json()["merge_fields"]["LNAME"] == "Lee"
        assert "UNKNOWN" not in answer.json()["merge_fields"]
        assert answer.json()["last_changed"] == NOW.isoformat()
    assert [entry["change"] for entry in fake.journal()] == ["profile"] * 3


def test_put_creates_with_status_if_new_only(server: FakeServer, fake: MailchimpFake) -> None:
    path = f"{LIST}/members/{member_hash('new@example.org')}"
    body = {"email_address": "new@example.org"}
    assert call(server, "PUT", path, body).status_code == 400
    answer = call(server, "PUT", path, body | {"status_if_new": "transactional"})
    assert answer.json()["status"] == "transactional"
    (entry,) = fake.journal()
    assert (entry["change"], entry["after"], entry["method"]) == ("created", "transactional", "PUT")
    assert call(server, "PUT", f"{LIST}/members/x", {"email_address": "no"}).status_code == 400


@pytest.mark.parametrize(
    ("number", "wanted"), [(40, "subscribed"), (41, "subscribed"), (41, "pending")]
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_compliance_state(
    server: FakeServer, fake: MailchimpFake, method: str, number: int, wanted: str
) -> None:
    body = {"email_address": email(number), "status": wanted}
    before = member(server, number)
    answer = call(server, method, f"{LIST}/members/{member_hash(email(number))}", body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Member In Compliance State")
    assert email(number) in answer.json()["detail"]
    assert member(server, number) == before
    assert [entry["change"] for entry in fake.journal()] == ["refused"]


def test_pending_is_open_to_those_who_left(server: FakeServer) -> None:
    answer = call(server, "PATCH", f"{LIST}/members/{email(40)}", {"status": "pending"})
    assert answer.json()["status"] == "pending"


def test_what_the_api_unsubscribed_it_can_resubscribe(
    server: FakeServer, fake: MailchimpFake
) -> None:
    """The trap: no error protects the person here, so the journal must show it."""
    for status in ("unsubscribed", "subscribed"):
        answer = call(server, "PATCH", f"{LIST}/members/{email(1)}", {"status": status})
        assert answer.json()["status"] == status
    changes = [(entry["before"], entry["after"]) for entry in fake.journal()]
    assert changes == [("subscribed", "unsubscribed"), ("unsubscribed", "subscribed")]
    fake.members.person_acts(email(2), "unsubscribed", "NO_LONGER")
    refused = call(server, "PATCH", f"{LIST}/members/{email(2)}", {"status": "subscribed"})
    assert refused.status_code == 400
    assert fake.journal()[2]["actor"] == "person"


def test_archive_and_its_trap(server: FakeServer, fake: MailchimpFake) -> None:
    assert call(server, "DELETE", f"{LIST}/members/{email(1)}").status_code == 204
    assert member(server, 1)["status"] == "archived"
    body = {"email_address": email(42), "status_if_new": "subscribed"}
    back = call(server, "PUT", f"{LIST}/members/{member_hash(email(42))}", body).json()
    assert back["status"] == "subscribed"
    assert [entry["change"] for entry in fake.journal()] == ["archived", "status"]


@pytest.mark.parametrize("status", ["subscribed", "pending"])
def test_a_forgotten_address_cannot_come_back(server: FakeServer, status: str) -> None:
    key = member_hash(email(1))
    gone = call(server, "POST", f"{LIST}/members/{key}/actions/delete-permanent")
    assert gone.status_code == 204
    assert call(server, "GET", f"{LIST}/members/{key}").status_code == 404
    body = {"email_address": email(1), "status_if_new": status}
    answer = call(server, "PUT", f"{LIST}/members/{key}", body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Forgotten Email Not Subscribed")


def test_merge_fields_are_validated(store: RecordStore) -> None:
    fields = {"FNAME": ("text", True), "SCORE": ("number", False)}
    with FakeServer(MailchimpFake(store, merge_fields=fields)) as server:
        body = {"email_address": "n@example.org", "status_if_new": "subscribed"}
        path = f"{LIST}/members/{member_hash('n@example.org')}"
        answer = call(server, "PUT", path, body | {"merge_fields": {"SCORE": "high"}})
        assert answer.json()["detail"] == "Your merge fields were invalid."
        assert answer.json()["errors"] == [
            {"field": "FNAME", "message": "Please enter a value"},
            {"field": "SCORE", "message": "Please enter a number"},
        ]
        listed = call(server, "GET", f"{LIST}/merge-fields").json()["merge_fields"]
        assert [(row["tag"], row["required"]) for row in listed] == [
            ("FNAME", True),
            ("SCORE", False),
        ]


def test_an_address_change_moves_the_member(server: FakeServer) -> None:
    call(server, "POST", f"{LIST}/segments/7", {"members_to_add": [email(1)]})
    body = {"email_address": "moved@example.org"}
    moved = call(server, "PATCH", f"{LIST}/members/{email(1)}", body).json()
    assert moved["id"] == member_hash("moved@example.org")
    assert call(server, "GET", f"{LIST}/members/{email(1)}").status_code == 404
    assert addresses(call(server, "GET", f"{LIST}/segments/7/members")) == ["moved@example.org"]
    taken = call(server, "PATCH", f"{LIST}/members/{email(2)}", {"email_address": email(3)})
    assert (taken.status_code, taken.json()["title"]) == (400, "Member Exists")


def test_segment_batch(server: FakeServer, fake: MailchimpFake) -> None:
    wanted = [email(1), email(2).upper(), email(40), email(42), "stranger@example.org"]
    answer = call(server, "POST", f"{LIST}/segments/7", {"members_to_add": wanted}).json()
    assert [row["email_address"] for row in answer["members_added"]] == [
        email(1),
        email(2),
        email(40),
    ]
    assert (answer["total_added"], answer["total_removed"], answer["error_count"]) == (3, 0, 0)
    # Nobody was created and nobody's status changed.
    assert call(server, "GET", f"{LIST}/members/stranger@example.org").status_code == 404
    assert member(server, 40)["status"] == "unsubscribed"
    assert {entry["change"] for entry in fake.journal()} == {"tag_added"}
    assert member(server, 1)["tags"] == [{"id": 7, "name": "mj 16_renewal_90"}]
    assert member(server, 1)["last_changed"] == BEFORE
    again = call(server, "POST", f"{LIST}/segments/7", {"members_to_add": [email(1)]}).json()
    assert again["total_added"] == 0
    both = {"members_to_add": [email(3)], "members_to_remove": [email(1), email(9)]}
    answer = call(server, "POST", f"{LIST}/segments/7", both).json()
    assert (answer["total_added"], answer["total_removed"]) == (1, 1)
    assert member(server, 1)["tags"] == []
    assert call(server, "GET", f"{LIST}/segments/7").json()["member_count"] == 3


def test_ignored_addresses_can_be_named(store: RecordStore) -> None:
    with FakeServer(MailchimpFake(store, report_ignored=True)) as server:
        body = {"members_to_add": ["stranger@example.org", email(1)]}
        answer = call(server, "POST", f"{LIST}/segments/7", body).json()
    assert answer["error_count"] == 1
    assert answer["errors"][0]["email_addresses"] == ["stranger@example.org"]
    assert answer["total_added"] == 1


@pytest.mark.parametrize("field", ["members_to_add", "members_to_remove"])
def test_five_hundred_at_most(server: FakeServer, field: str) -> None:
    fits = {field: [f"x{n}@example.org" for n in range(500)]}
    assert call(server, "POST", f"{LIST}/segments/7", fits).status_code == 200
    body = {field: [*fits[field], "one@example.org"]}
    answer = call(server, "POST", f"{LIST}/segments/7", body)
    assert answer.status_code == 400
    assert answer.json()["title"] == "Invalid Resource"
    assert answer.json()["detail"].startswith("Maximum allowed member items exceeded")


def test_segments(server: FakeServer) -> None:
    body = {"name": "mj 10_dormant_180", "static_segment": [email(1), email(40)]}
    made = call(server, "POST", f"{LIST}/segments", body).json()
    assert (made["id"], made["type"], made["member_count"]) == (8, "static", 2)
    assert call(server, "POST", f"{LIST}/segments", body).status_code == 400
    names = [row["name"] for row in call(server, "GET", f"{LIST}/segments").json()["segments"]]
    assert names == ["mj 16_renewal_90", "mj 10_dormant_180"]
    path = f"{LIST}/segments/8/members"
    assert addresses(call(server, "GET", path)) == [email(1)]
    everyone = call(server, "GET", path, include_unsubscribed="true", count=1, offset=1)
    assert (addresses(everyone), everyone.json()["total_items"]) == ([email(40)], 2)
    assert call(server, "DELETE", f"{path}/{member_hash(email(1))}").status_code == 204
    assert addresses(call(server, "GET", path)) == []
    call(server, "PATCH", f"{LIST}/segments/8", {"static_segment": [email(2)]})
    assert addresses(call(server, "GET", path, include_unsubscribed="true")) == [email(2)]
    assert call(server, "DELETE", f"{LIST}/segments/8").status_code == 204
    assert member(server, 2)["tags"] == []


def test_member_tags(server: FakeServer) -> None:
    path = f"{LIST}/members/{member_hash(email(1))}/tags"
    tags = [{"name": "vip", "status": "active"}, {"name": "mj 16_renewal_90", "status": "active"}]
    assert call(server, "POST", path, {"tags": tags}).status_code == 204
    assert [tag["name"] for tag in member(server, 1)["tags"]] == ["vip", "mj 16_renewal_90"]
    off = [{"name": "vip", "status": "inactive"}, {"name": "none", "status": "inactive"}]
    call(server, "POST", path, {"tags": off})
    assert [tag["name"] for tag in member(server, 1)["tags"]] == ["mj 16_renewal_90"]


def test_batch_subscribe_is_a_trap(server: FakeServer, fake: MailchimpFake) -> None:
    people = [
        {"email_address": email(1), "status": "unsubscribed"},
        {"email_address": email(40), "status": "subscribed"},
        {"email_address": "new@example.org", "status": "subscribed"},
        {"email_address": "odd@example.org"},
    ]
    answer = call(server, "POST", LIST, {"members": people})
    assert answer.status_code == 200
    codes = [row["error_code"] for row in answer.json()["errors"]]
    assert codes == ["ERROR_CONTACT_EXISTS", "ERROR_CONTACT_EXISTS", "ERROR_GENERIC"]
    assert (answer.json()["total_created"], answer.json()["total_updated"]) == (1, 0)
    answer = call(server, "POST", LIST, {"members": people, "update_existing": True})
    # Status of existing members changes; only compliance protects, as an entry of a 200 answer.
    assert answer.json()["total_updated"] == 2
    assert "compliance state" in answer.json()["errors"][0]["error"]
    assert member(server, 1)["status"] == "unsubscribed"
    assert member(server, 40)["status"] == "unsubscribed"
    changes = [(entry["change"], entry["after"]) for entry in fake.journal()]
    assert changes == [
        ("created", "subscribed"),
        ("status", "unsubscribed"),
        ("refused", "subscribed"),
    ]
    too_many = [{"email_address": f"x{n}@example.org"} for n in range(501)]
    assert call(server, "POST", LIST, {"members": too_many}).status_code == 400


def test_batch_sync_tags_takes_tags_away(server: FakeServer) -> None:
    call(server, "POST", f"{LIST}/segments/7", {"members_to_add": [email(1)]})
    entry = {"email_address": email(1), "status": "subscribed", "tags": ["mine"]}
    body = {"members": [entry], "update_existing": True, "sync_tags": True}
    call(server, "POST", LIST, body)
    assert [tag["name"] for tag in member(server, 1)["tags"]] == ["mine"]


def test_post_members_refuses_those_already_there(server: FakeServer) -> None:
    body = {"email_address": email(1), "status": "subscribed"}
    answer = call(server, "POST", f"{LIST}/members", body)
    assert (answer.status_code, answer.json()["title"]) == (400, "Member Exists")
    created = call(server, "POST", f"{LIST}/members", body | {"email_address": "n@example.org"})
    assert created.json()["status"] == "subscribed"


def test_ten_connections(store: RecordStore) -> None:
    answers: list[requests.Response] = []
    with FakeServer(MailchimpFake(store, latency=0.4)) as server:
        threads = [
            threading.Thread(target=lambda: answers.append(call(server, "GET", "ping")))
            for _ in range(14)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    limited = [answer for answer in answers if answer.status_code == 429]
    assert len(limited) == 4
    assert limited[0].json()["title"] == "Too Many Requests"
    assert "Retry-After" not in limited[0].headers


def test_reports(server: FakeServer, store: RecordStore) -> None:
    for number, sent in ((1, "2026-05-01T08:00:00+00:00"), (2, "2026-06-01T08:00:00+00:00")):
        body = {"id": f"camp{number}", "campaign_title": "newsletter", "send_time": sent}
        store.put(Record("mailchimp", "report", f"camp{number}", body, number, 0.0, 0.0))
    clicks = [
        {"action": "open", "timestamp": "2026-05-01T09:00:00+00:00"},
        {"action": "click", "timestamp": "2026-05-03T09:00:00+00:00", "url": "https://example.org"},
    ]
    store.put_many(
        [
            child("sent_to", "camp1:1", 1, {"email_id": "1", "status": "sent"}),
            child("sent_to", "camp1:2", 2, {"email_id": "2", "status": "hard"}),
            child("email_activity", "camp1:1", 1, {"email_id": "1", "activity": clicks}),
            child("email_activity", "camp1:2", 2, {"email_id": "2", "activity": clicks[:1]}),
            child("unsubscribed", "camp1:2", 1, {"email_id": "2", "reason": "NORMAL"}),
        ]
    )
    every = call(server, "GET", "reports").json()
    assert ([row["id"] for row in every["reports"]], every["total_items"]) == (
        ["camp1", "camp2"],
        2,
    )
    late = call(server, "GET", "reports", since_send_time="2026-05-02T00:00:00Z").json()
    assert [row["id"] for row in late["reports"]] == ["camp2"]
    sent = call(server, "GET", "reports/camp1/sent-to", count=1, offset=1).json()
    assert (sent["sent_to"][0]["status"], sent["total_items"]) == ("hard", 2)
    assert sent["sent_to"][0]["campaign_id"] == "camp1"
    since = call(server, "GET", "reports/camp1/email-activity", since="2026-05-02T00:00:00Z").json()
    assert [row["email_id"] for row in since["emails"]] == ["1"]
    assert [item["action"] for item in since["emails"][0]["activity"]] == ["click"]
    left = call(server, "GET", "reports/camp1/unsubscribed").json()
    assert left["unsubscribes"][0]["reason"] == "NORMAL"
    assert call(server, "GET", "reports/camp9/sent-to").status_code == 404
    assert call(server, "GET", "reports/camp1/nothing").status_code == 404


def test_the_journal_keeps_its_order_across_restarts(store: RecordStore) -> None:
    for number, moment in ((1, NOW), (2, NOW + timedelta(days=1))):
        store.set_now(moment)
        with FakeServer(MailchimpFake(store)) as server:
            call(server, "DELETE", f"{LIST}/members/{email(number)}")
    entries = MailchimpFake(store).journal()
    assert [entry["hash"] for entry in entries] == [member_hash(email(n)) for n in (1, 2)]
    assert [entry["at"][:10] for entry in entries] == ["2026-06-30", "2026-07-01"]

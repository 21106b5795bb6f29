"""The fake GoCardless: credentials, cursors, filters, linked objects, errors, limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.gocardless import EVENT_DAYS, GocardlessFake
from connectors.testing.fakes.gocardless_objects import act, save
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore

START = datetime(2026, 6, 1, tzinfo=UTC)
HEADERS = {"Authorization": "Bearer sandbox-gc-token", "GoCardless-Version": "2015-07-06"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    for number in range(60):
        store.set_now(START + timedelta(hours=number))
        id = f"PM{number:02d}"
        save(store, "payment", id, {"amount": number, "links": {"mandate": "MD1"}})
        act(store, "payment", id, "created")
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(GocardlessFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, headers: Any = HEADERS, **params: Any) -> Any:
    return requests.get(f"{server.url}/{path}", params=params, headers=headers, timeout=5)


def ids(server: FakeServer, path: str, **params: Any) -> list[str]:
    return [row["id"] for row in get(server, path, **params).json()[path]]


@pytest.mark.parametrize(
    ("changed", "status", "reason"),
    [
        ({"Authorization": None}, 401, "missing_authorization_header"),
        ({"Authorization": "Bearer wrong"}, 401, "access_token_not_found"),
        ({"GoCardless-Version": None}, 400, "missing_version_header"),
        ({"GoCardless-Version": "2099-01-01"}, 400, "version_not_found"),
    ],
)
def test_token_and_version_are_needed(
    server: FakeServer, changed: dict[str, str | None], status: int, reason: str
) -> None:
    headers = {name: value for name, value in {**HEADERS, **changed}.items() if value}
    answer = get(server, "payments", headers)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_api_usage", status)
    assert error["errors"][0]["reason"] == reason
    assert error["request_id"]


def test_newest_first_fifty_at_a_time(server: FakeServer) -> None:
    body = get(server, "payments").json()
    assert [row["id"] for row in body["payments"]] == [f"PM{n:02d}" for n in range(59, 9, -1)]
    assert body["meta"] == {"cursors": {"before": None, "after": "PM10"}, "limit": 50}


@pytest.mark.parametrize("path", ["payments", "events"])
def test_after_walks_to_the_oldest_and_before_back_to_the_newest(
    server: FakeServer, path: str
) -> None:
    everything = ids(server, path, limit=500)
    assert len(everything) == 60
    walked, more = [], {}
    while True:
        body = get(server, path, limit=25, **more).json()
        walked.append([row["id"] for row in body[path]])
        if body["meta"]["cursors"]["after"] is None:
            break
        more = {"after": body["meta"]["cursors"]["after"]}
    assert [len(page) for page in walked] == [25, 25, 10]
    assert [id for page in walked for id in page] == everything
    back = get(server, path, limit=25, before=walked[2][0]).json()
    assert [row["id"] for row in back[path]] == walked[1]
    assert back["meta"]["cursors"] == {"before": walked[1][0], "after": walked[1][-1]}
    newest = get(server, path, limit=25, before=walked[1][0]).json()
    assert [row["id"] for row in newest[path]] == walked[0]
    assert newest["meta"]["cursors"]["before"] is None


def test_created_at_filters(server: FakeServer) -> None:
    at = "2026-06-01T02:00:00.000Z"
    assert ids(server, "payments", limit=500, **{"created_at[lte]": at}) == ["PM02", "PM01", "PM00"]
    assert ids(server, "payments", limit=500, **{"created_at[lt]": at}) == ["PM01", "PM00"]
    late = "2026-06-03T11:00:00+00:00"
    assert ids(server, "payments", **{"created_at[gte]": late}) == ["PM59"]
    assert ids(server, "payments", **{"created_at[gt]": late}) == []


def test_events_tell_the_action_and_link_the_object(server: FakeServer, store: RecordStore) -> None:
    id = act(store, "payment", "PM03", "failed", cause="insufficient_funds", reason_code="AM04")
    (event,) = get(server, "events", action="failed").json()["events"]
    assert event["id"] == id
    assert event["id"].startswith("EV")
    assert (event["resource_type"], event["links"]) == ("payments", {"payment": "PM03"})
    assert event["details"]["cause"] == "insufficient_funds"
    assert "amount" not in event
    assert get(server, "payments/PM03").json()["payments"]["status"] == "failed"
    assert get(server, f"events/{id}").json()["events"]["action"] == "failed"


def test_included_objects_come_in_their_present_state(
    server: FakeServer, store: RecordStore
) -> None:
    act(store, "payment", "PM03", "confirmed")
    act(store, "payment", "PM03", "paid_out")
    body = get(server, "events", resource_type="payments", include="payment", limit=2).json()
    assert [event["action"] for event in body["events"]] == ["paid_out", "confirmed"]
    linked = [(row["id"], row["status"]) for row in body["linked"]["payments"]]
    assert linked == [("PM03", "paid_out")]
    assert get(server, "events", include="payment").status_code == 422
    assert ids(server, "events", resource_type="mandates") == []


def test_events_are_listed_for_eighteen_months(server: FakeServer, store: RecordStore) -> None:
    oldest = ids(server, "events", limit=500)[-1]
    store.set_now(START + timedelta(days=EVENT_DAYS))
    assert oldest not in ids(server, "events", limit=500)
    assert get(server, f"events/{oldest}").status_code == 404
    assert len(ids(server, "payments", limit=500)) == 60


@pytest.mark.parametrize(
    ("path", "params", "status", "kind"),
    [
        ("payments", {"limit": 501}, 422, "validation_failed"),
        ("payments", {"limit": 0}, 422, "validation_failed"),
        ("payments", {"colour": "red"}, 422, "validation_failed"),
        ("payments", {"created_at[gte]": "soon"}, 422, "validation_failed"),
        ("payments", {"after": "PM99"}, 400, "invalid_api_usage"),
        ("payments/PM99", {}, 404, "invalid_api_usage"),
        ("bills", {}, 404, "invalid_api_usage"),
    ],
)
def test_errors(
    server: FakeServer, path: str, params: dict[str, Any], status: int, kind: str
) -> None:
    answer = get(server, path, **params)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == kind


def test_a_removed_customer_is_neither_listed_nor_found(
    server: FakeServer, store: RecordStore
) -> None:
    save(store, "customer", "CU1", {"email": "a@example.org"})
    assert ids(server, "customers") == ["CU1"]
    store.delete("gocardless", "customer", "CU1")
    assert ids(server, "customers") == []
    assert get(server, "customers/CU1").status_code == 404


def test_the_limit_tells_its_reset_as_a_date_and_no_retry_after(store: RecordStore) -> None:
    with FakeServer(GocardlessFake(store, per_minute=2)) as server:
        # Five requests lie in two different minutes at most: one of them is over the limit.
        answers = [get(server, "payments", limit=1) for _ in range(5)]
    assert answers[0].headers["RateLimit-Limit"] == "2"
    assert answers[0].headers["RateLimit-Remaining"] == "1"
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["error"]["errors"][0]["reason"] == "rate_limit_exceeded"
    assert "Retry-After" not in refused.headers
    reset = parsedate_to_datetime(refused.headers["RateLimit-Reset"])
    assert reset.second == 0
    assert timedelta(0) <= reset - datetime.now(UTC) <= timedelta(seconds=60)

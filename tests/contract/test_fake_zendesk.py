"""The fake Zendesk: log-in, the exports' rules, cursor and offset paging, limits, errors."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.zendesk import ZendeskFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
NOON = int(NOW.timestamp())
LOGIN = ("admin@example.org/token", "sandbox-zendesk-token")


def record(entity: str, number: int, ago: float, **body: Any) -> Record:
    at = NOON - ago
    return Record("zendesk", entity, str(number), {"id": number, **body}, number, at, at)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "z.sqlite")
    store.set_now(NOW)
    store.put_many(record("ticket", n, 1000 - n) for n in range(1, 8))
    store.put_many(record("organization", n, 1000 - n // 3) for n in range(1, 8))
    store.put(record("ticket", 8, 30))
    store.put(record("ticket_metric", 3, 900, reopens=1))
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(ZendeskFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, **params: Any) -> Any:
    return requests.get(f"{server.url}/api/v2/{path}", params=params, auth=LOGIN, timeout=5)


TICKETS = "incremental/tickets/cursor.json"


def test_log_in(server: FakeServer) -> None:
    url = f"{server.url}/api/v2/users.json"
    assert get(server, "users.json").status_code == 200
    token = {"Authorization": "Bearer sandbox-zendesk-oauth"}
    assert requests.get(url, headers=token, timeout=5).status_code == 200
    plain = requests.get(url, auth=("admin@example.org", LOGIN[1]), timeout=5)
    assert plain.status_code == 401
    assert plain.json() == {"error": "Couldn't authenticate you"}


def test_the_cursor_export_walks_to_the_end_of_the_stream(server: FakeServer) -> None:
    body = get(server, TICKETS, start_time=0, per_page=3).json()
    seen = [ticket["id"] for ticket in body["tickets"]]
    while not body["end_of_stream"]:
        assert body["after_url"].endswith(f"?cursor={body['after_cursor']}")
        body = get(server, TICKETS, cursor=body["after_cursor"], per_page=3).json()
        seen += [ticket["id"] for ticket in body["tickets"]]
    assert seen == [1, 2, 3, 4, 5, 6, 7], "ticket 8 changed within the last minute"
    assert base64.b64decode(body["after_cursor"]).decode() == f"{NOON - 993}.0||7|"
    again = get(server, TICKETS, cursor=body["after_cursor"]).json()
    assert (again["tickets"], again["end_of_stream"]) == ([], True)
    assert again["after_cursor"] == body["after_cursor"]


def test_generated_timestamp_moves_where_updated_at_need_not(
    server: FakeServer, store: RecordStore
) -> None:
    store.put(record("ticket", 1, 100, updated_at="2026-06-01T00:00:00Z"))
    body = get(server, TICKETS, start_time=NOON - 200).json()
    (ticket,) = body["tickets"]
    assert ticket["generated_timestamp"] == NOON - 100
    assert ticket["updated_at"] == "2026-06-01T00:00:00Z"


def test_time_based_pages_overlap_and_keep_a_second_together(server: FakeServer) -> None:
    path = "incremental/organizations.json"
    first = get(server, path, start_time=0, per_page=2).json()
    assert [row["id"] for row in first["organizations"]] == [1, 2]
    assert first["end_time"] == NOON - 1000
    second = get(server, path, start_time=NOON - 999, per_page=2).json()
    assert [row["id"] for row in second["organizations"]] == [3, 4, 5]
    assert (second["count"], second["end_time"]) == (3, NOON - 999)
    last = get(server, path, start_time=NOON - 999, per_page=4).json()
    assert [row["id"] for row in last["organizations"]] == [3, 4, 5, 6, 7]
    assert last["end_of_stream"] is True
    assert last["next_page"].endswith(f"start_time={NOON - 998}")


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"start_time": "june"}, 400),
        ({"start_time": NOON - 30}, 422),
        ({"cursor": "nonsense"}, 400),
    ],
)
def test_exports_refuse(server: FakeServer, params: dict[str, Any], status: int) -> None:
    answer = get(server, TICKETS, **params)
    assert answer.status_code == status
    assert answer.json()["error"] == "InvalidValue"


def test_metrics_only_when_asked_for(server: FakeServer) -> None:
    assert "metric_sets" not in get(server, TICKETS, start_time=0).json()
    (found,) = get(server, TICKETS, start_time=0, include="metric_sets").json()["metric_sets"]
    assert (found["ticket_id"], found["reopens"]) == (3, 1)


def test_deleted_tickets_stay_scrubbed_or_are_left_out(
    server: FakeServer, store: RecordStore
) -> None:
    store.put(record("ticket", 1, 100, status="deleted", subject="Help"))
    (ticket,) = get(server, TICKETS, start_time=NOON - 200).json()["tickets"]
    assert (ticket["status"], ticket["subject"]) == ("deleted", "SCRUBBED")
    kept = get(server, TICKETS, start_time=NOON - 200, exclude_deleted="true").json()
    assert kept["tickets"] == []


def test_ratings_by_cursor(server: FakeServer, store: RecordStore) -> None:
    scores = ("offered", "good", "bad", "good", "good")
    path = "satisfaction_ratings.json"
    store.put_many(
        record("satisfaction_rating", n, 500 - n, score=score, ticket_id=n)
        for n, score in enumerate(scores, start=1)
    )
    size = {"page[size]": 2, "score": "received"}
    body = get(server, path, **size).json()
    assert [row["id"] for row in body["satisfaction_ratings"]] == [2, 3]
    cursor = {"page[after]": body["meta"]["after_cursor"]}
    body = get(server, path, **size, **cursor).json()
    assert [row["id"] for row in body["satisfaction_ratings"]] == [4, 5]
    assert body["meta"]["has_more"] is False
    since = get(server, path, start_time=NOON - 497, **size).json()
    assert [row["id"] for row in since["satisfaction_ratings"]] == [3, 4]
    assert get(server, path, **{"page[size]": 101}).status_code == 400


def test_offset_paging_ends_at_ten_thousand_rows(server: FakeServer, store: RecordStore) -> None:
    store.put_many(record("user", n, 20_000 - n) for n in range(1, 10_102))
    last = get(server, "users.json", page=100).json()
    assert len(last["users"]) == 100
    assert last["next_page"].endswith("page=101&per_page=100")
    refused = requests.get(last["next_page"], auth=LOGIN, timeout=5)
    assert refused.status_code == 400
    export = "incremental/users/cursor.json"
    seen = get(server, export, start_time=0).json()
    count = len(seen["users"])
    while not seen["end_of_stream"]:
        seen = get(server, export, cursor=seen["after_cursor"]).json()
        count += len(seen["users"])
    assert count == 10_101


def test_limits(store: RecordStore) -> None:
    with FakeServer(ZendeskFake(store, exports_per_minute=2)) as server:
        answers = [get(server, TICKETS, start_time=0) for _ in range(3)]
        listed = get(server, "users.json")
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert listed.status_code == 200
    assert int(listed.headers["X-Rate-Limit-Remaining"]) == 700 - 4


def test_unknown_addresses(server: FakeServer) -> None:
    answer = get(server, "incremental/nothing.json", start_time=0)
    assert (answer.status_code, answer.json()["error"]) == (404, "InvalidEndpoint")

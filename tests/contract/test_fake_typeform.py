"""The fake Typeform: token, pages, filters, tokens as cursors, lag, limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.typeform import TypeformFake, add_form, answer, question, respond
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore

START = datetime(2026, 6, 1, tzinfo=UTC)
TOKEN = {"Authorization": "Bearer sandbox-typeform-token"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    for number in range(30):
        store.set_now(START + timedelta(minutes=number))
        add_form(store, f"form{number:02d}", [question("nps", "opinion_scale")])
        respond(store, "form00", f"t{number:02d}", [answer("nps", "opinion_scale", "number", 7)])
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(TypeformFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, headers: Any = TOKEN, **params: Any) -> Any:
    return requests.get(f"{server.url}/{path}", params=params, headers=headers, timeout=5)


def responses(server: FakeServer, **params: Any) -> list[str]:
    found = get(server, "forms/form00/responses", **params).json()["items"]
    return [item["token"] for item in found]


def test_a_token_is_needed(server: FakeServer) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = get(server, "forms", headers)
        assert refused.status_code == 401
        assert set(refused.json()) == {"code", "description"}


def test_forms_by_number_of_page(server: FakeServer) -> None:
    body = get(server, "forms").json()
    assert (body["total_items"], body["page_count"], len(body["items"])) == (30, 3, 10)
    assert body["items"][0]["id"] == "form29"
    assert "fields" not in body["items"][0]
    last = get(server, "forms", page=3, sort_by="created_at", order_by="asc").json()["items"]
    assert [item["id"] for item in last] == [f"form{n}" for n in range(20, 30)]
    assert get(server, "forms/form03").json()["fields"][0]["ref"] == "nps"


def test_responses_newest_first_twenty_five_at_a_time(server: FakeServer) -> None:
    body = get(server, "forms/form00/responses").json()
    assert (body["total_items"], body["page_count"]) == (30, 2)
    assert [item["token"] for item in body["items"]] == [f"t{n:02d}" for n in range(29, 4, -1)]
    item = body["items"][0]
    assert item["submitted_at"] == "2026-06-01T00:29:00Z"
    assert item["answers"][0]["number"] == 7
    assert item["answers"][0]["field"] == {"id": "id_nps", "ref": "nps", "type": "opinion_scale"}


def test_before_and_after_are_exclusive_and_count_what_is_left(server: FakeServer) -> None:
    body = get(server, "forms/form00/responses", before="t04", page_size=3).json()
    assert (body["total_items"], body["page_count"]) == (4, 2)
    assert [item["token"] for item in body["items"]] == ["t03", "t02", "t01"]
    assert responses(server, after="t26") == ["t27", "t28", "t29"]
    assert responses(server, before="t00") == []


def test_since_and_until_are_inclusive(server: FakeServer) -> None:
    at = int(START.timestamp())
    assert responses(server, since=at + 60, until=at + 180) == ["t03", "t02", "t01"]
    assert responses(server, since="2026-06-01T00:28:00") == ["t29", "t28"]


def test_partial_responses_only_when_asked_for(server: FakeServer, store: RecordStore) -> None:
    respond(store, "form00", "half", [], response_type="partial")
    assert "half" not in responses(server)
    assert responses(server, response_type="partial") == ["half"]
    assert "half" in responses(server, response_type="partial,completed")


def test_recent_responses_show_late(store: RecordStore) -> None:
    with FakeServer(TypeformFake(store, lag=timedelta(minutes=20))) as server:
        assert responses(server)[0] == "t09"
        store.set_now(store.now() + timedelta(minutes=20))
        assert responses(server)[0] == "t29"


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("forms", {"page_size": 201}, 400),
        ("forms", {"sort_by": "title"}, 400),
        ("forms/none", {}, 404),
        ("forms/none/responses", {}, 404),
        ("forms/form00/responses", {"page_size": 1001}, 400),
        ("forms/form00/responses", {"before": "none"}, 400),
        ("forms/form00/responses", {"before": "t04", "sort": "submitted_at,asc"}, 400),
        ("forms/form00/responses", {"since": "soon"}, 400),
        ("forms/form00/responses", {"colour": "red"}, 400),
    ],
)
def test_errors(server: FakeServer, path: str, params: dict[str, Any], status: int) -> None:
    refused = get(server, path, **params)
    assert refused.status_code == status
    assert refused.json()["code"]


def test_more_than_two_a_second_are_refused(store: RecordStore) -> None:
    with FakeServer(TypeformFake(store, requests_per_second=2)) as server:
        codes = [get(server, "forms", page_size=1).status_code for _ in range(3)]
    assert codes == [200, 200, 429]

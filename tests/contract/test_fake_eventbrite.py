"""The fake Eventbrite: pages, tokens, errors, and answers that fit the OpenAPI description."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft7Validator
from vendors import NOW, z

from connectors.registry import SourceContext, build_source
from connectors.testing.fakes.eventbrite import EventbriteFake
from connectors.testing.fakes.eventbrite_records import money, when
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

TOKEN = "sandbox-eventbrite-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SPEC = "eventbrite-partial.yml"
LISTS = ("events", "orders", "attendees")


def record(entity: str, number: int, **body: Any) -> Record:
    changed = z(NOW - timedelta(days=number))
    full = {"id": str(number), "created": changed, "changed": changed, **body}
    return Record("eventbrite", entity, str(number), full, number, 0.0, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.set_now(NOW)
    at = when("2026-05-01T08:00:00Z")
    for n in range(1, 8):
        costs = {"gross": money(100 * n, "EUR")}
        store.put(record("event", n, name=f"Event {n}", status="live", start=at, end=at))
        store.put(record("order", n, event_id="1", status="placed", costs=costs))
        store.put(record("attendee", n, event_id="1", order_id=str(n), costs=costs))
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(EventbriteFake(store, page_size=3, token_minutes=20)) as running:
        yield running


def get(server: FakeServer, path: str, **params: Any) -> requests.Response:
    return requests.get(f"{server.url}/v3/{path}", params=params, headers=HEADERS, timeout=5)


def test_tokens_and_errors(server: FakeServer) -> None:
    url = f"{server.url}/v3/organizations/4711/orders/"
    bare = requests.get(url, timeout=5)
    assert (bare.status_code, bare.json()["error"]) == (401, "NO_AUTH")
    wrong = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=5)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "INVALID_AUTH")
    assert wrong.json()["status_code"] == 400
    assert get(server, "organizations/1/orders/").json()["error"] == "NOT_AUTHORIZED"
    assert get(server, "organizations/4711/nothing/").json()["error"] == "NOT_FOUND"
    assert get(server, "organizations/4711/events/", changed_since=z(NOW)).status_code == 400
    assert requests.post(url, headers=HEADERS, timeout=5).status_code == 405


def test_continuation_walks_the_list_and_dies(server: FakeServer, store: RecordStore) -> None:
    first = get(server, "organizations/4711/orders/").json()
    told = first["pagination"]
    assert (told["object_count"], told["page_count"], told["has_more_items"]) == (7, 3, True)
    again = {"continuation": told["continuation"]}
    second = get(server, "organizations/4711/orders/", **again).json()
    assert [row["id"] for row in second["orders"]] == ["4", "5", "6"]
    last = get(
        server, "organizations/4711/orders/", continuation=second["pagination"]["continuation"]
    ).json()
    assert [row["id"] for row in last["orders"]] == ["7"]
    assert last["pagination"]["has_more_items"] is False
    assert "continuation" not in last["pagination"]
    bad = get(server, "organizations/4711/orders/", continuation="no-token")
    assert bad.json()["error"] == "BAD_CONTINUATION_TOKEN"
    store.set_now(NOW + timedelta(minutes=21))
    dead = get(server, "organizations/4711/orders/", **again)
    assert (dead.status_code, dead.json()["error"]) == (400, "BAD_CONTINUATION_TOKEN")


def test_changed_since_is_inclusive(server: FakeServer) -> None:
    since = {"changed_since": z(NOW - timedelta(days=2))}
    for key in ("orders", "attendees"):
        body = get(server, f"organizations/4711/{key}/", **since).json()
        assert [row["id"] for row in body[key]] == ["1", "2"]
    local = get(server, "organizations/4711/orders/", changed_since="2026-06-28 12:00")
    assert local.json()["error"] == "ARGUMENTS_ERROR"


def test_the_allowance(store: RecordStore) -> None:
    fake = EventbriteFake(store, requests_per_hour=2)
    with FakeServer(fake) as server:
        answers = [get(server, "users/me/organizations/") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error"] == "HIT_RATE_LIMIT"
        assert "Retry-After" not in answers[2].headers
        assert answers[1].headers["x-rate-limit"] == f"token:{TOKEN} 2/2 reset=3594s"
        fake.reset()
        assert get(server, "users/me/organizations/").status_code == 200


def test_only_events_take_a_page_size(server: FakeServer) -> None:
    assert len(get(server, "organizations/4711/events/", page_size=2).json()["events"]) == 2
    assert len(get(server, "organizations/4711/events/", page_size=99).json()["events"]) == 3
    assert get(server, "organizations/4711/orders/", page_size=2).status_code == 400


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: the OpenAPI description is not here")
    document: dict[str, Any] = yaml.safe_load((Path(folder) / SPEC).read_text(encoding="utf-8"))
    return document


def errors(description: dict[str, Any], path: str, body: Any) -> list[str]:
    """What of an answer does not fit; every field the description names may also be null."""
    responses = description["paths"][path]["get"]["responses"]
    answer = responses.get(200) or responses["200"]
    schema = next(iter(answer["content"].values()))["schema"]
    rooted = {"allOf": [schema], "components": description["components"]}
    found = Draft7Validator(rooted).iter_errors(body)
    return [f"{list(e.absolute_path)}: {e.message[:200]}" for e in found if e.instance is not None]


@pytest.mark.parametrize("key", LISTS)
def test_lists_fit_the_description(
    server: FakeServer, description: dict[str, Any], key: str
) -> None:
    body = get(server, f"organizations/4711/{key}/").json()
    assert len(body[key]) == 3
    path = f"/organizations/{{organization_id}}/{key}/"
    assert errors(description, path, body) == []
    body[key][0]["id"] = 1
    body["pagination"]["has_more_items"] = "yes"
    assert len(errors(description, path, body)) == 2, "the description does refuse"


def test_organizations_fit_the_description(server: FakeServer, description: dict[str, Any]) -> None:
    body = get(server, "users/me/organizations/").json()
    assert errors(description, "/users/me/organizations/", body) == []


def test_requests_of_the_connector_fit_the_description(
    server: FakeServer, description: dict[str, Any], tmp_path: Path
) -> None:
    settings = {"base_url": server.url, "organization_id": "4711", "private_token": TOKEN}
    source: Any = build_source("eb", "eventbrite", settings, SourceContext(tmp_path / "state"))
    try:
        assert all(item.ok for item in source.check())
    finally:
        source.close()
    assert {request.path for request in server.requests} > {"/v3/users/me/organizations/"}
    for request in server.requests:
        path = request.path.removeprefix("/v3").replace("/4711/", "/{organization_id}/")
        known = {p["name"].strip() for p in description["paths"][path]["get"].get("parameters", [])}
        # Paging is described in words only.
        assert {name for name, _ in request.query} <= {*known, "continuation"}

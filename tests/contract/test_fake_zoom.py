"""The fake Zoom: tokens, pages, UUIDs, periods, and answers that fit the OpenAPI description."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from jsonschema import Draft7Validator
from vendors import NOW, z

from connectors.testing.fakes.zoom import ZoomFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

SPEC = "zoom-partial.yml"
GRANT = {"grant_type": "account_credentials", "account_id": "sandbox-account"}
BASIC = ("sandbox-client", "sandbox-zoom-secret")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.set_now(NOW)

    def put(entity: str, key: str, parent: str, /, **body: Any) -> None:
        store.put(Record("zoom", entity, key, body, store.count("zoom", entity), 0.0, 0.0, parent))

    put("user", "hostA", "", id="hostA")
    put("user", "hostB", "", id="hostB", has_plan=False)
    put("webinar", "1", "hostA", id=1, uuid="1==", topic="Talk", start_time=z(NOW))
    old = z(NOW - timedelta(days=31))
    put("webinar", "2", "hostA", id=2, uuid="2==", topic="Old talk", start_time=old)
    for number in range(1, 8):
        person = {"id": f"r{number}", "email": f"r{number}@example.org", "first_name": "Anna"}
        put(
            "registrant", f"r{number}", "1", status="approved" if number < 6 else "denied", **person
        )
    for uuid, days, hours in (("u1==", 1, 1), ("/u2==", 2, 1), ("u3==", 400, 1), ("u4==", 0, 2)):
        start = NOW - timedelta(days=days)
        times = {"start_time": z(start), "end_time": z(start + timedelta(hours=hours))}
        put("instance", uuid, "hostA", uuid=uuid, id=1, topic="Talk", **times)
        put("participant", uuid, uuid, user_id="7", registrant_id="r1", join_time=z(start))
    put("instance", "u5==", "hostA", uuid="u5==", id=1, participants_count=1, **times)
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(ZoomFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, **params: Any) -> requests.Response:
    granted = requests.post(f"{server.url}/oauth/token", data=GRANT, auth=BASIC, timeout=5)
    headers = {"Authorization": f"Bearer {granted.json()['access_token']}"}
    return requests.get(f"{server.url}/v2/{path}", params=params, headers=headers, timeout=5)


def test_tokens(server: FakeServer) -> None:
    url = f"{server.url}/oauth/token"
    assert requests.post(url, data=GRANT, auth=BASIC, timeout=5).json()["expires_in"] == 3599
    assert requests.post(url, data=GRANT, timeout=5).status_code == 400
    assert requests.post(url, data={}, auth=BASIC, timeout=5).status_code == 400
    bare = requests.get(f"{server.url}/v2/users", timeout=5)
    assert (bare.status_code, bare.json()["code"]) == (401, 124)


def test_lists_and_their_refusals(server: FakeServer) -> None:
    assert [one["id"] for one in get(server, "users").json()["users"]] == ["hostA", "hostB"]
    assert [one["id"] for one in get(server, "users/hostA/webinars").json()["webinars"]] == [1]
    assert get(server, "users/hostB/webinars").json()["code"] == 200
    assert get(server, "webinars/2/registrants").json()["code"] == 3001
    assert len(get(server, "webinars/1/registrants").json()["registrants"]) == 5
    assert len(get(server, "webinars/1/registrants", status="denied").json()["registrants"]) == 2
    assert get(server, "webinars/1/registrants", page_size=301).status_code == 300
    assert get(server, "nothing").status_code == 404


def test_page_tokens_live_fifteen_minutes(server: FakeServer, store: RecordStore) -> None:
    first = get(server, "webinars/1/registrants", page_size=3).json()
    assert (first["total_records"], first["page_count"]) == (5, 2)
    more = {"page_size": 3, "next_page_token": first["next_page_token"]}
    second = get(server, "webinars/1/registrants", **more).json()
    assert [one["id"] for one in second["registrants"]] == ["r4", "r5"]
    assert second["next_page_token"] == ""
    store.set_now(NOW + timedelta(minutes=16))
    dead = get(server, "webinars/1/registrants", **more)
    assert (dead.status_code, dead.json()["code"]) == (400, 300)


def test_reports_reach_as_far_as_zooms_do(server: FakeServer) -> None:
    day = NOW.date()
    month = {"from": day - timedelta(days=20), "to": day, "type": "past"}
    found = get(server, "report/users/hostA/meetings", **month).json()["meetings"]
    assert [one["uuid"] for one in found] == ["u1==", "/u2=="], "ended, and by two people at least"
    long = {**month, "from": day - timedelta(days=40)}
    assert get(server, "report/users/hostA/meetings", **long).status_code == 400
    path = "report/webinars/{}/participants"
    assert get(server, path.format("u1%3D%3D")).json()["total_records"] == 1
    assert get(server, path.format("%252Fu2%253D%253D")).json()["total_records"] == 1
    assert get(server, path.format("%2Fu2%3D%3D")).json()["code"] == 3001
    assert get(server, path.format("u3%3D%3D")).json()["code"] == 12702
    assert get(server, path.format("u4%3D%3D")).json()["code"] == 3001


def test_registrant_ids_come_on_request(server: FakeServer) -> None:
    path = "report/webinars/u1%3D%3D/participants"
    assert "registrant_id" not in get(server, path).json()["participants"][0]
    asked = get(server, path, include_fields="registrant_id").json()["participants"][0]
    assert asked["registrant_id"] == "r1"


def test_the_days_limit_says_when_it_ends(store: RecordStore) -> None:
    with FakeServer(ZoomFake(store, heavy_per_day=1)) as server:
        path = "report/webinars/u1%3D%3D/participants"
        answers = [get(server, path) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        headers = answers[1].headers
        assert headers["X-RateLimit-Type"] == "Daily-limit"
        assert datetime.fromisoformat(headers["Retry-After"]) > datetime.now(UTC)
        assert get(server, "users").status_code == 200, "lists have a limit of their own"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: the OpenAPI description is not here")
    document: dict[str, Any] = yaml.safe_load((Path(folder) / SPEC).read_text(encoding="utf-8"))
    return document


def errors(description: dict[str, Any], path: str, body: Any) -> list[str]:
    responses = description["paths"][path]["get"]["responses"]
    answer = responses.get(200) or responses["200"]
    schema = next(iter(answer["content"].values()))["schema"]
    rooted = {"allOf": [schema], "components": description["components"]}
    return [error.message[:200] for error in Draft7Validator(rooted).iter_errors(body)]


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("users", "/users"),
        ("webinars/1/registrants", "/webinars/{webinarId}/registrants"),
        # The description lacks the report; its twin among the past webinars is much the same.
        ("report/webinars/u1%3D%3D/participants", "/past_webinars/{webinarId}/participants"),
    ],
)
def test_lists_fit_the_description(
    server: FakeServer, description: dict[str, Any], asked: str, path: str
) -> None:
    body = get(server, asked).json()
    assert errors(description, path, body) == []
    key = next(name for name, value in body.items() if isinstance(value, list))
    assert body[key]
    body["total_records"] = "many"
    assert len(errors(description, path, body)) == 1, "the description does refuse"


def test_parameters_fit_the_description(description: dict[str, Any]) -> None:
    for path, used in (
        ("/users", {"status", "page_size", "next_page_token"}),
        ("/webinars/{webinarId}/registrants", {"status", "page_size", "next_page_token"}),
        ("/past_webinars/{webinarId}/participants", {"page_size", "next_page_token"}),
    ):
        known = {p["name"]: p["schema"] for p in description["paths"][path]["get"]["parameters"]}
        assert used <= known.keys()
        assert known["page_size"]["maximum"] == 300
    statuses = description["paths"]["/webinars/{webinarId}/registrants"]["get"]["parameters"]
    (status,) = [p["schema"]["enum"] for p in statuses if p["name"] == "status"]
    assert set(status) == {"pending", "approved", "denied"}

"""The fake Tito answers as the documentation says: pages, hidden states, times, modes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from vendors import NOW

from connectors.testing.fakes.tito import TitoFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

HEADERS = {"Authorization": "Token token=sandbox-tito-token"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    store = RecordStore(tmp_path / "tito.sqlite")
    store.set_now(NOW)
    event = {"id": 1, "slug": "gala", "start_date": "2026-07-01", "created_at": "2026-01-01"}
    store.put(Record("tito", "event", "gala", event, 1, 0.0, 0.0))
    for number, state in enumerate(("complete", "unassigned", "void"), start=1):
        stamp = f"2026-06-30T1{number}:00:00.000Z"
        body = {"id": number, "state": state, "created_at": stamp, "updated_at": stamp}
        store.put(Record("tito", "ticket", str(number), body, number, 0.0, 0.0, "gala"))
    with FakeServer(TitoFake(store)) as running:
        yield running
    store.close()


def tickets(server: FakeServer, **params: Any) -> tuple[list[int], dict[str, Any]]:
    url = f"{server.url}/v3/example/gala/tickets"
    answer = requests.get(url, params=params, headers=HEADERS, timeout=5).json()
    return [row["id"] for row in answer["tickets"]], answer["meta"]


def test_newest_first_and_void_left_out(server: FakeServer) -> None:
    assert tickets(server)[0] == [2, 1]
    assert tickets(server, **{"search[states][]": ["void", "complete"]})[0] == [3, 1]
    assert tickets(server, **{"search[direction]": "asc"})[0] == [1, 2]


def test_pages(server: FakeServer) -> None:
    ids, meta = tickets(server, **{"page[size]": 1})
    assert (ids, meta["next_page"], meta["total_count"], meta["total_pages"]) == ([2], 2, 2, 2)
    ids, meta = tickets(server, **{"page[size]": 1, "page[number]": 2})
    assert (ids, meta["next_page"]) == ([1], None)


def test_a_time_is_local_unless_it_says_utc(server: FakeServer) -> None:
    bound = "2026-06-30T12:00:00"
    assert tickets(server, **{"search[updated_at][gte]": f"{bound} UTC"})[0] == [2]
    assert tickets(server, **{"search[updated_at][gt]": f"{bound} UTC"})[0] == []
    assert tickets(server, **{"search[updated_at][gte]": bound})[0] == [2, 1]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v3/hello", HEADERS, 200),
        ("/v3/hello", {"Authorization": "Token token=no"}, 401),
        ("/v3/other/events", HEADERS, 404),
        ("/v3/example/nothing/tickets", HEADERS, 404),
        ("/checkin_lists/nothing", {}, 404),
    ],
)
def test_errors(server: FakeServer, path: str, headers: dict[str, str], status: int) -> None:
    answer = requests.get(server.url + path, headers=headers, timeout=5)
    assert answer.status_code == status
    assert status == 200 or answer.json()["status"] == status

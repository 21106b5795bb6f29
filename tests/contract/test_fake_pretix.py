"""The fake pretix: tokens, pages, filters and what its lists leave out, as pretix 2026.8 does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

TOKEN = {"Authorization": "Token sandbox-pretix-token"}
NOW = datetime(2026, 6, 30, 21, 0, 0, 123456, tzinfo=UTC)


def record(entity: str, key: str, sort: int, **body: Any) -> Record:
    return Record("pretix", entity, key, body, sort, 0.0, 0.0, body.get("event"))


def order(number: int, **more: Any) -> Record:
    body = {
        "code": f"A{number:03d}",
        "event": "web" if number % 2 else "fair",
        "status": "p",
        "testmode": False,
        "email": f"p{number}@example.org",
        "datetime": f"2026-05-{number % 28 + 1:02d}T10:00:00Z",
        "last_modified": f"2026-06-{number % 28 + 1:02d}T10:00:00Z",
        "total": "30.00",
        "positions": [
            {"id": number * 10, "positionid": 1, "price": "30.00", "canceled": False},
            {"id": number * 10 + 1, "positionid": 2, "price": "0.00", "canceled": True},
        ],
        "payments": [{"local_id": 1, "state": "confirmed", "amount": "30.00"}],
        "refunds": [],
    } | more
    return record("order", body["code"], number, **body)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.set_now(NOW)
    store.put_many(
        record("event", slug, n, slug=slug, name={"en": slug}, live=True, date_from=day)
        for n, (slug, day) in enumerate(
            [("web", "2026-05-01T10:00:00Z"), ("fair", "2026-04-01T10:00:00+02:00")]
        )
    )
    store.put_many(order(n) for n in range(1, 121))
    store.put_many(
        record(
            "checkin",
            str(n),
            n,
            id=n,
            event="web",
            position=n,
            list=1,
            type="entry",
            successful=n != 2,
            datetime=f"2026-06-0{n}T09:00:00Z",
            created=f"2026-06-0{n}T10:00:00Z",
        )
        for n in range(1, 4)
    )
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(PretixFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, **params: Any) -> requests.Response:
    url = f"{server.url}/api/v1/organizers/example/{path}"
    return requests.get(url, params=params, headers=TOKEN, timeout=5)


def codes(answer: requests.Response) -> list[str]:
    return [row["code"] for row in answer.json()["results"]]


def test_tokens_and_permissions(server: FakeServer, store: RecordStore) -> None:
    url = f"{server.url}/api/v1/organizers/example/orders/"
    missing = requests.get(url, timeout=5)
    assert missing.status_code == 401
    assert missing.json() == {"detail": "Authentication credentials were not provided."}
    wrong = requests.get(url, headers={"Authorization": "Token x"}, timeout=5)
    assert (wrong.status_code, wrong.json()) == (401, {"detail": "Invalid token."})
    denied = {"detail": "You do not have permission to perform this action."}
    other = requests.get(url.replace("example", "other"), headers=TOKEN, timeout=5)
    assert (other.status_code, other.json()) == (403, denied)
    assert get(server, "events/none/checkins/").status_code == 403
    assert get(server, "orders/NONE/").status_code == 404
    assert get(server, "nothing/").status_code == 404
    assert requests.post(url, headers=TOKEN, timeout=5).status_code == 405
    with FakeServer(PretixFake(store, hidden_events=["web"])) as limited:
        assert get(limited, "events/web/checkins/").status_code == 403
        assert get(limited, "orders/").json()["count"] == 60
        assert get(limited, "events/").json()["count"] == 1


def test_pages_link_absolutely_and_hold_fifty_at_most(server: FakeServer) -> None:
    first = get(server, "orders/", page_size=500, modified_since="2026-01-01T00:00:00Z")
    body = first.json()
    assert (body["count"], len(body["results"]), body["previous"]) == (120, 50, None)
    assert body["next"].startswith(f"{server.url}/api/v1/organizers/example/orders/?")
    assert "modified_since=2026-01-01T00%3A00%3A00Z" in body["next"]
    seen = codes(first)
    url = body["next"]
    while url:
        answer = requests.get(url, headers=TOKEN, timeout=5)
        seen += codes(answer)
        url = answer.json()["next"]
    assert sorted(seen) == [f"A{n:03d}" for n in range(1, 121)]
    assert answer.json()["previous"].endswith("page=2")
    assert get(server, "orders/", page=4).json() == {"detail": "Invalid page."}
    assert get(server, "orders/", page="x").status_code == 404
    assert len(get(server, "orders/", page_size=7).json()["results"]) == 7
    full_last_page = get(server, "orders/", page_size=40, page=3).json()
    assert (len(full_last_page["results"]), full_last_page["next"]) == (40, None)


def test_order_lists_tell_the_server_time(server: FakeServer) -> None:
    answer = get(server, "orders/")
    assert answer.headers["X-Page-Generated"] == "2026-06-30T21:00:00.123456Z"
    assert "X-Page-Generated" not in get(server, "events/web/checkins/").headers


def test_order_filters(server: FakeServer) -> None:
    since = get(server, "orders/", modified_since="2026-06-28T10:00:00Z")
    assert codes(since) == ["A111", "A083", "A055", "A027"]
    later = get(server, "orders/", modified_since="2026-06-28T10:00:00.000001Z")
    assert later.json()["count"] == 0
    offset = get(server, "orders/", modified_since="2026-06-28T12:00:00+02:00")
    assert offset.json()["count"] == 4
    window = {"created_since": "2026-05-02T10:00:00Z", "created_before": "2026-05-03T10:00:00Z"}
    created = get(server, "orders/", **window)
    assert codes(created) == ["A113", "A085", "A057", "A029", "A001"]
    assert codes(get(server, "orders/", code="a007")) == ["A007"]
    bad = get(server, "orders/", modified_since="yesterday")
    assert (bad.status_code, bad.json()) == (400, {"modified_since": ["Enter a valid date/time."]})


def test_order_ordering(server: FakeServer) -> None:
    newest = get(server, "orders/", ordering="-last_modified", page_size=1)
    assert codes(newest) == ["A111"]
    assert codes(get(server, "orders/", ordering="code", page_size=2)) == ["A001", "A002"]
    # An unknown order is ignored, not refused.
    assert codes(get(server, "orders/", ordering="nonsense")) == codes(get(server, "orders/"))


def test_cancelled_positions_only_on_request(server: FakeServer) -> None:
    plain = get(server, "orders/A001/").json()
    assert [position["positionid"] for position in plain["positions"]] == [1]
    assert plain["secret"]
    every = get(server, "orders/A001/", include_canceled_positions="true").json()
    assert [position["positionid"] for position in every["positions"]] == [1, 2]
    assert every["positions"][0]["order"] == "A001"


def test_include_and_exclude(server: FakeServer) -> None:
    short = get(server, "orders/", include=["code", "status"], page_size=1).json()["results"]
    assert short == [{"code": short[0]["code"], "status": "p"}]
    without = get(server, "orders/", exclude=["secret", "positions.secret"]).json()["results"][0]
    assert "secret" not in without
    assert "secret" not in without["positions"][0]


def test_a_refund_does_not_touch_last_modified(server: FakeServer, store: RecordStore) -> None:
    before = store.get("pretix", "order", "A001")
    assert before is not None
    refund = {"local_id": 1, "state": "done", "amount": "30.00", "source": "admin"}
    store.put(order(1, refunds=[refund]))
    late = get(server, "orders/", modified_since="2026-06-29T00:00:00Z")
    assert late.json()["count"] == 0
    assert get(server, "orders/A001/").json()["refunds"][0]["state"] == "done"


def test_event_level_lists(server: FakeServer) -> None:
    events = get(server, "events/").json()["results"]
    assert [event["slug"] for event in events] == ["fair", "web"]
    assert get(server, "events/web/orders/").json()["count"] == 60
    answer = get(server, "events/web/checkins/", created_since="2026-06-02T10:00:00Z")
    assert [row["id"] for row in answer.json()["results"]] == [2, 3]
    assert "event" not in answer.json()["results"][0]
    good = get(server, "events/web/checkins/", successful="true", ordering="-datetime")
    assert [row["id"] for row in good.json()["results"]] == [3, 1]
    assert get(server, "events/fair/checkins/").json()["results"] == []


def test_drift_while_paging_shifts_the_pages(server: FakeServer, store: RecordStore) -> None:
    ordering = {"ordering": "code", "page_size": 10}
    first = codes(get(server, "orders/", **ordering))
    store.delete("pretix", "order", "A001")
    second = codes(get(server, "orders/", page=2, **ordering))
    assert first[-1] == "A010"
    assert second[0] == "A012"  # A011 moved to page 1: a reader of pages misses it

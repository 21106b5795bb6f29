"""The fake Action Network keeps to the rules its connector relies on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes.actionnetwork import ActionNetworkFake
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    made = RecordStore(tmp_path / "vendor.sqlite")
    for entity in ("person", "event"):
        for number in range(30):
            at = f"2026-05-{number + 1:02d}T08:00:00Z"
            body = {"identifiers": [f"action_network:{number:02d}"], "modified_date": at}
            made.put(Record("actionnetwork", entity, str(number), body, number, 0.0, 0.0))
    yield made
    made.close()


def ask(store: RecordStore, path: str, **params: str) -> tuple[int, Any]:
    headers = {"osdi-api-token": "sandbox-action-key"}
    request = Request("GET", f"/api/v2/{path}", tuple(params.items()), headers, base_url="x:")
    answer = ActionNetworkFake(store).handle(request)
    return answer.status, json.loads(answer.body)


def test_people_have_no_totals_no_order_and_a_next_link_on_the_last_page(
    store: RecordStore,
) -> None:
    _, first = ask(store, "people", per_page="100")
    _, last = ask(store, "people", page="2")
    _, empty = ask(store, "people", page="3")
    people = first["_embedded"]["osdi:people"]
    assert len(people) == 25
    assert "total_pages" not in first
    dates = [person["modified_date"] for person in people]
    assert dates not in (sorted(dates), sorted(dates, reverse=True))
    assert "next" in last["_links"]
    assert "next" not in empty["_links"]
    assert empty["_embedded"]["osdi:people"] == []


def test_other_collections_tell_totals_and_end(store: RecordStore) -> None:
    _, last = ask(store, "events", page="2")
    assert (last["total_records"], last["total_pages"]) == (30, 2)
    assert "next" not in last["_links"]


@pytest.mark.parametrize(
    ("only", "count"),
    [
        ("modified_date gt '2026-05-29T08:00:00Z'", 1),
        ("modified_date lt '2026-05-03'", 2),
        ("modified_date gt '2026-05-01' and modified_date lt '2026-05-03'", 2),
        ("identifier eq 'action_network:07'", 1),
    ],
)
def test_filters(store: RecordStore, only: str, count: int) -> None:
    assert len(ask(store, "people", filter=only)[1]["_embedded"]["osdi:people"]) == count


@pytest.mark.parametrize("only", ["modified_date ge '2026-05-01'", "title eq 'x'", "modified_date"])
def test_filters_that_are_not_supported(store: RecordStore, only: str) -> None:
    assert ask(store, "people", filter=only)[0] == 400

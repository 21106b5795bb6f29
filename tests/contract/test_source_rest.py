"""The `rest` kind: every way to page, and the answers it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rest_system import ONCE, WAYS, System, eleven_people, serving

from connectors.errors import LoopError, ShortReadError, SourceError
from connectors.testing.messages import Request


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with eleven_people(tmp_path) as system:
        yield system


@pytest.mark.parametrize("way", sorted(WAYS))
def test_every_way_of_paging_brings_every_record(system: System, way: str) -> None:
    for number in range(12, 251 if "cuts" in way else 12):
        system.add(number)
    wanted = sorted(str(r.id) for r in system.store.query("rest", "contact"))
    source = system.source(WAYS[way])
    (receipt, _) = system.lake.pull(source)["people"]
    assert receipt.rows == {"people": len(wanted)}, "a second walk landed its rows again"
    assert system.people(source) == wanted
    (chunks,) = [[key for keys in source.ids("people") for (key,) in keys]]
    assert set(chunks) == set(wanted)


@pytest.mark.parametrize("way", ["page", "offset", "next link", "link header"])
def test_a_list_that_shifts_is_walked_until_it_holds_still(system: System, way: str) -> None:
    def drift() -> None:
        system.store.delete("rest", "contact", "2")

    system.server.faults.on("contact").nth(2).drift(drift)
    source = system.source(WAYS[way])
    system.lake.pull(source)
    assert {"5", "11"} <= set(system.people(source)), "what moved to a read page was lost"
    assert len(system.people(source)) == 11, "the deleted one was read before it went"


def test_a_list_that_never_holds_still_is_an_error(tmp_path: Path) -> None:
    asked: list[int] = []

    def handle(request: Request) -> Any:
        asked.append(1)
        page = int(request.param("page") or 1)
        return {"data": [{"id": len(asked), "joined": None}] if page < 3 else []}

    with serving(tmp_path, handle) as system, pytest.raises(SourceError, match="hold still"):
        paged = {"path": "x", "params": {"page": "{page}"}, "paginate": {"by": "page"}}
        system.lake.pull(system.source(paged))


def test_walk_once_where_nothing_can_shift(system: System) -> None:
    way = WAYS["page"]
    source = system.source({**way, "paginate": {**way["paginate"], "walk": "once"}})
    system.lake.pull(source)
    assert len(system.server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "more", "said"),
    [
        ({"items": []}, {}, "nothing at `records: data`; its keys are items"),
        ([], {}, "nothing at `records: data`; it is a list"),
        ({"data": None}, {}, "is null, not a list"),
        ({"data": {"id": 1}}, {}, "is an object, not a list"),
        ({"data": [1, 2]}, {}, "is a list, not a list of records"),
        ({"data": [], "error": {"text": "Anna"}}, {"error": "error"}, "reports an error"),
        ({"data": []}, {"total": "count"}, "no number at `total: count`"),
        (
            {"data": []},
            {"paginate": {"by": "page", "more": "m"}, "params": {"p": "{page}"}},
            "more",
        ),
        ({"data": []}, {"empty": "error"}, "first page is empty"),
        ({"data": [{"id": 1}]}, {"paginate": {"by": "last_id", "field": "nr"}}, "no id at"),
    ],
)
def test_what_an_answer_must_hold(
    tmp_path: Path, answer: Any, more: dict[str, Any], said: str
) -> None:
    if more.get("paginate", {}).get("by") == "last_id":
        more = {**more, "params": {"after": "{last_id}"}}
    with serving(tmp_path, lambda _: answer) as system:
        source = system.source({**ONCE, **more})
        with pytest.raises(SourceError) as caught:
            system.lake.pull(source)
    assert said in str(caught.value)
    assert caught.value.stream == "people"
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("empty", [None, False, "", [], {}])
def test_an_empty_error_is_none(tmp_path: Path, empty: Any) -> None:
    with serving(tmp_path, lambda _: {"data": [], "error": empty}) as system:
        system.lake.pull(system.source({**ONCE, "error": "error"}))


def test_a_total_that_is_not_reached(tmp_path: Path) -> None:
    answer = {"data": [{"id": 1, "joined": None}], "count": "2"}
    with serving(tmp_path, lambda _: answer) as system, pytest.raises(ShortReadError):
        system.lake.pull(system.source({**ONCE, "total": "count"}))


@pytest.mark.parametrize("way", ["page without a total", "offset", "token", "last id", "next link"])
def test_the_same_page_again_and_again_is_a_loop(system: System, way: str) -> None:
    system.server.faults.on("contact").nth(2).every().repeat_previous()
    with pytest.raises(LoopError):
        system.lake.pull(system.source(WAYS[way]))


def test_last_ids_out_of_order_are_refused(tmp_path: Path) -> None:
    rows = [{"id": number, "joined": None} for number in (1, 5, 3)]
    with serving(tmp_path, lambda _: {"data": rows}) as system:
        source = system.source(
            {
                **ONCE,
                "params": {"after": "{last_id}"},
                "paginate": {"by": "last_id", "field": "id"},
            }
        )
        with pytest.raises(SourceError, match="order of `id`"):
            system.lake.pull(source)


@pytest.mark.parametrize("way", ["next link", "link header"])
def test_a_full_first_page_without_a_link_is_an_error(tmp_path: Path, way: str) -> None:
    rows = [{"id": number, "joined": None} for number in range(4)]
    answer = rows if way == "link header" else {"data": rows, "pages": {"next": "x"}}
    with serving(tmp_path, lambda _: answer) as system:
        source = system.source({**WAYS[way], "path": "list"})
        with pytest.raises(SourceError, match="first page is full"):
            system.lake.pull(source)
        rows.pop()
        system.lake.pull(source)


def test_more_without_a_token_is_an_error(tmp_path: Path) -> None:
    answer = {"data": [{"id": 1, "joined": None}], "more": True, "next": None}
    paged = {"by": "token", "selector": "next", "more": "more"}
    with serving(tmp_path, lambda _: answer) as system:
        source = system.source({**ONCE, "params": {"c": "{cursor}"}, "paginate": paged})
        with pytest.raises(SourceError, match="there is more"):
            system.lake.pull(source)

"""The `rest` kind: what is new, what a record becomes, and what is told about it beforehand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases_rest import PEOPLE
from rest_system import ONCE, WAYS, System, eleven_people, serving, whole_of

from connectors.discovery import discover, offers
from connectors.errors import SourceError
from connectors.testing.messages import Request
from connectors.testing.store import Record


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with eleven_people(tmp_path) as system:
        yield system


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("iso", "2026-06-01T12:06:00Z"),
        ("unix", "1780315560"),
        ("ms", "1780315560000"),
        ("date", "2026-06-01"),
        ("%d.%m.%Y %H:%M", "01.06.2026 14:06"),
    ],
)
def test_since_is_written_as_the_system_writes_times(
    tmp_path: Path, form: str, written: str
) -> None:
    values = {
        "iso": "2026-06-01T14:11:00+02:00",
        "unix": 1780315860,
        "ms": 1780315860500,
        "date": "2026-06-02",
        "%d.%m.%Y %H:%M": "01.06.2026 14:11",
    }
    asked: list[str | None] = []

    def handle(request: Request) -> Any:
        asked.append(request.param("since"))
        return {"data": [{"id": 1, "joined": None, "changed": values[form]}]}

    cursor = {"kind": "updated_since", "field": "changed", "format": form}
    lookback = {"lookback": "12h"} if form == "date" else {}
    with serving(tmp_path, handle) as system:
        source = system.source(
            {**ONCE, "params": {"since": "{since}"}, "cursor": {**cursor, **lookback}},
            timezone="Europe/Berlin",
        )
        system.lake.pull(source)
        system.lake.pull(source)
    assert asked == [None, written]


def test_a_record_without_its_time_of_change_is_an_error(tmp_path: Path) -> None:
    described = {
        **ONCE,
        "params": {"since": "{since}"},
        "cursor": {"kind": "updated_since", "field": "chnged"},
    }
    with (
        serving(tmp_path, lambda _: {"data": [{"id": 1}]}) as system,
        pytest.raises(SourceError, match="chnged"),
    ):
        system.lake.pull(system.source(described))


def test_an_append_log_goes_on_after_the_last_number(system: System) -> None:
    log = {
        **WAYS["last id"],
        "cursor": {"kind": "append_log_id", "field": "id", "overlap": 2},
    }
    source = system.source(log)
    system.lake.pull(source)
    system.add(12)
    seen = len(system.server.requests)
    done = system.lake.pull(source)
    assert done["people"][1].inserted["people"] == 1
    assert [r.param("after") for r in system.server.requests[seen:]] == ["9", "12"]
    assert system.server.requests[0].param("after") is None


def test_fields_made_of_others_and_a_flag_of_deletion(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "state": "active", "made": {"y": 2026, "m": 5}, "first": "Anna", "last": "E."},
        {"id": 2, "state": "gone", "made": {"y": 2026, "m": 6}, "first": None, "last": "B."},
    ]
    described = {
        **ONCE,
        "compose": {"on": "{made.y}-{made.m}-1", "full": ["{first} {last}", "{last}"]},
        "columns": {"id": "source_record_id", "full": "last_name", "on": "birth_date"},
        "date_format": "%Y-%m-%d",
        "deletes": {"kind": "flag", "field": "state", "is": ["gone"]},
    }
    with serving(tmp_path, lambda _: {"data": rows}) as system:
        source = system.source(described)
        system.lake.pull(source)
        found = system.lake.rows(source, "people", ("last_name", "birth_date"))
        assert [(r["last_name"], str(r["birth_date"])) for r in found] == [
            ("Anna E.", "2026-05-01")
        ]
        gone = system.lake.rows(source, "people", ("last_name",), deleted=True)
        assert [row["last_name"] for row in gone] == ["B."]


def test_one_list_for_each_record_of_another(system: System) -> None:
    for parent, number in ((1, 101), (1, 102), (7, 103)):
        note = {"id": number, "at": "2026-06-02T08:00:00Z"}
        system.store.put(
            Record("rest", "note", str(number), note, number, 0.0, 0.0, parent=str(parent))
        )
    notes = {
        "entity": "activities",
        "path": "of/{each}",
        "for_each": {"stream": "people", "field": "id"},
        "columns": {"id": "source_activity_id", "_each": "source_record_id", "at": "occurred_at"},
        "constants": {},
    }
    source = system.source(WAYS["token"], notes)
    assert all(item.ok for item in source.check())
    system.lake.pull(source)
    rows = system.lake.rows(source, "activities", ("source_activity_id", "source_record_id"))
    assert [tuple(row.values()) for row in rows] == [("101", "1"), ("102", "1"), ("103", "7")]
    fixed = {**notes, "for_each": {"values": [7]}}
    other = system.source(WAYS["token"], fixed)
    wrong = {**notes, "for_each": {"stream": "people", "field": "name"}}
    with pytest.raises(SourceError, match="for_each"):
        list(system.source(WAYS["token"], wrong).pages(whole_of("activities")))
    (page,) = other.pages(whole_of("activities"))
    assert [row["source_activity_id"] for row in page.rows["activities"]] == ["103"]


def test_check_and_discover_tell_what_is_mapped_and_what_is_not(system: System) -> None:
    columns = {**PEOPLE["columns"], "mail": "email"}
    source = system.source({**WAYS["page"], "columns": columns})
    (item,) = source.check()
    assert item.ok
    assert "4 records" in item.detail
    assert "mail" in item.detail
    assert [offer.name for offer in offers(source)] == ["people: changed"]
    (found,) = discover(source, "people")
    assert found.records == 4
    (wrong,) = system.source({**WAYS["page"], "columns": {"nr": "source_record_id"}}).check()
    assert not wrong.ok
    assert "nr" in wrong.detail


def test_blanks_without_a_value_are_left_out(tmp_path: Path) -> None:
    bodies: list[Any] = []

    def handle(request: Request) -> Any:
        bodies.append(json.loads(request.body))
        return {"data": []}

    body = {
        "where": [["active", "=", True], ["changed", ">=", "{since}"]],
        "filter": {"from": "{since}"},
        "text": "changed > {since}",
        "number": "{limit}",
        "default": "{until}",
        "query": "{ people { id } }",
    }
    with serving(tmp_path, handle) as system:
        source = system.source(
            {
                **ONCE,
                "method": "POST",
                "body": body,
                "defaults": {"until": "2099-01-01"},
                "paginate": {"size": 7},
                "cursor": {"kind": "created_only", "field": "joined", "format": "date"},
            }
        )
        list(source.pages(whole_of("people")))
    assert bodies == [
        {
            "where": [["active", "=", True]],
            "number": 7,
            "default": "2099-01-01",
            "query": "{ people { id } }",
        }
    ]

"""File drop: files are read once per content, whole or not at all, with file and row in errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from filedrop_tools import HEADER, SURVEYS, Drop
from pydantic import ValidationError

from connectors.engine import NO_NEW_DATA, extract
from connectors.errors import ConfigurationError, ContractError, SourceError
from connectors.landing.state import SyncStates
from connectors.registry import all_specs, build_source
from connectors.sources.contracts import CONTRACTS


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_reads_each_file_once_per_content(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, "R1;M-1;nps;9;2026-05-01T10:00:00Z", "")
    assert drop.read().rows == {"surveys": 1}
    assert drop.surveys("source_response_id, source_record_id, survey_code, score") == [
        ("R1", "R1", "nps", 9.0)
    ]
    assert drop.read().skipped_reason == NO_NEW_DATA
    drop.put("surveys-2.csv", HEADER, "R2;;nps;3;2026-05-02T10:00:00Z")
    assert drop.read().rows == {"surveys": 1}
    drop.put("surveys-1.csv", HEADER, "R1;M-1;nps;8;2026-05-01T10:00:00Z")
    assert drop.read().rows == {"surveys": 1}
    assert drop.surveys() == [("R1", 8.0), ("R2", 3.0)]
    assert drop.read().skipped_reason == NO_NEW_DATA


def test_columns_that_are_not_mapped_are_never_landed(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, "R1;M-SECRET;nps;9;2026-05-01T10:00:00Z")
    drop.read()
    (batch,) = drop.landing.batches("filedrop")
    import gzip

    assert b"M-SECRET" not in gzip.decompress(batch.part_files("surveys")[0].read_bytes())
    assert drop.surveys("_extra") == [(None,)]


def test_a_changed_mapping_reads_the_file_again(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, "R1;M-1;nps;9;2026-05-01T10:00:00Z")
    drop.read()
    more = {**SURVEYS, "constants": {"lifecycle_point": "join"}}
    assert drop.read(drop.source(more)).rows == {"surveys": 1}
    assert drop.surveys("lifecycle_point") == [("join",)]


def test_one_file_can_fill_several_entities(drop: Drop) -> None:
    people = {
        "entity": "people",
        "glob": "surveys-*",
        "columns": {"response_id": "source_record_id", "member_no": "member_number"},
        "constants": {"record_kind": "respondent", "is_member_bearing": False},
    }
    drop.put("surveys-1.csv", HEADER, "R1;M-1;nps;9;2026-05-01T10:00:00Z")
    source = drop.source(SURVEYS, people)
    assert [spec.name for spec in source.streams()] == ["people", "surveys"]
    drop.read(source)
    drop.read(source, "people")
    columns = "source_record_id, record_kind, is_member_bearing, member_number"
    assert drop.current(columns, "filedrop.people") == [("R1", "respondent", False, "M-1")]


def test_a_value_that_does_not_fit_is_set_aside_with_file_and_row(drop: Drop) -> None:
    rows = [f"R{n};;nps;{n};2026-05-01T10:00:00Z" for n in range(2, 8)]
    drop.put("surveys-1.csv", HEADER, *rows, "R9;;nps;high;2026-05-01T10:00:00Z")
    drop.read()
    assert drop.query("select reason from _journey.quarantine") == [
        ("score is not a number (surveys-1.csv row 8)",)
    ]
    drop.put("surveys-2.csv", HEADER, *(f"S{n};;nps;high;" for n in range(9)))
    with pytest.raises(ContractError, match=r"the first is surveys-2.csv row 2"):
        drop.read()
    assert len(drop.surveys()) == 6


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER.encode() + b"\nR1;;nps;9;\nR2;;\xff;9;\n", r"row 3 is not utf-8 text"),
        (HEADER.encode() + b"\nR1;;nps;9;;;\n", r"row 2 has 7 fields, but the header has 5"),
        (HEADER.encode() + b"\nR1;;nps;9;\nR2;;nps\n", r"row 3 has 3 fields, but the header has 5"),
        (HEADER.encode() + b'\nR1;;"nps;9;\nR2;;nps;9;\n', r"row 2 .* A quote may stay open"),
        (b"response_id/survey/score\n1/2/3\n", r"no column response_id, survey"),
        (b"id;survey;score;responded_at\n1;2;3;\n", r"no column response_id; its header has 4"),
        (b"response_id;survey;survey;score;responded_at\n", r"the column survey more than once"),
        (b"", r"has no header in row 1"),
        (b"\n\n", r"has no header in row 1"),
    ],
)
def test_a_broken_csv_is_named_and_never_half_loaded(
    drop: Drop, content: bytes, message: str
) -> None:
    (drop.folder / "surveys-2.csv").write_bytes(content)
    with pytest.raises(SourceError, match=f"file surveys-2.csv .*{message}") as caught:
        drop.read()
    assert "filedrop.surveys" in str(caught.value)
    assert drop.landing.batches("filedrop") == []
    drop.put("surveys-2.csv", HEADER, "R1;;nps;9;")
    drop.read()
    assert drop.surveys() == [("R1", 9.0)]


def test_a_crash_inside_a_file_goes_on_behind_the_finished_pages(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sources.filedrop.source.ROWS_PER_PAGE", 3)
    drop.put("surveys-1.csv", HEADER, *(f"A{n};;nps;{n};" for n in range(4)))
    drop.put("surveys-2.csv", HEADER, *(f"B{n};;nps;{n};" for n in range(4)))
    landed: list[int] = []

    def crash(_source: str, _stream: str, rows: int) -> None:
        landed.append(rows)
        if len(landed) == 3:
            raise KeyboardInterrupt

    states = SyncStates(drop.raw)
    with pytest.raises(KeyboardInterrupt):
        extract(drop.source(), "surveys", landing=drop.landing, states=states, progress=crash)
    receipt = drop.read()
    assert receipt.resumed
    assert receipt.requests == 1
    assert len(drop.surveys()) == 8


def test_settings_are_checked_against_the_contract(drop: Drop) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"entity": "survey"}, "expected one of: activities"),
        ({"glob": "../x"}, "inside the folder"),
        ({"encoding": "utf8x"}, "expected an encoding"),
        ({"columns": {"a": "nonsense"}}, "surveys has no column nonsense"),
        ({"columns": {"a": "score"}}, "needs its key source_response_id"),
        ({"columns": {"a": "source_response_id", "b": "source_response_id"}}, "more than once"),
        ({"delimiter": ";;"}, "at most 1 character"),
        ({"unknown": 1}, "Extra inputs"),
    ]
    for change, message in wrong:
        with pytest.raises(ValidationError, match=message):
            drop.source({**SURVEYS, **change})
    with pytest.raises(ValidationError, match="time zone such as"):
        drop.source(timezone="Berlin")


def test_check_tells_what_is_there(drop: Drop) -> None:
    ((item,),) = [drop.source().check()]
    assert item.ok
    assert "no file" in item.detail
    drop.put("surveys-1.csv", HEADER, "R1;;nps;9;")
    ((item,),) = [drop.source().check()]
    assert item.detail == "1 files; surveys-1.csv: 1 rows."
    drop.put("surveys-2.csv", "a;b")
    ((item,),) = [drop.source().check()]
    assert not item.ok
    elsewhere = drop.source(folder="nowhere")
    assert not elsewhere.check()[0].ok
    with pytest.raises(ConfigurationError, match="nowhere does not exist"):
        drop.read(elsewhere)


def test_every_entity_has_a_stream_and_a_table(drop: Drop) -> None:
    specs = all_specs()["filedrop"]
    assert [spec.name for spec in specs] == list(CONTRACTS)
    drop.loader.ensure("filedrop", specs)


def test_an_unknown_kind_is_refused(drop: Drop) -> None:
    with pytest.raises(ConfigurationError, match=r"no source kind 'sap'. Use one of: .*filedrop"):
        build_source("x", "sap", {}, drop.context)

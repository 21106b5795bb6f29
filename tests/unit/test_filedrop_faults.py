"""File drop: files that are empty, unfinished, growing, gone, doubled or huge."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filedrop_tools import HEADER, SURVEYS, Drop

from connectors.errors import SourceError
from connectors.sources.filedrop import reading
from connectors.sources.filedrop.folders import LocalFolder

ROW = "R1;;nps;9;"


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_an_empty_file_is_an_error_and_a_header_alone_is_none(drop: Drop) -> None:
    path = drop.put("surveys-1.csv", HEADER)
    assert drop.read().rows == {"surveys": 0}
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=r"surveys-1.csv has no header in row 1"):
        drop.read()


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_run(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop.put("surveys-1.csv", HEADER, ROW)
    drop.put("surveys-2.csv", HEADER, "R2;;nps;8;")
    reads = LocalFolder.read

    def grows(self: LocalFolder, name: str) -> Any:
        yield from reads(self, name)
        if name == path.name:
            with path.open("a", encoding="utf-8") as file:
                file.write("R3;;n")

    with monkeypatch.context() as patch:
        patch.setattr(LocalFolder, "read", grows)
        assert drop.read().rows == {"surveys": 1}
    assert drop.surveys() == [("R2", 8.0)]
    drop.put("surveys-1.csv", HEADER, ROW, "R3;;nps;7;")
    drop.read()
    assert drop.surveys() == [("R1", 9.0), ("R2", 8.0), ("R3", 7.0)]


def test_a_file_that_vanishes_after_it_was_listed_is_no_error(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop.put("surveys-1.csv", HEADER, ROW)
    drop.put("surveys-2.csv", HEADER, "R2;;nps;8;")
    reads = LocalFolder.read

    def vanishes(self: LocalFolder, name: str) -> Any:
        path.unlink(missing_ok=True)
        yield from reads(self, name)

    monkeypatch.setattr(LocalFolder, "read", vanishes)
    assert drop.read().rows == {"surveys": 1}
    assert drop.surveys() == [("R2", 8.0)]


def test_a_young_file_can_be_left_to_settle(drop: Drop) -> None:
    path = drop.put("surveys-1.csv", HEADER, ROW)
    patient = drop.source(settle_seconds=600)
    assert drop.read(patient).rows == {"surveys": 0}
    old = time.time() - 601
    os.utime(path, (old, old))
    assert drop.read(patient).rows == {"surveys": 1}


def test_unfinished_and_hidden_files_are_none(drop: Drop) -> None:
    for name in (
        "surveys-1.csv.part",
        "surveys-2.csv.filepart",
        ".surveys-3.csv",
        "~$surveys.xlsx",
    ):
        drop.put(name, "half a")
    assert drop.read(drop.source({**SURVEYS, "glob": "*"})).rows == {"surveys": 0}


def test_the_same_name_in_two_folders_is_two_files(drop: Drop) -> None:
    for folder, score in (("a", 1), ("b", 2)):
        (drop.folder / folder).mkdir()
        drop.put(f"{folder}/surveys-1.csv", HEADER, f"R{score};;nps;{score};", "R9;;nps;high;")
    source = drop.source({**SURVEYS, "glob": "**/*.csv"})
    drop.read(source)
    assert drop.query("select reason from _journey.quarantine order by all") == [
        ("score is not a number (a/surveys-1.csv row 3)",),
        ("score is not a number (b/surveys-1.csv row 3)",),
    ]
    for folder, score in (("a", 1), ("b", 2)):
        drop.put(f"{folder}/surveys-1.csv", HEADER, f"R{score};;nps;{score};", f"R9;;nps;{score};")
    drop.read(source)
    assert drop.surveys() == [("R1", 1.0), ("R2", 2.0), ("R9", 2.0)]


def test_a_late_mistake_lets_nothing_go_on(drop: Drop) -> None:
    lines = [f"R{n};;nps;{n % 10};" for n in range(20_000)]
    drop.put("surveys-1.csv", HEADER, *lines, "R;;nps")
    with pytest.raises(SourceError, match=r"row 20002 has 3 fields"):
        drop.read()
    assert drop.landing.batches("filedrop") == []
    assert list(drop.context.state_dir.iterdir()) == [], "a temporary file stayed"


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
def test_the_memory_does_not_grow_with_the_file(drop: Drop) -> None:
    path = drop.folder / "surveys-1.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for start in range(0, 200_000, 10_000):
            file.writelines(f"R{n};;{'x' * 200};9;\n" for n in range(start, start + 10_000))
    assert path.stat().st_size > 40_000_000
    (mapping,) = drop.source()._settings.files  # type: ignore[attr-defined]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as opened:
        records = reading.read_file(opened, path.name, mapping, drop.folder)
    assert sum(len(page) for page in records.pages(0, 5_000)) == 200_000
    records.close()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40_000, f"{grown} kB more for a file of {path.stat().st_size} bytes"

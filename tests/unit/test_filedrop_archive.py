"""File drop: a file is archived once its rows are loaded, and never when it was not read."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from filedrop_tools import HEADER, SURVEYS, Drop

from connectors.engine import extract
from connectors.landing.state import SyncStates
from connectors.protocol import Source
from connectors.sources.filedrop import archive as archiving
from connectors.sources.filedrop.folders import LocalFolder

PEOPLE: dict[str, Any] = {
    "entity": "people",
    "glob": "**/surveys-*",
    "columns": {"response_id": "source_record_id", "member_no": "member_number"},
}
ROW = "R1;M-1;nps;9;2026-05-01T10:00:00Z"


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def keeping(drop: Drop, *files: dict[str, Any], archive: str = "data/loaded") -> Source:
    return drop.source(*(files or [{**SURVEYS, "glob": "**/surveys-*"}]), archive=archive)


def land(drop: Drop, stream: str = "surveys", **options: Any) -> None:
    """Read, but do not load."""
    states = SyncStates(drop.raw)
    extract(keeping(drop), stream, landing=drop.landing, states=states, clock=drop.clock, **options)
    drop.clock.advance(60)


def test_a_file_goes_at_the_run_after_it_was_loaded(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    assert names(drop.folder) == ["surveys-1.csv"]
    drop.put("surveys-2.csv", HEADER, "R2;;nps;8;")
    assert drop.read(keeping(drop)).rows == {"surveys": 1}
    assert names(drop.folder) == ["surveys-2.csv"]
    drop.read(keeping(drop))
    assert names(drop.folder) == []
    assert names(drop.folder.parent / "loaded") == ["surveys-1.csv", "surveys-2.csv"]
    assert drop.surveys() == [("R1", 9.0), ("R2", 8.0)]


def test_what_is_only_landed_stays(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, ROW)
    land(drop)
    land(drop)
    land(drop)
    assert names(drop.folder) == ["surveys-1.csv"]


def test_all_mappings_must_have_loaded_it(drop: Drop) -> None:
    both = [{**SURVEYS, "glob": "**/surveys-*"}, PEOPLE]
    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop, *both))
    drop.read(keeping(drop, *both))
    assert names(drop.folder) == ["surveys-1.csv"], "people have not read it"
    drop.read(keeping(drop, *both), "people")
    drop.read(keeping(drop, *both))
    assert names(drop.folder) == []


def test_a_changed_file_stays_until_it_is_read_again(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    drop.put("surveys-1.csv", HEADER, ROW.replace(";9;", ";8;"))
    assert drop.read(keeping(drop)).rows == {"surveys": 1}
    assert names(drop.folder) == ["surveys-1.csv"]
    drop.read(keeping(drop))
    assert names(drop.folder) == []
    assert drop.surveys() == [("R1", 8.0)]


def test_a_file_that_changes_right_before_the_move_stays(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    hashing = archiving.digest_of

    def meanwhile(folder: Any, name: str) -> str | None:
        digest = hashing(folder, name)
        with path.open("a", encoding="utf-8") as file:
            file.write("R2;;nps;1;\n")
        return digest

    monkeypatch.setattr(archiving, "digest_of", meanwhile)
    drop.read(keeping(drop))
    assert names(drop.folder) == ["surveys-1.csv"]
    assert names(drop.folder.parent / "loaded") == []
    assert drop.surveys() == [("R1", 9.0), ("R2", 1.0)]


def test_a_file_that_changes_during_the_move_comes_back(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    replacing = Path.replace

    def meanwhile(self: Path, target: Path) -> Path:
        if "loaded" in str(target):
            with self.open("a", encoding="utf-8") as file:
                file.write("R2;;nps;1;\n")
        return replacing(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    drop.read(keeping(drop))
    assert names(drop.folder) == ["surveys-1.csv"]
    assert drop.surveys() == [("R1", 9.0), ("R2", 1.0)]


def test_names_that_are_taken_get_a_number(drop: Drop) -> None:
    for number in range(3):
        drop.put("surveys-1.csv", HEADER, f"R{number};;nps;9;")
        drop.read(keeping(drop))
        drop.read(keeping(drop))
    loaded = drop.folder.parent / "loaded"
    assert names(loaded) == ["surveys-1-2.csv", "surveys-1-3.csv", "surveys-1.csv"]
    assert "R1" in (loaded / "surveys-1-2.csv").read_text("utf-8")


def test_folders_are_kept_and_an_archive_inside_is_not_read(drop: Drop) -> None:
    for month in ("may", "june"):
        (drop.folder / month).mkdir()
        drop.put(f"{month}/surveys-1.csv", HEADER, f"{month};;nps;9;")
    inside = keeping(drop, archive="data/drop/loaded")
    assert drop.read(inside).rows == {"surveys": 2}
    assert drop.read(inside).rows == {"surveys": 0}
    assert names(drop.folder) == ["loaded/june/surveys-1.csv", "loaded/may/surveys-1.csv"]
    assert drop.read(inside).rows == {"surveys": 0}
    assert len(drop.surveys()) == 2


def test_reading_everything_again_moves_nothing(drop: Drop) -> None:
    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    land(drop, full=True)
    assert names(drop.folder) == ["surveys-1.csv"]


def test_an_archive_on_another_disk(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "other disk")

    drop.put("surveys-1.csv", HEADER, ROW)
    drop.read(keeping(drop))
    monkeypatch.setattr(Path, "replace", other_disk)
    folder = LocalFolder(drop.folder, drop.folder.parent / "loaded")
    found = folder.look("surveys-1.csv")
    assert found is not None
    assert folder.put_away(found) == "surveys-1.csv"
    assert names(drop.folder) == []
    assert (drop.folder.parent / "loaded/surveys-1.csv").read_text("utf-8").endswith(f"{ROW}\n")

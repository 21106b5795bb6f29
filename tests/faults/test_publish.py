"""Publishing: readers see wholly the old or wholly the new, whatever happens (faults 2, 3, 21)."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from small_build import small_build

from flows.errors import JourneyError
from flows.home import Home
from flows.steps.build import promote, remove_orphans
from flows.steps.publish import prune, publish

HERE = Path(__file__).parent
FLIPS = 25
READER = """
import sys, time, duckdb
from pathlib import Path
current, seen, reads = Path(sys.argv[1]), set(), 0
while not Path(sys.argv[2]).exists():
    folder = current.resolve()
    with duckdb.connect(str(folder / "analyst.duckdb"), read_only=True) as a:
        stages = a.execute("select distinct stage from mart_member_360").fetchall()
        version = a.execute("select version from published_version").fetchall()
    with duckdb.connect(str(folder / "activation.duckdb"), read_only=True) as b:
        other = b.execute("select distinct version from sync_contacts").fetchall()
    assert stages == version == other == [(folder.name,)], (stages, version, other, folder.name)
    seen.add(folder.name)
    reads += 1
print(reads, len(seen))
"""


def version_of(home: Home, file: str = "analyst.duckdb") -> str:
    with duckdb.connect(str(home.current.resolve() / file), read_only=True) as db:
        return str(db.execute("select version from published_version").fetchall()[0][0])


def run(root: Path, run_id: str, kill_at: str = "") -> int:
    done = subprocess.run(
        [sys.executable, str(HERE / "small_build.py"), str(root), run_id],
        env={**os.environ, "JOURNEY_KILL_AT": kill_at, "PYTHONPATH": str(HERE)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    if not kill_at:
        assert done.returncode == 0, done.stderr.decode()
    return done.returncode


def test_only_public_columns_reach_analysts_and_the_other_file_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path)
    done = publish(home, small_build(home, "v1"), keep=2, facts={"audited": True})
    assert done.rows == {"mart_member_360": 50}
    with duckdb.connect(str(home.current / "analyst.duckdb"), read_only=True) as db:
        tables = {row[0] for row in db.execute("show tables").fetchall()}
        columns = [row[0] for row in db.execute("describe mart_member_360").fetchall()]
    assert tables == {"mart_member_360", "published_version"}
    assert columns == ["member_key", "stage"]
    private = stat.S_IMODE((home.current / "activation.duckdb").stat().st_mode)
    assert private == 0o600
    assert stat.S_IMODE((home.current / "analyst.duckdb").stat().st_mode) == 0o444
    assert stat.S_IMODE(home.current.resolve().stat().st_mode) == 0o755
    assert not list(home.published.rglob("*.wal"))


def test_the_file_format_is_one_older_clients_can_open(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(home, small_build(home, "v1"), keep=2, facts={})
    path = home.current / "analyst.duckdb"
    with duckdb.connect() as db:
        db.execute(f"attach '{path}' as published (read_only)")
        found = db.execute(
            "select tags['storage_version'] from duckdb_databases()"
            " where database_name = 'published'"
        ).fetchall()
    assert found[0][0].startswith("v1.4")


def test_a_reader_in_another_process_never_sees_an_error_or_a_mixed_state(tmp_path: Path) -> None:
    home = Home(tmp_path)
    publish(home, small_build(home, "v000"), keep=3, facts={})
    stop = tmp_path / "stop"
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(home.current), str(stop)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        for number in range(1, FLIPS + 1):
            # keep=3: a slow reader may still be opening the version before the last
            publish(home, small_build(home, f"v{number:03}"), keep=3, facts={})
            remove_orphans(home)
        time.sleep(0.3)
        stop.touch()
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err
    reads, versions = (int(word) for word in out.split())
    assert reads >= 5
    assert versions >= 3


def test_an_open_query_keeps_its_snapshot_and_the_next_connection_sees_the_new(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    publish(home, small_build(home, "v1", people=20_000), keep=1, facts={})
    with duckdb.connect(str(home.current.resolve() / "analyst.duckdb"), read_only=True) as db:
        first = db.execute("select stage from mart_member_360")
        assert first.fetchone() == ("v1",)
        publish(home, small_build(home, "v2"), keep=1, facts={})
        assert not (home.published / "v1").exists()
        assert set(first.fetchall()) == {("v1",)}
        assert db.execute("select distinct stage from mart_member_360").fetchall() == [("v1",)]
    assert version_of(home) == "v2"


@pytest.mark.parametrize(
    ("moment", "published"),
    [("publish:written", "v1"), ("publish:named", "v1"), ("publish:flipped", "v2")],
)
def test_killed_while_publishing_then_run_again(
    tmp_path: Path, moment: str, published: str
) -> None:
    home = Home(tmp_path)
    run(tmp_path, "v1")
    assert run(tmp_path, "v2", kill_at=moment) == -signal.SIGKILL
    assert version_of(home) == version_of(home, "activation.duckdb") == published
    assert not list(home.published.rglob("*.wal"))
    run(tmp_path, "v3")
    assert version_of(home) == version_of(home, "activation.duckdb") == "v3"
    left = {path.name for path in home.published.iterdir()}
    assert left <= {"v1", "v2", "v3", "current"}
    assert len(left) <= 3


def test_there_is_no_moment_without_a_published_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    publish(home, small_build(home, "v1"), keep=2, facts={})
    seen = []
    replace = os.replace

    def watched(new: Path, target: Path) -> None:
        """Before and after every rename: is there a published version, and which?"""
        seen.append(home.current.readlink().name)
        replace(new, target)
        seen.append(home.current.readlink().name)

    monkeypatch.setattr(os, "replace", watched)
    publish(home, small_build(home, "v2"), keep=2, facts={})
    # first the folder gets its name, then the link is flipped
    assert seen == ["v1", "v1", "v1", "v2"]


def test_orphan_builds_go_at_the_next_start_and_the_last_good_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    promote(home, small_build(home, "good"))
    small_build(home, "orphan")
    assert remove_orphans(home) == ["build-orphan.artifacts", "build-orphan.duckdb"]
    assert {path.name for path in home.builds.iterdir()} == {
        "build-good.artifacts",
        "build-good.duckdb",
        "current",
    }


def test_the_published_version_is_never_pruned(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for name in ("v1", "v2", "v3"):
        publish(home, small_build(home, name), keep=3, facts={})
    home.current.unlink()
    home.current.symlink_to("v1")
    assert prune(home, keep=1) == ("v2",)
    assert (home.published / "v1").is_dir()


def test_a_write_ahead_file_beside_a_published_file_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)

    def leave_one(folder: Path) -> None:
        (folder / "analyst.duckdb.wal").touch()

    with pytest.raises(JourneyError, match="write-ahead"):
        publish(home, small_build(home, "v1"), keep=1, facts={}, extra=leave_one)
    assert not home.current.exists()

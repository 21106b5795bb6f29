"""What was known then can be built again: night 2's warehouse after night 3 brought corrections.

Night 2 published its marts; `journey build --as-known-at` asks for them from the raw tables of
night 3. Every column of every published mart must be the same, row for row.
"""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from night_tools import Nights

pytestmark = pytest.mark.slow
# The moment and the run a build was made, not what it knew.
RUN_TABLES = {"published_version", "ops_run", "ops_stream"}


@pytest.fixture(scope="module")
def file(nights: Nights) -> Path:
    """The private file the command said it wrote."""
    found = re.search(r"^  known at .*: (/\S+\.duckdb)$", nights.known, re.MULTILINE)
    assert found, nights.known
    return Path(found[1])


def _marts(version: Path, known: Path) -> dict[str, tuple[int, int, int]]:
    """Table -> rows published then, rows only there, rows only in the file built from knowledge.

    A sum of floating-point numbers may differ in its last digits from build to build.
    """
    found = {}
    # Opened by its own name, as a user does: views in a DuckDB file name the file they are in.
    with duckdb.connect(str(known), read_only=True) as db:
        db.execute(f"attach '{version}' as was (read_only)")
        tables = db.execute(
            "select table_name, list(case when data_type = 'DOUBLE'"
            ' then format(\'round("{0}", 6) as "{0}"\', column_name)'
            " else format('\"{}\"', column_name) end)"
            " from duckdb_columns() where database_name = 'was' and not internal group by all"
        ).fetchall()
        for table, columns in tables:
            if table in RUN_TABLES:
                continue
            names = ", ".join(columns)
            was = f'select {names} from was."{table}"'
            again = f'select {names} from main."{table}"'
            found[table] = tuple(
                db.execute(f"select count(*) from ({sql})").fetchall()[0][0]
                for sql in (was, f"{was} except all {again}", f"{again} except all {was}")
            )
    return found


def test_every_mart_is_what_it_was_then(nights: Nights, file: Path) -> None:
    version = nights.home.published / nights.snapshots[1].receipt["version"]
    compared = _marts(version / "analyst.duckdb", file)
    assert len(compared) > 10
    assert compared["mart_member_360"][0] > 200
    assert {t: lost for t, (_, *lost) in compared.items() if any(lost)} == {}


def test_the_comparison_would_show_a_correction(nights: Nights, file: Path) -> None:
    """Night 3 knew more: against its marts the same comparison finds differences."""
    compared = _marts(nights.home.current.resolve() / "analyst.duckdb", file)
    assert any(compared["fct_touchpoint"][1:])
    assert any(compared["mart_member_360"][1:])


def test_the_file_is_the_owners_alone_and_nothing_was_published(nights: Nights, file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    assert not list(file.parent.glob("*.wal"))
    assert nights.home.current.readlink().name == nights.snapshots[2].receipt["version"]
    assert "duckdb -readonly" in nights.known

"""The command line as a user meets it: quick help, exit codes, JSON, no tracebacks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from flows.home import Home
from flows.lock import RunLock

HEAVY = {"prefect", "pandas", "duckdb", "great_expectations", "dbt", "sqlalchemy", "sqlglot"}


def journey(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from flows.cli import app; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_init_then_check_lists_what_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "org"
    code, out, _ = journey("init", str(folder))
    assert code == 0
    assert (folder / "config" / "segments").is_dir()
    names = (folder / ".env.example").read_text()
    assert "CIVICRM_API_KEY=\n" in names
    assert "sandbox-civicrm-key" not in out + names
    code, _, _ = journey("init", str(folder))
    assert code == 2


def test_a_folder_that_is_no_organisation_is_a_usage_error(tmp_path: Path) -> None:
    code, out, err = journey("nightly", "--home", str(tmp_path))
    assert code == 2
    assert out == ""
    assert "journey init DIR" in err


def test_errors_are_json_when_asked(tmp_path: Path) -> None:
    code, out, err = journey("status", "--home", str(tmp_path), "--json")
    assert code == 2
    assert json.loads(out)["exit_code"] == 2
    assert "Traceback" not in err


def test_status_before_the_first_night(tmp_path: Path) -> None:
    journey("init", str(tmp_path / "org"))
    code, out, _ = journey("status", "--home", str(tmp_path / "org"))
    assert code == 0
    assert "published: nothing yet" in out


def test_status_names_the_run_that_is_running(tmp_path: Path) -> None:
    journey("init", str(tmp_path / "org"))
    with RunLock(Home(tmp_path / "org")).held("run-9", "nightly"):
        _, out, _ = journey("status", "--home", str(tmp_path / "org"), "--json")
    assert json.loads(out)["running"]["run_id"] == "run-9"


def test_an_unknown_command_ends_with_2() -> None:
    assert journey("nihgtly")[0] == 2

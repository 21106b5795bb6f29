"""Raw databases for the dbt project, and runs of dbt on them.

Data flow: hand-made versions of records | a sandbox read by the real connectors -> raw.duckdb ->
dbt subprocess -> the built file and dbt's artifacts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml
from filelock import FileLock

from connectors.engine import extract_source
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.registry import SOURCES, SourceContext, all_specs, build_source, is_mapped
from connectors.sources.contracts import entity_specs
from sandbox.serve import SANDBOX_KEYS, Ports, serve

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
TODAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Built:
    """What one dbt command left behind: its exit code, what it printed, the built file."""

    code: int
    said: str
    database: Path
    target: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query on the built file."""
        with duckdb.connect(str(self.database), read_only=True) as db:
            return db.execute(sql).fetchall()

    def artifact(self, name: str) -> dict[str, Any]:
        """manifest.json or run_results.json."""
        found: dict[str, Any] = json.loads((self.target / name).read_text(encoding="utf-8"))
        return found


def run_dbt(
    folder: Path, raw: Path, *command: str, database: str = "build.duckdb", **variables: object
) -> Built:
    """One dbt command in a subprocess, with every file it writes below `folder`."""
    target = folder / "target"
    given = {"as_of_date": TODAY.isoformat(), **variables}
    options = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--target-path", target]
    options += ["--log-path", folder / "logs", "--no-use-colors", "--vars", json.dumps(given)]
    options += ["--log-level-file", "info"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DBT_")}
    done = subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", *command, *map(str, options)],
        env={
            **kept,
            "JOURNEY_BUILD_PATH": str(folder / database),
            "JOURNEY_RAW_PATH": str(raw),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return Built(done.returncode, done.stdout + done.stderr, folder / database, target)


def empty_raw(path: Path) -> Path:
    """raw.duckdb with every known source's tables, as the loader makes them, and no rows."""
    Loader(path).ensure_all(all_specs(), entity_specs(), [k for k in SOURCES if is_mapped(k)])
    return path


def read_source(kind: str, settings: Mapping[str, Any], raw: Path, folder: Path) -> None:
    """Read a source of this kind, named like it, and load what it has; `folder` is its own."""
    source = build_source(kind, kind, settings, SourceContext(folder / "data" / "state"))
    landing, loader = Landing(folder / "landing"), Loader(raw)
    receipts = extract_source(source, landing=landing, states=SyncStates(raw))
    assert not [one.error for one in receipts if one.error], receipts
    loaded = loader.load_pending(landing, kind, list(source.streams()))
    assert all(isinstance(one, LoadReceipt) for one in loaded), loaded
    assert not any(sum(one.quarantined.values()) for one in loaded), loaded
    close = getattr(source, "close", None)
    if close:
        close()


class RawWriter:
    """Writes versions of records as the loader would, known from `now` on (naive UTC)."""

    def __init__(self, db: duckdb.DuckDBPyConnection, now: datetime) -> None:
        self._db, self._now = db, now

    def put(self, table: str, key: Mapping[str, object], **values: object) -> None:
        """A new current version of the record with this key."""
        first = self._close(table, key)
        row = {**key, **values, "_first_known_at": first, "_known_from": self._now}
        row |= {"_is_deleted": False, "_is_future": False, "_batch_id": "test"}
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self._db.execute(f"insert into {table} ({names}) values ({marks})", list(row.values()))

    def delete(self, table: str, key: Mapping[str, object]) -> None:
        """A tombstone: the source has deleted the record."""
        self._close(table, key)
        self.put(table, key)
        self._db.execute(
            f"update {table} set _is_deleted = true where _known_to is null and {_where(key)}",
            list(key.values()),
        )

    def _close(self, table: str, key: Mapping[str, object]) -> datetime:
        found = self._db.execute(
            f"update {table} set _known_to = ? where _known_to is null and {_where(key)}"
            " returning _first_known_at",
            [self._now, *key.values()],
        ).fetchone()
        return found[0] if found else self._now


def _where(key: Mapping[str, object]) -> str:
    return " and ".join(f'"{name}" = ?' for name in key)


@contextmanager
def writing(raw: Path, now: datetime) -> Iterator[RawWriter]:
    """Open raw for writing as of `now`."""
    with duckdb.connect(str(raw)) as db:
        yield RawWriter(db, now)


def ingest_sandbox(world: Path, home: Path) -> Path:
    """Read a whole sandbox through the connectors over HTTP; the loaded raw.duckdb."""
    raw, landing = empty_raw(home / "raw.duckdb"), Landing(home / "landing")
    loader, specs = Loader(raw), all_specs()
    configured = yaml.safe_load((ROOT / "config" / "sources.yml").read_text(encoding="utf-8"))
    with serve(world, Ports.free()) as served:
        for name, connection in configured["sources"].items():
            settings = dict(connection["settings"])
            if name in served.urls:
                settings["base_url"] = served.urls[name]
            if name == "filedrop":
                settings["folder"] = str(world / "drop")
            for setting, variable in connection.get("secrets", {}).items():
                settings[setting] = SANDBOX_KEYS[variable]
            source = build_source(name, connection["kind"], settings, SourceContext(home / "state"))
            receipts = extract_source(source, landing=landing, states=SyncStates(raw))
            assert not [one for one in receipts if one.error], receipts
            loaded = loader.load_pending(landing, name, specs[connection["kind"]])
            assert all(isinstance(one, LoadReceipt) for one in loaded), loaded
    return raw


@contextmanager
def once(folder: Path) -> Iterator[bool]:
    """Whether this process is the one to fill `folder`; others wait until it is filled."""
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / ".done"
    with FileLock(str(folder) + ".lock"):
        yield not done.exists()
        done.touch()


def sql_files(*folders: str) -> Sequence[Path]:
    """The SQL files of the project below these folders."""
    return sorted(path for name in folders for path in (PROJECT / name).rglob("*.sql"))

"""Receipts: what each run did, as one JSON file a run and as two tables for analysts.

Data flow: Receipt -> data/runs/<run_id>.json -> tables ops_run, ops_stream in the analyst file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from flows.results import Receipt

_OPS_RUN = """
create table ops_run (
    run_id varchar not null, kind varchar, as_of date, state varchar, started_at timestamp,
    ended_at timestamp, seconds double, version varchar, dry_run boolean, warnings integer,
    adds integer, removes integer, error varchar
)
"""
_OPS_STREAM = """
create table ops_stream (
    run_id varchar not null, source varchar, stream varchar, state varchar, fetched bigint,
    inserted bigint, updated bigint, unchanged bigint, deleted bigint, quarantined bigint,
    requests bigint, bytes bigint, error varchar
)
"""
_STREAM_COLUMNS = (
    "source",
    "stream",
    "state",
    "fetched",
    "inserted",
    "updated",
    "unchanged",
    "deleted",
    "quarantined",
    "requests",
    "bytes",
    "error",
)


def write_receipt(home: Home, receipt: Receipt) -> Path:
    """Write the receipt so that a reader sees the old or the new one, never half of it."""
    home.runs.mkdir(parents=True, exist_ok=True)
    path = home.runs / f"{receipt.run_id}.json"
    beside = path.with_suffix(".partial")
    beside.write_text(json.dumps(receipt.as_dict(), indent=2), encoding="utf-8")
    os.replace(beside, path)  # noqa: PTH105
    return path


def read_receipts(home: Home, *, newest: int | None = None) -> list[dict[str, Any]]:
    """Receipts as plain values, newest first; unreadable files are passed over."""
    return list(_read(home, newest))


def last_good_counts(home: Home) -> dict[tuple[str, str], int]:
    """Rows per (source, stream) after the last run that was published; empty at the first run."""
    for receipt in _read(home, None):
        if receipt.get("version") and receipt.get("counts"):
            pairs = ((key.split(".", 1), value) for key, value in receipt["counts"].items())
            return {(names[0], names[1]): int(value) for names, value in pairs}
    return {}


def settle_interrupted(home: Home) -> list[str]:
    """Mark receipts of runs that died as interrupted (call with the lock held); their ids."""
    found = []
    for receipt in _read(home, None):
        if receipt.get("state") == "running":
            receipt["state"] = "interrupted"
            path = home.runs / f"{receipt['run_id']}.json"
            path.write_text(json.dumps(receipt, indent=2), encoding="utf-8")
            found.append(str(receipt["run_id"]))
    return found


def prune_receipts(home: Home, keep: int) -> None:
    """Remove the oldest receipts beyond `keep`."""
    for path in sorted(home.runs.glob("*.json"))[:-keep]:
        path.unlink()


def write_operations(home: Home, analyst: Path, receipt: Receipt) -> None:
    """Add ops_run and ops_stream to an unpublished analyst file, this run included so far."""
    runs = [receipt.as_dict(), *(r for r in _read(home, None) if r["run_id"] != receipt.run_id)]
    mode = analyst.stat().st_mode
    analyst.chmod(mode | 0o200)
    with duckdb.connect(str(analyst)) as db:
        db.execute(_OPS_RUN)
        db.execute(_OPS_STREAM)
        db.executemany(
            f"insert into ops_run values ({', '.join('?' * 13)})", [_run(r) for r in runs]
        )
        streams = [_stream(run["run_id"], item) for run in runs for item in run["streams"]]
        if streams:
            db.executemany(f"insert into ops_stream values ({', '.join('?' * 13)})", streams)
        db.execute("checkpoint")
    analyst.chmod(mode)


def _run(receipt: dict[str, Any]) -> list[Any]:
    segments = [item for push in receipt["pushes"] for item in push.get("segments", [])]
    return [
        receipt["run_id"],
        receipt["kind"],
        receipt["as_of"],
        receipt["state"],
        receipt["started_at"],
        receipt["ended_at"] or None,
        receipt["seconds"],
        receipt["version"] or None,
        receipt["dry_run"],
        len(receipt["warnings"]),
        sum(item["adds"] for item in segments),
        sum(item["removes"] for item in segments),
        receipt["error"] or None,
    ]


def _stream(run_id: str, item: dict[str, Any]) -> list[Any]:
    return [run_id, *(item[column] for column in _STREAM_COLUMNS)]


def _read(home: Home, newest: int | None) -> Iterator[dict[str, Any]]:
    for path in sorted(home.runs.glob("*.json"), reverse=True)[:newest]:
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue

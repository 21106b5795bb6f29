"""A build small enough to publish in a blink: two marts, one table for activation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from flows.results import BuildResult


def column(privacy: str | None) -> dict[str, Any]:
    return {"config": {"meta": {"privacy": privacy} if privacy else {}}}


def model(folder: str, name: str, columns: dict[str, str | None]) -> dict[str, Any]:
    return {
        "unique_id": f"model.{name}",
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": "main",
        "fqn": ["member_journey", folder, name],
        "config": {"materialized": "table"},
        "columns": {key: column(privacy) for key, privacy in columns.items()},
    }


MANIFEST = {
    "nodes": {
        "model.a": model(
            "marts",
            "mart_member_360",
            {"member_key": "P1", "stage": "P1", "first_name": "P2", "note": None},
        ),
        "model.b": model("marts", "dim_private", {"email": "P3"}),
        "model.c": model(
            "segments", "sync_contacts", {"member_key": "P1", "email": "P3", "version": "P0"}
        ),
        "model.d": model("intermediate", "int_people", {"member_key": "P1"}),
    }
}


def small_build(home: Home, run_id: str, people: int = 50) -> BuildResult:
    """A build whose every row carries `run_id`, so that a mixed state would show."""
    home.make()
    database = home.builds / f"build-{run_id}.duckdb"
    with duckdb.connect(str(database)) as db:
        db.execute(
            "create table mart_member_360 as select 'm' || i as member_key, ? as stage,"
            f" 'Ada' as first_name, 'x' as note from range({people}) t(i)",
            [run_id],
        )
        db.execute("create table dim_private as select 'ada@example.org' as email")
        db.execute(
            "create table sync_contacts as select 'm' || i as member_key,"
            f" 'p' || i || '@example.org' as email, ? as version from range({people}) t(i)",
            [run_id],
        )
        db.execute("create table int_people as select 'm1' as member_key")
    artifacts = home.builds / f"build-{run_id}.artifacts"
    artifacts.mkdir()
    (artifacts / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (artifacts / "run_results.json").write_text('{"results": []}', encoding="utf-8")
    return BuildResult(run_id, database, artifacts, {}, (), (), 0.0)


def main(root: str, run_id: str) -> None:
    """Publish one small build; run by the tests in a process of its own, which may be killed."""
    from flows.steps.build import promote
    from flows.steps.publish import publish

    home = Home(Path(root))
    build = small_build(home, run_id)
    promote(home, build)
    publish(home, build, keep=2, facts={"audited": True})


if __name__ == "__main__":
    import sys

    main(sys.argv[1], sys.argv[2])

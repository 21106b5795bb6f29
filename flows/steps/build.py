"""One dbt build into a private database file.

Data flow: raw.duckdb + file of decisions + last good build -> dbt build ->
builds/build-<run id>.duckdb, with dbt's manifest.json and run_results.json kept beside it.
dbt runs as a subprocess, one at a time: a crash of it is a failed step, never a crash of the night.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from activation.segments import compile_segments
from connectors.registry import is_mapped
from flows.configuration import Configuration
from flows.configuration.journeys import compile_journeys
from flows.configuration.measures import measure_variables
from flows.configuration.models import Target
from flows.errors import JourneyError
from flows.home import Home
from flows.identity.decisions import copy_into_raw
from flows.logs import logger
from flows.product import DBT_PROJECT
from flows.results import BuildResult
from flows.waypoints import reached

GOOD = {"success", "pass", "no-op", "skipped", "warn"}
# `python -m dbt` has no entry of its own; this is what the `dbt` script does.
_DBT = ("-c", "from dbt.cli.main import cli; cli()")


def remove_orphans(home: Home) -> list[str]:
    """Delete every build but the last good one, left by runs that died or failed; their names."""
    keep = last_good(home)
    removed = []
    for path in sorted(home.builds.glob("build-*")):
        if keep and path.name.startswith(f"{keep.stem}."):
            continue
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        removed.append(path.name)
    candidate = home.builds / "candidate"
    if candidate.is_symlink():
        candidate.unlink()
    return removed


def build(configuration: Configuration, run_id: str, as_of: date) -> BuildResult:
    """Run `dbt build`; failed models and tests are in the result, a broken dbt is an error."""
    home = configuration.home
    started = time.monotonic()
    database = home.builds / f"build-{run_id}.duckdb"
    artifacts = home.builds / f"build-{run_id}.artifacts"
    if before := last_good(home):
        # The identity map is append-only and lives in the build: carry it on.
        shutil.copyfile(before, database)
    reached("build:started")
    variables = dbt_variables(configuration, run_id, as_of)
    copy_into_raw(home)
    # Unit tests prove the code, not tonight's data: they belong to the product's own test suite.
    command = ["build", "--exclude-resource-type", "unit_test"]
    if unread := unread_models(configuration):
        command += ["--exclude", *unread]
    code = run_dbt(home, command, variables, database)
    reached("build:done")
    results_file = home.dbt / "target" / "run_results.json"
    if code not in (0, 1) or not results_file.is_file():
        raise JourneyError(
            f"dbt could not run (exit code {code})", hint=f"See {home.dbt / 'logs' / 'dbt.log'}."
        )
    artifacts.mkdir()
    for name in ("manifest.json", "run_results.json"):
        shutil.copyfile(home.dbt / "target" / name, artifacts / name)
    result = read_results(run_id, database, artifacts, time.monotonic() - started)
    if result.ok:
        _point(home.builds / "candidate", database.name)
    logger().info("built", **result.nodes, seconds=round(result.seconds, 1))
    return result


def read_results(run_id: str, database: Path, artifacts: Path, seconds: float) -> BuildResult:
    """dbt's own account of a build: how many nodes ended how, and which failed or warned."""
    results = json.loads((artifacts / "run_results.json").read_text(encoding="utf-8"))["results"]
    nodes = Counter(str(item["status"]) for item in results)
    failed = [item["unique_id"] for item in results if item["status"] not in GOOD]
    warned = [item["unique_id"] for item in results if item["status"] == "warn"]
    return BuildResult(
        run_id, database, artifacts, dict(nodes), tuple(failed), tuple(warned), seconds
    )


def failures_in_words(result: BuildResult) -> list[str]:
    """One line per failed node: its kind, name and dbt's first words about it."""
    found = []
    for row in node_rows(result):
        unique_id = f"{row['kind']}.{row['node']}"
        if any(failed.split(".", 2)[-1] == row["node"] for failed in result.failed):
            said = " ".join(str(row["message"]).split())
            found.append(f"{unique_id.replace('.', ' ', 1)}: {said}")
    return sorted(found)


def node_rows(result: BuildResult) -> list[dict[str, object]]:
    """One row per dbt node: name, status, seconds, message; for the artifact table."""
    results = json.loads((result.artifacts / "run_results.json").read_text(encoding="utf-8"))
    return [
        {
            "node": item["unique_id"].split(".", 2)[-1],
            "kind": item["unique_id"].split(".", 1)[0],
            "status": item["status"],
            "seconds": round(item["execution_time"], 2),
            "message": (item.get("message") or "")[:200],
        }
        for item in sorted(results["results"], key=lambda item: -item["execution_time"])
    ]


def dbt_variables(configuration: Configuration, run_id: str, as_of: date) -> dict[str, Any]:
    """The variables of the dbt project, from the configuration."""
    organisation = configuration.organisation
    return {
        "as_of_date": as_of.isoformat(),
        "run_id": run_id,
        "timezone": organisation.organisation.timezone,
        "currency": organisation.organisation.currency,
        **measure_variables(organisation.stages, organisation.engagement),
        **organisation.touchpoints.model_dump(),
        "plan_overrides": {
            code: rules.model_dump(exclude_none=True) for code, rules in organisation.plans.items()
        },
        **organisation.identity.model_dump(mode="json"),
        **organisation.metrics.model_dump(mode="json"),
        "targets": [
            target.model_dump(include={"metric", "value", "owner_team", "plan"})
            | {"direction": target.good_side}
            for target in targets_in_force(configuration.targets, as_of)
        ],
        "segments": compile_segments(configuration.segments),
        "journeys": compile_journeys(configuration.journeys),
        "kinds": sorted(_kinds(configuration)),
        "source_names": {
            connection.kind: name
            for name, connection in configuration.sources.sources.items()
            if not is_mapped(connection.kind) and name != connection.kind
        },
        "mapped_sources": [
            name
            for name, connection in configuration.sources.sources.items()
            if is_mapped(connection.kind)
        ],
    }


def targets_in_force(targets: Sequence[Target], as_of: date) -> list[Target]:
    """Per metric and plan the target that began last, in the order of the file."""
    begun: dict[tuple[str, str | None], Target] = {}
    for target in sorted(targets, key=lambda item: item.from_date or date.min):
        if target.from_date is None or target.from_date <= as_of:
            begun[target.metric, target.plan] = target
    return [target for target in targets if target in begun.values()]


def _kinds(configuration: Configuration) -> set[str]:
    """The kinds of source dbt is to read, as it calls them: mapped ones are all `mapped`."""
    kinds = {connection.kind for connection in configuration.sources.sources.values()}
    return {"mapped" if is_mapped(kind) else kind for kind in kinds}


def unread_models(configuration: Configuration) -> list[str]:
    """dbt's words to leave out the staging models of kinds nobody configured: they cost nothing."""
    folders = {path.name for path in (DBT_PROJECT / "models" / "staging").iterdir()}
    return [f"staging.{kind}" for kind in sorted(folders - _kinds(configuration))]


def run_dbt(
    home: Home, command: Sequence[str], variables: Mapping[str, Any], database: Path
) -> int:
    """Run one dbt command and return its exit code; what it says goes to data/dbt/logs."""
    project = str(DBT_PROJECT)
    target, logs = home.dbt / "target", home.dbt / "logs"
    target.mkdir(parents=True, exist_ok=True)
    logs.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    arguments = [
        *command,
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(target), "--log-path", str(logs)),
        *("--vars", json.dumps(variables)),
        *("--quiet", "--no-use-colors"),
        *("--log-level-file", "info", "--no-send-anonymous-usage-stats"),
    ]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("DBT_")},
        "JOURNEY_BUILD_PATH": str(database),
        "JOURNEY_RAW_PATH": str(home.raw),
        "DO_NOT_TRACK": "1",
    }
    with (logs / "console.log").open("w", encoding="utf-8") as console:
        done = subprocess.run(
            [sys.executable, *_DBT, *arguments],
            env=environment,
            stdout=console,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            cwd=str(home.dbt),
        )
    return done.returncode


def promote(home: Home, result: BuildResult) -> None:
    """Make an audited build the last good one and remove the one it follows."""
    before = last_good(home)
    _point(home.builds / "current", result.database.name)
    if before and before != home.builds / result.database.name:
        before.unlink()
        shutil.rmtree(before.with_suffix(".artifacts"), ignore_errors=True)
    candidate = home.builds / "candidate"
    if candidate.is_symlink():
        candidate.unlink()


def last_good(home: Home) -> Path | None:
    """The file of the last build that passed its audit, or None."""
    return _target_of(home.builds / "current")


def candidate(home: Home) -> BuildResult | None:
    """The finished build that waits for its audit, or None."""
    database = _target_of(home.builds / "candidate")
    if database is None:
        return None
    run_id = database.stem.removeprefix("build-")
    return read_results(run_id, database, database.with_suffix(".artifacts"), 0.0)


def _target_of(link: Path) -> Path | None:
    if not link.is_symlink():
        return None
    target = link.parent / link.readlink()
    return target if target.is_file() else None


def _point(link: Path, target: str) -> None:
    beside = link.with_name(f".{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(link)

"""prefect.yaml is the one truth about schedules: everything it names must exist and be safe."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.flows import Flow, load_flow_from_entrypoint

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["deployments"]
# Everybody's jobs start on the hour; ours does not queue behind them.
BUSY_MINUTES = {"0", "5", "10", "15", "20", "30", "45", "*"}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda item: str(item["name"]))
class TestDeployment:
    def test_the_entrypoint_is_a_flow_also_from_another_folder(
        self, deployment: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copy(FILE, tmp_path)
        monkeypatch.chdir(tmp_path)
        loaded = load_flow_from_entrypoint(deployment["entrypoint"])
        assert isinstance(loaded, Flow)
        known = inspect.signature(loaded.fn).parameters
        assert set(deployment["parameters"]) <= set(known)
        assert known["dry_run"].default is True

    def test_pushes_are_dry_runs_and_runs_never_overlap(self, deployment: dict[str, Any]) -> None:
        assert deployment["parameters"]["dry_run"] is True
        assert deployment["concurrency_limit"]["limit"] == 1
        assert deployment["description"]
        assert deployment["tags"]

    def test_each_schedule_is_explicit(self, deployment: dict[str, Any]) -> None:
        slugs = [schedule["slug"] for schedule in deployment["schedules"]]
        assert len(slugs) == len(set(slugs)) >= 1
        for schedule in deployment["schedules"]:
            assert schedule["active"] in (True, False)
            ZoneInfo(schedule["timezone"])
            assert schedule["cron"].split()[0] not in BUSY_MINUTES

"""Builds shared by the dbt tests: each is made once per test run, also with several workers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from identity_nights import Step, compile_models, read_steps
from upstream import ROOT, Built, ingest_sandbox, once, run_dbt

from flows.configuration.journey_files import read_journeys
from flows.configuration.journeys import compile_journeys
from flows.home import Home
from sandbox.world import generate

PEOPLE = 300


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def world(shared: Path) -> Path:
    """A sandbox association of 300 people, with its truth."""
    folder = shared / "dbt-world"
    with once(folder) as mine:
        if mine:
            generate(folder, people=PEOPLE)
    return folder


@pytest.fixture(scope="session")
def sandbox_build(shared: Path, world: Path) -> Built:
    """Every model and every test of the project, on the sandbox as the connectors read it."""
    folder = shared / "dbt-build"
    with once(folder) as mine:
        if mine:
            raw = ingest_sandbox(world, folder)
            journeys, problems = read_journeys(Home(ROOT))
            assert problems == []
            built = run_dbt(folder, raw, "build", journeys=compile_journeys(journeys))
            (folder / "said.txt").write_text(built.said, encoding="utf-8")
            (folder / "code.txt").write_text(str(built.code), encoding="utf-8")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    code = int((folder / "code.txt").read_text(encoding="utf-8"))
    return Built(code, said, folder / "build.duckdb", folder / "target")


@pytest.fixture(scope="session")
def identity_steps(shared: Path) -> list[Step]:
    """The identity models as dbt compiles them, in the order in which it would run them."""
    folder = shared / "identity-models"
    with once(folder) as mine:
        if mine:
            compile_models(folder)
    return read_steps(Built(0, "", folder / "build.duckdb", folder / "target"))

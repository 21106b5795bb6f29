"""An organisation with Wild Apricot, Eventbrite and Xero gets the marts that another one gets.

The handful of records of each kind's feed, read by the real connectors, and then every model and
every data test of the project; nothing of the sandbox's systems is there.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from upstream import Built, empty_raw, once, run_dbt

KINDS = ["wildapricot", "eventbrite", "xero"]


@pytest.fixture(scope="session")
def built(shared: Path) -> Built:
    folder = shared / "dbt-other"
    with once(folder) as mine:
        if mine:
            raw = empty_raw(folder / "raw.duckdb")
            for kind in KINDS:
                import_module(f"feeds_{kind}").load(raw, folder / kind)
            others = [
                f"staging.{path.name}"
                for path in (Path(__file__).parents[2] / "dbt_project/models/staging").iterdir()
                if path.name not in KINDS
            ]
            command = ("build", "--exclude-resource-type", "unit_test", "--exclude", *others)
            found = run_dbt(folder, raw, *command, kinds=KINDS)
            (folder / "said.txt").write_text(f"{found.code}\n{found.said}", encoding="utf-8")
    code, _, said = (folder / "said.txt").read_text(encoding="utf-8").partition("\n")
    return Built(int(code), said, folder / "build.duckdb", folder / "target")


def test_every_model_and_every_test_passes(built: Built) -> None:
    assert built.code == 0, built.said[-4000:]
    assert "WARNING" not in built.said


@pytest.mark.parametrize(
    ("mart", "source_system"),
    [
        ("fct_membership_term", "wildapricot"),
        ("fct_event_registration", "eventbrite"),
        ("fct_payment", "xero"),
        ("fct_touchpoint", "eventbrite"),
    ],
)
def test_each_system_reaches_its_mart(built: Built, mart: str, source_system: str) -> None:
    ((rows, known),) = built.rows(
        f"select count(*), count(member_key) from {mart} where source_system = '{source_system}'"
    )
    assert rows > 0
    assert known > 0, "facts of nobody"


def test_members_have_a_stage_today(built: Built) -> None:
    found = built.rows(
        "select stage, count(*) from mart_member_360 group by stage order by count(*) desc"
    )
    assert found
    assert {stage for stage, _ in found} & {"onboarding", "engaged", "renewal_due", "lapsed"}

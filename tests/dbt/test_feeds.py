"""Each kind's staging models, on what the real connector read from its fake.

A kind brings a file of its own, `feeds_<kind>.py`, with `load(raw, folder)`, which reads a handful
of records into raw, and EXPECTED: entity -> the rows of stg_<kind>__<entity>, in any order, each
with the columns worth stating.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from upstream import PROJECT, Built, empty_raw, once, run_dbt

FEEDS = {
    file.stem.removeprefix("feeds_"): import_module(file.stem)
    for file in sorted(Path(__file__).parent.glob("feeds_*.py"))
}
DECLARED: dict[str, list[str]] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"][
    "feeds"
]
# Proven elsewhere: by the sandbox association, whose truth is known. Such a kind may bring a file
# with only the entities the sandbox has nothing of.
SANDBOX = {"civicrm", "pretix", "stripe", "mailchimp", "mapped"}


@pytest.fixture(scope="session")
def fed(shared: Path) -> Built:
    """One build of staging and the conformed layer over every kind that has a feed."""
    folder = shared / "dbt-feeds"
    with once(folder) as mine:
        if mine:
            raw = empty_raw(folder / "raw.duckdb")
            for kind, feed in FEEDS.items():
                feed.load(raw, folder / kind)
            command = ("build", "--exclude-resource-type", "unit_test", "--select")
            built = run_dbt(
                folder, raw, *command, "staging", "conformed", "--indirect-selection", "cautious"
            )
            (folder / "said.txt").write_text(built.said, encoding="utf-8")
            (folder / "code.txt").write_text(str(built.code), encoding="utf-8")
    said = (folder / "said.txt").read_text(encoding="utf-8")
    code = int((folder / "code.txt").read_text(encoding="utf-8"))
    return Built(code, said, folder / "build.duckdb", folder / "target")


def test_every_kind_is_proven() -> None:
    assert DECLARED.keys() - SANDBOX == FEEDS.keys() - SANDBOX
    for kind, feed in FEEDS.items():
        stated, declared = set(feed.EXPECTED), set(DECLARED[kind])
        assert stated == declared or (kind in SANDBOX and stated and stated < declared), kind


def test_conformed_layer_takes_them_all(fed: Built) -> None:
    """Keys, accepted values and contracts hold with every kind at once."""
    assert fed.code == 0, fed.said[-4000:]
    assert "WARNING" not in fed.said, fed.said[:3000]


@pytest.mark.parametrize(
    ("kind", "entity"), [(k, e) for k, feed in FEEDS.items() for e in feed.EXPECTED]
)
def test_staging_says_what_the_vendor_meant(kind: str, entity: str, fed: Built) -> None:
    expected: list[dict[str, Any]] = FEEDS[kind].EXPECTED[entity]
    columns = list(expected[0])
    assert all(list(row) == columns for row in expected), "the same columns in every row"
    raw = fed.database.with_name("raw.duckdb")
    with duckdb.connect(str(fed.database), read_only=True) as db:
        db.execute(f"attach '{raw}' as raw (read_only)")
        found = db.execute(f"select {', '.join(columns)} from stg_{kind}__{entity}").fetchall()
    assert sorted(found, key=repr) == sorted((tuple(r.values()) for r in expected), key=repr)

"""An organisation has a few kinds of source, under names of its own: the others cost nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from upstream import Built, once, run_dbt, writing

from connectors.landing.loader import Loader
from connectors.registry import specs_of
from connectors.sources.contracts import entity_specs

NIGHT = datetime(2026, 6, 30, 3, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture(scope="session")
def built(shared: Path) -> Built:
    """Stripe under the name `payments`, and two mapped sources; nothing else has tables at all."""
    folder = shared / "dbt-kinds"
    with once(folder) as mine:
        if mine:
            raw, entities = folder / "raw.duckdb", entity_specs()
            tables = {"payments": specs_of("stripe"), "shop": entities, "letters": entities}
            Loader(raw).ensure_all(tables, entities, ["shop", "letters"])
            with writing(raw, NIGHT) as records:
                money = {"currency": "eur", "status": "succeeded", "created": NIGHT}
                records.put("payments.charge", {"id": "ch_1"}, amount=1250, **money)
                for name in ("shop", "letters"):
                    key = {"source_payment_id": "1"}
                    records.put(f"{name}.payments", key, amount_minor=500, occurred_at=NIGHT)
            command = ("build", "--exclude-resource-type", "unit_test", "--select")
            found = run_dbt(
                folder,
                raw,
                *command,
                *("staging.stripe", "staging.mapped", "conformed"),
                *("--indirect-selection", "cautious"),
                kinds=["stripe", "mapped"],
                source_names={"stripe": "payments"},
                mapped_sources=["shop", "letters"],
            )
            (folder / "said.txt").write_text(f"{found.code}\n{found.said}", encoding="utf-8")
    code, _, said = (folder / "said.txt").read_text(encoding="utf-8").partition("\n")
    return Built(int(code), said, folder / "build.duckdb", folder / "target")


def test_it_builds_and_reads_each_under_its_name(built: Built) -> None:
    assert built.code == 0, built.said[-3000:]
    found = built.rows(
        "select source_system, source_payment_id, amount_minor from conformed__payments order by 1"
    )
    assert found == [("letters", "1", 500), ("shop", "1", 500), ("stripe", "ch_1", 1250)]


def test_an_entity_that_nobody_feeds_is_empty_and_typed(built: Built) -> None:
    columns = built.rows(
        "select column_name, data_type from information_schema.columns"
        " where table_name = 'conformed__holds'"
    )
    assert ("since", "TIMESTAMP") in columns
    assert built.rows("select count(*) from conformed__holds") == [(0,)]


def test_the_kinds_nobody_has_leave_no_model(built: Built) -> None:
    names = [row[0] for row in built.rows("select table_name from information_schema.tables")]
    assert "stg_stripe__payments" in names
    assert not [name for name in names if "civicrm" in name or "pretix" in name]

"""A published value that changes leaves a row: one build after another on hand-made values.

Data flow: values of tonight + last night's build -> dbt -> meta_metric_value, meta_restatement.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from upstream import run_dbt

MODELS = (
    "int_metric_values__previous",
    "int_restatements__previous",
    "meta_metric_value",
    "meta_restatement",
)
MAY, JUNE = date(2026, 5, 1), date(2026, 6, 1)
NIGHT = datetime.fromisoformat("2026-07-01T02:00:00")
Value = tuple[str, float | None, str, bool, date]  # metric, value, version, is_mature, month


def night(folder: Path, as_of: date, values: list[Value], touches: list[tuple[Any, ...]]) -> None:
    """One build in `folder` over what the build before left there."""
    with duckdb.connect(str(folder / "build.duckdb")) as db:
        db.execute(
            "create or replace table int_metric_values (metric varchar, slice_name varchar,"
            " slice_value varchar, definition_version varchar, value double, is_mature boolean,"
            " period_start date, period_end date)"
        )
        for metric, value, version, is_mature, month in values:
            row = (metric, "all", "all", version, value, is_mature, month, month)
            db.execute("insert into int_metric_values values (?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.execute(
            "create or replace table fct_touchpoint"
            " (activity varchar, touch_date date, known_at timestamp)"
        )
        db.executemany("insert into fct_touchpoint values (?, ?, ?)", touches)
    duckdb.connect(str(folder / "raw.duckdb")).close()
    done = run_dbt(
        folder, folder / "raw.duckdb", "run", "--select", *MODELS, as_of_date=as_of.isoformat()
    )
    assert done.code == 0, done.said


def restated(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "build.duckdb"), read_only=True) as db:
        return db.execute(
            "select metric, period_start, published_value, new_value, reason, published_since,"
            " restated_on from meta_restatement order by restated_on, metric"
        ).fetchall()


def test_only_what_was_final_when_published_is_restated(tmp_path: Path) -> None:
    first, second, third = (date(2026, 7, day) for day in (1, 2, 3))
    known = [("membership_renewed", date(2026, 6, 30), NIGHT)]
    before: list[Value] = [
        ("renewal_rate", 0.8, "1", True, MAY),
        ("nps_relational", None, "1", True, MAY),
        ("churn", 0.02, "1", True, MAY),
        ("resolution_time_first", 30.0, "1", True, MAY),
        ("retention", 0.9, "1", True, MAY),
        ("renewal_rate", 0.3, "1", False, JUNE),
        ("onboarding", 0.5, "1", True, MAY),
    ]
    night(tmp_path, first, before, known)
    assert restated(tmp_path) == []
    # A renewal of May became known only now; a case of yesterday is no late case of May.
    tonight = NIGHT + timedelta(days=1)
    known += [("membership_renewed", date(2026, 5, 20), tonight)]
    known += [("case_resolved", date(2026, 4, 30), tonight), ("case_opened", second, tonight)]
    after: list[Value] = [
        ("renewal_rate", 0.81, "1", True, MAY),
        ("nps_relational", 41.0, "1", True, MAY),
        ("churn", 0.03, "2", True, MAY),
        ("resolution_time_first", 31.0, "1", True, MAY),
        ("retention", 0.9, "1", True, MAY),
        ("renewal_rate", 0.7, "1", True, JUNE),
    ]
    night(tmp_path, second, after, known)
    wanted = [
        ("churn", MAY, 0.02, 0.03, "definition_changed", first, second),
        ("nps_relational", MAY, None, 41.0, "unknown", first, second),
        ("onboarding", MAY, 0.5, None, "late_data", first, second),
        ("renewal_rate", MAY, 0.8, 0.81, "late_data", first, second),
        ("resolution_time_first", MAY, 30.0, 31.0, "unknown", first, second),
    ]
    assert restated(tmp_path) == wanted
    # The rows stay; a value restated twice has its own day as the day it was published.
    night(tmp_path, third, [("renewal_rate", 0.79, "1", True, MAY), *after[1:]], known)
    again = ("renewal_rate", MAY, 0.81, 0.79, "unknown", second, third)
    assert restated(tmp_path) == [*wanted, again]

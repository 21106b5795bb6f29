"""Builds the downstream half of the dbt project on hand-made upstream tables.

Data flow: lives -> the few upstream tables the models read (DuckDB) -> dbt run -> the built file.

Only the models under test run; everything upstream of them is a table written here, so that a test
states exactly what the warehouse knows.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from desk_oracle import desk_rows
from stage_oracle import FLAGS, MODELS, Life, random_life

PROJECT = Path(__file__).parents[2] / "dbt_project"
TODAY, SINCE = date(2026, 6, 30), date(2020, 1, 1)
WATCHED_SINCE = date(2021, 1, 1)  # who left before is not in the data of system x
MODELS_UNDER_TEST = (
    "path:models/intermediate/terms",
    "path:models/intermediate/stages",
    "path:models/intermediate/engagement",
    "path:models/intermediate/metrics",
    "path:models/marts/journey",
    "path:models/marts/metrics",
    "path:models/segments",
)
# activity -> (weight, half-life in days, cap per day, cap per 28 days); the others weigh nothing
WEIGHTS = {"membership_inquiry": (1.0, 30, 1, 2), "event_attended": (5.0, 180, 1, 8)}
WEIGHTS["volunteered"] = (8.0, 180, 1, 8)
COLUMNS = {
    "dim_member": (
        "member_key varchar, is_current boolean, is_erased boolean, deceased_on date,"
        " is_deceased boolean, is_email_shared boolean, email varchar, email_key varchar,"
        " first_name varchar, last_name varchar, member_number varchar, phone_e164 varchar,"
        " street varchar, postal_code varchar, city varchar"
    ),
    "int_identity__current": (
        "source_system varchar, source_record_id varchar, member_key varchar,"
        " is_record_current boolean"
    ),
    "conformed__people": (
        "source_system varchar, source_record_id varchar, created_at timestamp, email_key varchar"
    ),
    "conformed__plans": (
        "source_system varchar, source_plan_id varchar, plan_code varchar, plan_name varchar,"
        " renewal_model varchar, grace_days integer, reinstate_days integer,"
        " is_rate_excluded boolean"
    ),
    "conformed__membership_terms": (
        "source_system varchar, source_term_id varchar, source_membership_id varchar,"
        " source_record_id varchar, source_plan_id varchar, start_date date, end_date date,"
        " committed_date date, resigned_date date, is_auto_renew boolean, is_test boolean,"
        " currency_code varchar, term_evidence varchar, amount_minor bigint, known_at timestamp"
    ),
    "conformed__membership_changes": (
        "source_system varchar, source_change_id varchar, source_membership_id varchar,"
        " source_record_id varchar, change_type varchar, change_date date, known_at timestamp"
    ),
    "fct_touchpoint": (
        "member_key varchar, touch_date date, activity varchar, is_member_initiated boolean,"
        " is_meaningful boolean, is_high_intent boolean, is_advocacy boolean,"
        " is_value_event boolean, channel varchar, is_negative boolean,"
        " known_at timestamp"
    ),
    "dim_activity": (
        "activity varchar, weight double, half_life_days integer, cap_day integer, cap_28d integer"
    ),
    "fct_payment": (
        "member_key varchar, source_system varchar, source_payment_id varchar,"
        " parent_payment_id varchar, kind varchar, purpose varchar, amount_minor bigint,"
        " occurred_at timestamp"
    ),
    "conformed__cases": (
        "source_system varchar, source_record_id varchar, source_case_id varchar, status varchar,"
        " case_type varchar, received_at timestamp, first_resolved_at timestamp,"
        " last_resolved_at timestamp"
    ),
    "conformed__surveys": (
        "source_system varchar, source_record_id varchar, source_response_id varchar,"
        " score decimal(9, 2), responded_at timestamp, survey_code varchar, lifecycle_point varchar"
    ),
    "conformed__messages": (
        "source_system varchar, source_record_id varchar, purpose varchar, sent_at timestamp,"
        " bounced_at timestamp"
    ),
    "conformed__consents": (
        "source_system varchar, source_consent_id varchar, source_record_id varchar,"
        " channel varchar, purpose varchar, status varchar, reason varchar,"
        " occurred_at timestamp, evidence varchar"
    ),
    "int_member__contacted": (
        "member_key varchar, messages_7d integer, messages_30d integer, contact_fatigue boolean"
    ),
    "int_member__experienced": (
        "member_key varchar, transactional_only_12m boolean, last_odyssey_date date"
    ),
    "conformed__holds": (
        "source_system varchar, source_record_id varchar, hold varchar, since timestamp"
    ),
    "int_member__journeys": (
        "member_key varchar, open_journeys bigint, next_action varchar, next_action_owner varchar,"
        " next_action_due_date date"
    ),
}


def some_lives(count: int, seed: int = 7) -> list[Life]:
    """The same random lives for the same seed."""
    rng = random.Random(seed)
    return [random_life(rng, f"m{number:05d}", SINCE, TODAY) for number in range(count)]


def rows_of(lives: Sequence[Life]) -> dict[str, list[tuple[Any, ...]]]:
    """Upstream rows, by table, that say exactly what the lives say."""
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
    rows["conformed__plans"] = [
        ("x", plan, plan, plan, model, grace, reinstate, model == "lifetime")
        for plan, (model, grace, reinstate) in MODELS.items()
    ]
    rows["dim_activity"] = [(kind, *WEIGHTS.get(kind, (0.0, 90, 1, 4))) for kind in FLAGS]
    for life in lives:
        key = life.key
        dead = life.deceased is not None
        email = f"{key}@example.org"
        rows["dim_member"].append(
            (key, True, life.erased, life.deceased, dead, False, email, email, "A", "B", None, None)
        )
        rows["int_identity__current"].append(("x", key, key, True))
        rows["conformed__people"].append(("x", key, life.created, email))
        for number, term in enumerate(life.terms):
            dates = (term.start, term.end, term.committed, term.resigned)
            known = (f"{key}-{number}", key, key, term.plan, *dates, term.auto_renew)
            dues = (1000, 1500, 800)[number % 3]
            rows["conformed__membership_terms"].append(("x", *known, False, "EUR", "log", dues))
        changes = [(day, "application_opened") for day, _ in life.applications]
        changes += [(day, "application_withdrawn") for _, day in life.applications if day]
        changes += [(day, "paused") for day, _ in life.pauses]
        changes += [(day, "resumed") for _, day in life.pauses if day]
        rows["conformed__membership_changes"] += [
            ("x", f"{key}-{kind}-{number}", key, key, kind, day)
            for number, (day, kind) in enumerate(changes)
        ]
        rows["fct_touchpoint"] += [
            (key, day, kind, *FLAGS[kind], kind == "event_attended", _channel(kind), False)
            for day, kind in life.touches
        ]
    return rows


def build(
    folder: Path,
    rows: dict[str, list[tuple[Any, ...]]],
    *,
    select: Sequence[str] = MODELS_UNDER_TEST,
    **variables: object,
) -> Path:
    """Run the models on these rows in `folder`; the path of the built database."""
    folder.mkdir(parents=True, exist_ok=True)
    database, raw = folder / "build.duckdb", folder / "raw.duckdb"
    duckdb.connect(str(raw)).close()
    with duckdb.connect(str(database)) as db:
        for name, columns in COLUMNS.items():
            db.execute(f"create or replace table {name} ({columns})")
            _insert(db, name, rows.get(name, []))
    given = {"as_of_date": TODAY.isoformat(), **variables}
    arguments: list[object] = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--quiet"]
    arguments += ["--target-path", folder / "target", "--log-path", folder / "logs"]
    arguments += ["--no-use-colors", "--log-level-file", "info", "--vars", json.dumps(given)]
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "run"]
    done = subprocess.run(
        [*command, "--select", *select, *map(str, arguments)],
        env={
            **os.environ,
            "JOURNEY_BUILD_PATH": str(database),
            "JOURNEY_RAW_PATH": str(raw),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return database


def _channel(kind: str) -> str:
    return "email" if kind.startswith("email") else "web"


def query(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query on a built database."""
    with duckdb.connect(str(database), read_only=True) as db:
        return db.execute(sql).fetchall()


def some_targets() -> list[dict[str, object]]:
    """Many targets for each metric, so that some are met, some missed and some not proven."""
    steps = [step / 20 for step in range(21)]
    goals = {"renewal_rate": steps, "first_year_retention": steps}
    goals["nps"] = [float(points) for points in range(-100, 101, 5)]
    goals["resolution_time"] = [1.0, 10.0, 30.0, 48.0, 60.0, 80.0, 200.0]
    sides = {"nps": "above", "resolution_time": "below"}
    return [
        {"metric": metric, "value": value, "owner_team": "team", "plan": None}
        | {"direction": sides.get(metric, "at_least")}
        for metric, values in goals.items()
        for value in values
    ]


_BUILT: list[Path] = []


def shared_build(factory: pytest.TempPathFactory) -> tuple[list[Life], Path]:
    """250 lives and the database built of them; built once per test process."""
    lives = some_lives(250)
    if not _BUILT:
        rows = rows_of(lives) | desk_rows([life.key for life in lives], SINCE, TODAY)
        watched = {"x": WATCHED_SINCE.isoformat()}
        folder = factory.mktemp("downstream")
        _BUILT.append(build(folder, rows, observed_since=watched, targets=some_targets()))
    return lives, _BUILT[0]


def _insert(db: duckdb.DuckDBPyConnection, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows may leave out trailing columns: those are null."""
    rows = list(rows)
    if rows:
        wide = len(db.execute(f"describe {name}").fetchall())
        rows = [(*row, *[None] * (wide - len(row))) for row in rows]
        marks = ", ".join("?" * wide)
        db.executemany(f"insert into {name} values ({marks})", rows)

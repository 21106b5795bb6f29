"""The upstream tables of the models of touchpoints, and one dbt build on them.

Data flow: Touched -> rows by table -> DuckDB -> dbt build of the models and their data tests -> the
built file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from touch_edges import everything
from touch_world import END, TODAY, Touched, local
from upstream import PROJECT, once

MODELS = (
    *("dim_activity", "dim_event", "fct_event_registration", "fct_touchpoint", "fct_message"),
    *("fct_case", "fct_case_status_interval", "fct_survey_response", "fct_attendance"),
    *("fct_consent_event", "path:models/intermediate/touchpoints"),
    *("path:models/marts/touchpoints", "every_message_is_one_touchpoint"),
    *("credits_of_a_join_add_up_to_one", "attendance_adds_up"),
)
FATIGUE = 3
COLUMNS = {
    "int_identity__current": "source_system varchar, source_record_id varchar, member_key varchar",
    "dim_member": "member_key varchar, is_current boolean, deceased_on date",
    "conformed__messages": (
        "source_system varchar, source_message_id varchar, source_record_id varchar,"
        " campaign_id varchar, campaign_name varchar, purpose varchar, department varchar,"
        " channel varchar, bounce_kind varchar, sent_at timestamp, first_opened_at timestamp,"
        " first_clicked_at timestamp, bounced_at timestamp, unsubscribed_at timestamp,"
        " known_at timestamp"
    ),
    "conformed__consents": (
        "source_system varchar, source_consent_id varchar, source_record_id varchar,"
        " channel varchar, purpose varchar, status varchar, reason varchar, evidence varchar,"
        " occurred_at timestamp, known_at timestamp"
    ),
    "conformed__events": (
        "source_system varchar, source_event_id varchar, event_name varchar, event_kind varchar,"
        " modality varchar, starts_at timestamp, ends_at timestamp, has_capture boolean,"
        " is_cancelled boolean, currency_code varchar, known_at timestamp"
    ),
    "conformed__registrations": (
        "source_system varchar, source_registration_id varchar, source_event_id varchar,"
        " source_record_id varchar, registered_at timestamp, cancelled_at timestamp,"
        " status varchar, checked_in_at timestamp, price_minor bigint, currency_code varchar,"
        " known_at timestamp"
    ),
    "conformed__cases": (
        "source_system varchar, source_case_id varchar, source_record_id varchar,"
        " case_type varchar, received_at timestamp, first_resolved_at timestamp,"
        " last_resolved_at timestamp, reopened_count integer, status varchar, known_at timestamp"
    ),
    "conformed__activities": (
        "source_system varchar, source_activity_id varchar, source_record_id varchar,"
        " activity varchar, occurred_at timestamp, channel varchar, department varchar,"
        " actor_type varchar, source_case_id varchar, known_at timestamp"
    ),
    "conformed__surveys": (
        "source_system varchar, source_response_id varchar, source_record_id varchar,"
        " survey_code varchar, lifecycle_point varchar, score decimal(9, 2),"
        " responded_at timestamp, known_at timestamp"
    ),
    "conformed__plans": "source_system varchar, source_plan_id varchar, reinstate_days integer",
    "conformed__membership_terms": (
        "source_system varchar, source_term_id varchar, source_record_id varchar,"
        " source_plan_id varchar, committed_date date, start_date date, end_date date,"
        " known_at timestamp"
    ),
    "conformed__membership_changes": (
        "source_system varchar, source_change_id varchar, source_record_id varchar,"
        " change_type varchar, change_date date, known_at timestamp"
    ),
    "fct_membership_term": (
        "member_key varchar, is_test boolean, term_number integer, renewal_model varchar,"
        " start_date date, effective_end_date date, committed_date date, spell_kind varchar,"
        " spell_start_date date"
    ),
    "fct_member_spell": "member_key varchar, spell_no integer, spell_start_date date",
    "fct_payment": (
        "member_key varchar, source_system varchar, source_payment_id varchar, kind varchar,"
        " purpose varchar, currency_code varchar, amount_minor bigint, occurred_date date,"
        " occurred_at timestamp, known_at timestamp"
    ),
    "int_first_joins": (
        "member_key varchar, observed_days integer, has_left boolean, join_date date"
    ),
}
Rows = dict[str, list[tuple[Any, ...]]]


def rows_of(told: Touched) -> Rows:
    """Upstream rows, by table; every record is known at once."""
    s, known = "x", END
    rows: Rows = {name: [] for name in COLUMNS}
    rows["int_identity__current"] = [(s, who, who) for who in told.people]
    rows["dim_member"] = [(who, True, died) for who, died in told.people.items()]
    for m in told.messages:
        who = (s, m.id, m.who, m.name, m.name, m.purpose, m.department, m.channel, None)
        times = (m.sent, None, m.clicked, m.bounced, m.left, known)
        rows["conformed__messages"].append((*who, *times))
    for e in told.events:
        modality = "online" if e.online else "onsite"
        held = (e.starts, e.ends, e.captures, e.is_cancelled, "EUR", known)
        rows["conformed__events"].append((s, e.id, e.name, e.kind, modality, *held))
    for b in told.bookings:
        times = (b.registered, b.cancelled, b.status, b.checked_in, 100, "EUR", known)
        rows["conformed__registrations"].append((s, b.id, b.event.id, b.who, *times))
    for c in told.cases:
        ends = (c.steps[0] if c.steps else None, c.steps[::2][-1] if c.steps else None)
        row = (s, c.id, c.who, c.kind, c.received, *ends, len(c.steps) // 2, c.status, known)
        rows["conformed__cases"].append(row)
        for number, at in enumerate(c.steps if c.is_told else []):
            step = "case_reopened" if number % 2 else "case_resolved"
            told_step = (s, f"{c.id}-{number}", c.who, step, at, None, None, None, c.id, known)
            rows["conformed__activities"].append(told_step)
    for key, who_acts, kind, at in told.acts:
        rows["conformed__activities"].append(
            (s, key, who_acts, kind, at, None, None, None, None, known)
        )
    rows["conformed__surveys"] = [
        (s, key, who, code, "join", score, at, known) for key, who, code, score, at in told.answers
    ]
    rows["conformed__plans"] = [(s, "plan", 365)]
    for t in told.terms:
        dates = (t.committed, t.start, t.end)
        rows["conformed__membership_terms"].append((s, t.id, t.who, "plan", *dates, known))
        row = (t.who, False, t.number, t.model, t.start, t.end, t.committed)
        rows["fct_membership_term"].append((*row, t.spell_kind, t.spell_start))
        if t.number == 1:
            rows["fct_member_spell"].append((t.who, 1, t.start))
            first = (t.who, *told.first_years.get(t.who, (10, False)), t.start)
            rows["int_first_joins"].append(first)
    rows["fct_payment"] = [
        (who, s, key, "payment", purpose, "EUR", 100, local(at), at, known)
        for key, who, purpose, at in told.payments
    ]
    return rows


def build(folder: Path, told: Touched) -> Path:
    """Models and data tests on these people; the built file."""
    database = folder / "build.duckdb"
    duckdb.connect(str(folder / "raw.duckdb")).close()
    with duckdb.connect(str(database)) as db:
        for name, rows in rows_of(told).items():
            db.execute(f"create table {name} ({COLUMNS[name]})")
            if rows:
                db.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
        for seed in ("activity_catalogue", "engagement_weights"):
            path = PROJECT / "seeds" / f"{seed}.csv"
            db.execute(f"create table {seed} as from read_csv('{path}')")
    given = {"as_of_date": TODAY.isoformat(), "fatigue_messages_30d": FATIGUE}
    options = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--vars", json.dumps(given)]
    options += ["--target-path", folder / "target", "--log-path", folder / "logs", "--quiet"]
    options += ["--log-level-file", "info"]
    command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "build"]
    command += ["--exclude-resource-type", "unit_test", "--exclude", "fct_exit_feedback"]
    done = subprocess.run(
        [*command, "--indirect-selection", "cautious", "--select", *MODELS, *map(str, options)],
        env={
            **os.environ,
            "JOURNEY_BUILD_PATH": str(database),
            "JOURNEY_RAW_PATH": str(folder / "raw.duckdb"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return database


def shared_build(factory: pytest.TempPathFactory) -> tuple[Touched, Path]:
    """Everybody, and the file built of them once per test run, also with several workers."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, told = shared / "touchpoints", everything()
    with once(folder) as mine:
        if mine:
            build(folder, told)
    return told, folder / "build.duckdb"

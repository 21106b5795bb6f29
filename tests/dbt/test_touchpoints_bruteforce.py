"""Touchpoints, messages, contact pressure, contradictions, attendance and attribution against loops.

Data flow: random people, and people made for edge days -> upstream tables -> one dbt build of the
models and their data tests -> every row compared with touch_oracle, which knows no SQL.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from touch_oracle import (
    SEED,
    TRANSACTIONAL,
    all_touches,
    collisions,
    contradictions,
    credits,
    department,
    is_machine,
    outcomes,
    status_at,
)
from touch_world import (
    COLUMNS,
    END,
    TODAY,
    Booking,
    Case,
    Event,
    Message,
    Term,
    Touched,
    day_start,
    local,
    random_touched,
    rows_of,
)
from upstream import PROJECT, once

MODELS = (
    *("dim_activity", "dim_event", "fct_event_registration", "fct_touchpoint", "fct_message"),
    *("fct_case", "fct_case_status_interval", "fct_survey_response", "fct_attendance"),
    *("fct_consent_event", "path:models/intermediate/touchpoints"),
    *("path:models/marts/touchpoints", "every_message_is_one_touchpoint"),
    *("credits_of_a_join_add_up_to_one", "attendance_adds_up"),
)
NOON = datetime(2026, 3, 15, 11)  # a Sunday noon in Berlin, before the clocks change
FATIGUE = 3


def on(days: int, hours: int = 0) -> datetime:
    return NOON + timedelta(days=days, hours=hours)


def edges() -> tuple[Touched, set[tuple[str, str]]]:
    """People on both sides of each edge day, and the contradictions they are, by hand."""
    told, wanted = Touched(), set()
    day = NOON.date()
    gala = Event("gala", "Spring Gala 2026", "congress", False, on(0))
    told.events.append(gala)

    def person(who: str, rule: str | None, purpose: str, at: datetime, **more: Any) -> None:
        told.people[who] = more.pop("died", None)
        told.messages.append(Message(f"{who}-m", who, purpose, at, **more))
        if rule:
            wanted.add((rule, f"{who}-m"))

    def term(who: str, start: int, end: int, paid: int, kind: str = "join") -> None:
        first, last = day + timedelta(days=start), day + timedelta(days=end)
        told.terms.append(Term(who, 1, first, last, day + timedelta(days=paid), kind, first))

    for who, paid, end, rule in (
        ("paid_same_day", 0, 364, None),
        ("paid_day_before", -1, 364, "renewal_notice_after_payment"),
        ("paid_90_days_ago", -90, 274, "renewal_notice_after_payment"),
        ("paid_91_days_ago", -91, 273, None),
        ("due_in_91_days", -60, 91, "renewal_notice_after_payment"),
        ("due_in_90_days", -60, 90, None),
    ):
        person(who, rule, "renewal", on(0))
        term(who, paid, end, paid)
    for who, start, end, rule in (
        ("last_day_of_term", -364, 0, "win_back_to_member"),
        ("day_after_term", -365, -1, None),
        ("term_begins_tomorrow", 1, 300, None),
    ):
        person(who, rule, "winback", on(0))
        term(who, start, end, start - 1)
    for who, start, rule in (
        ("rejoined_today", 0, "welcome_as_new_to_rejoiner"),
        ("rejoined_89_days_ago", -89, "welcome_as_new_to_rejoiner"),
        ("rejoined_90_days_ago", -90, None),
    ):
        person(who, rule, "welcome", on(0))
        term(who, start, start + 364, start, "rejoin")
    for who, days, rule in (
        ("came_7_days_ago", 7, "miss_you_after_check_in"),
        ("came_8_days_ago", 8, None),
        ("came_an_hour_later", 0, None),
    ):
        at = on(days) if days else on(0, -1)
        person(who, rule, "miss_you", at)
        told.bookings.append(Booking(f"{who}-b", who, gala, on(-30), checked_in=on(0)))
    for who, at, rule in (
        ("invited_as_booked", on(-30), None),
        ("invited_after_booking", on(-30, 1), "event_promotion_after_registration"),
        ("invited_at_the_end", on(0, 5), "event_promotion_after_registration"),
        ("invited_after_the_end", on(0, 6), "event_promotion_after_event"),
    ):
        person(who, rule, "event", at, name="Event: spring gala 2026, book now")
        told.bookings.append(Booking(f"{who}-b", who, gala, on(-30)))
    person("other_event", None, "event", on(0, 6), name="Event: summer gala 2026")
    died = (("dead_that_day", 0, None), ("dead_the_day_before", -1, "message_to_deceased"))
    for who, days, rule in died:
        person(who, rule, "receipt", on(0), died=day + timedelta(days=days))
    for who, kind, resolved, rule in (
        ("case_open", "Hardship", 1, "dues_reminder_in_sensitive_case"),
        ("case_just_resolved", "Hardship", 0, None),
        ("case_of_another_kind", "inquiry", 1, None),
    ):
        person(who, rule, "dues", on(0))
        told.cases.append(Case(f"{who}-c", who, kind, on(-9), [on(resolved)]))
    return told, wanted


def everything() -> Touched:
    """The random people and the edge people in one world."""
    told, more = random_touched(150, seed=11), edges()[0]
    told.people |= more.people
    for part in ("events", "messages", "bookings", "cases", "terms"):
        getattr(told, part).extend(getattr(more, part))
    return told


def build(folder: Path, told: Touched) -> Path:
    """Models and data tests on these people; the built file."""
    database = folder / "build.duckdb"
    duckdb.connect(str(folder / "raw.duckdb")).close()
    with duckdb.connect(str(database)) as db:
        for name, rows in rows_of(told).items():
            db.execute(f"create table {name} ({COLUMNS[name]})")
            if rows:
                db.executemany(f"insert into {name} values ({', '.join('?' * len(rows[0]))})", rows)
        db.execute(f"create table activity_catalogue as from read_csv('{SEED}')")
    given = {"as_of_date": TODAY.isoformat(), "fatigue_messages_30d": FATIGUE}
    options = ["--project-dir", PROJECT, "--profiles-dir", PROJECT, "--vars", json.dumps(given)]
    options += ["--target-path", folder / "target", "--log-path", folder / "logs", "--quiet"]
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


@pytest.fixture(scope="module")
def told() -> Touched:
    return everything()


@pytest.fixture(scope="module")
def db(
    told: Touched, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "touchpoints"
    with once(folder) as mine:
        if mine:
            build(folder, told)
    with duckdb.connect(str(folder / "build.duckdb"), read_only=True) as connection:
        yield connection


def test_every_touch_has_its_number_and_neighbours(
    told: Touched, db: duckdb.DuckDBPyConnection
) -> None:
    by_person: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    nobodys: Counter[tuple[str, datetime]] = Counter()
    for touch in all_touches(told):
        if touch.who:
            by_person[touch.who, touch.activity].append(touch.at)
        else:
            nobodys[touch.activity, touch.at] += 1
    wanted: Counter[Any] = Counter()
    for (who, activity), moments in by_person.items():
        moments.sort()
        around = zip([None, *moments], moments, [*moments[1:], None], strict=False)
        for number, (before, at, after) in enumerate(around, 1):
            wanted[who, activity, number, before, at, after] += 1
    columns = "member_key, activity, occurrence_no, prev_at, occurred_at, next_at"
    found = db.execute(f"select {columns} from fct_touchpoint where member_key is not null")
    assert Counter(found.fetchall()) == wanted
    found = db.execute(
        "select activity, occurred_at, occurrence_no, prev_at, next_at from fct_touchpoint"
        " where member_key is null"
    )
    assert Counter(found.fetchall()) == Counter(
        {(*touch, None, None, None): count for touch, count in nobodys.items()}
    )


def test_what_a_machine_clicked_nobody_did(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    flagged = db.execute(
        "select is_bot, is_member_initiated, is_meaningful, count(*) from fct_touchpoint"
        " where activity in ('email_clicked', 'sms_clicked') group by all"
    ).fetchall()
    clicks = [m for m in told.messages if m.clicked and m.clicked <= END]
    clicks = [m for m in clicks if m.channel in ("email", "sms")]
    sure = {True: (True, False, False), False: (False, True, True)}
    wanted = Counter(
        sure[is_machine(m)] if m.clicked != m.sent else (None, True, True) for m in clicks
    )
    assert {tuple(row[:3]): row[3] for row in flagged} == wanted


def test_contact_pressure_counts_what_reached_people(
    told: Touched, db: duckdb.DuckDBPyConnection
) -> None:
    wanted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    promotional: Counter[str] = Counter()
    clicks: Counter[str] = Counter()
    for m in told.messages:
        if m.sent > END:
            continue
        days = (TODAY - local(m.sent)).days
        if days < 30 and not (m.bounced and m.bounced <= END):
            wanted[m.who, m.purpose or "unknown"][0] += days < 7
            wanted[m.who, m.purpose or "unknown"][1] += 1
            promotional[m.who] += m.purpose not in TRANSACTIONAL
        if m.clicked and m.clicked <= END and not is_machine(m):
            clicks[m.who] += (TODAY - local(m.clicked)).days < 30
    found = db.execute(
        "select member_key, purpose, messages_7d, messages_30d, all_promotional_30d,"
        " contact_fatigue from mart_contact_pressure"
    ).fetchall()
    assert {row[:2]: list(row[2:4]) for row in found} == wanted
    assert any(row[5] for row in found), "nobody is tired: nothing is tested"
    for who, _, _, _, told_promotional, is_tired in found:
        assert told_promotional == promotional[who]
        assert is_tired == (promotional[who] >= FATIGUE and not clicks[who]), who


def test_collisions_are_all_pairs_of_two_departments_within_a_day(
    told: Touched, db: duckdb.DuckDBPyConnection
) -> None:
    found = db.execute(
        "select a.source_message_id, b.source_message_id, a.sent_at <= b.sent_at"
        " from mart_message_collision join fct_message as a on first_message_id = a.message_id"
        " join fct_message as b on second_message_id = b.message_id"
    ).fetchall()
    pairs = [frozenset(row[:2]) for row in found]
    assert Counter(pairs) == Counter(collisions(told))
    assert all(row[2] for row in found)


def test_the_calendar_adds_up(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    sent = [m for m in told.messages if m.sent <= END]
    keys = [(local(m.sent), department(m), m.purpose or "unknown") for m in sent]
    people: dict[tuple[date, str, str], set[str]] = defaultdict(set)
    for key, m in zip(keys, sent, strict=True):
        people[key].add(m.who)
    found = db.execute(
        "select sent_date, department, purpose, messages, people from mart_comm_calendar"
    ).fetchall()
    assert {row[:3]: row[3] for row in found} == Counter(keys)
    assert {row[:3]: row[4] for row in found} == {key: len(who) for key, who in people.items()}


def test_contradictions_are_those_of_the_rules(
    told: Touched, db: duckdb.DuckDBPyConnection
) -> None:
    found = db.execute(
        "select rule_code, source_message_id, e.source_event_id, days_apart, t.activity,"
        " t.occurred_at from mart_contradiction join fct_message using (message_id)"
        " left join dim_event as e using (event_key)"
        " left join fct_touchpoint as t on first_touchpoint_id = t.touchpoint_id"
    ).fetchall()
    rows = [(*row[:4], row[4:] if row[4] else None) for row in found]
    assert Counter(rows) == Counter(contradictions(told))
    assert len({row[0] for row in rows}) == 8


def test_contradictions_on_their_edge_days(db: duckdb.DuckDBPyConnection) -> None:
    more, wanted = edges()
    found = db.execute(
        "select rule_code, source_message_id from mart_contradiction join fct_message"
        " using (message_id) where source_message_id in"
        f" ({', '.join(repr(m.id) for m in more.messages)})"
    ).fetchall()
    assert set(found) == wanted


def test_cases_are_open_when_they_were(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    intervals: dict[str, list[tuple[str, datetime, datetime | None]]] = defaultdict(list)
    for key, status, since, until in db.execute(
        "select source_case_id, status, valid_from, valid_to from fct_case_status_interval"
    ).fetchall():
        intervals[key].append((status, since, until))
    for case in told.cases:
        moments = [case.received, *case.steps]
        moments += [at + timedelta(seconds=step) for at in moments for step in (-1, 1)]
        for at in moments:
            holding = [
                status
                for status, since, until in intervals[case.id]
                if since <= at <= END and (until is None or at < until)
            ]
            expected = status_at(case, at) if case.received <= END else None
            assert holding == ([expected] if expected else []), (case, at)


def test_attendance_is_what_became_of_each_person(
    told: Touched, db: duckdb.DuckDBPyConnection
) -> None:
    found = db.execute(
        "select e.source_event_id, coalesce(a.member_key, source_registration_id), outcome"
        " from fct_attendance as a join dim_event as e using (event_key)"
        " left join fct_event_registration as r on attendee_key = r.registration_key"
    ).fetchall()
    wanted = outcomes(told)
    assert {row[:2]: row[2] for row in found} == wanted
    assert len(found) == len(wanted)
    assert {"attended", "walk_in", "no_show", "unknown", "upcoming"} <= set(wanted.values())


def test_no_show_rate_by_event_and_month(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    starts = {event.id: local(event.starts) for event in told.events}
    counts: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    for (event, _), outcome in outcomes(told).items():
        counts[event, starts[event]][outcome] += 1
        counts["all", starts[event].replace(day=1)][outcome] += 1
    found = db.execute(
        "select coalesce(source_event_id, 'all'), period_start, denominator, numerator, walk_ins,"
        " excluded_unknown, value, lo, hi from metric_event_attendance"
        " left join dim_event on slice_value = event_key"
    ).fetchall()
    assert {row[:2] for row in found} == set(counts)
    for event, start, tries, missed, walked, unknown, value, low, high in found:
        seen = counts[event, start]
        assert (tries, missed) == (seen["no_show"] + seen["attended"], seen["no_show"])
        assert (walked, unknown) == (seen["walk_in"], seen["unknown"])
        assert (value, low, high) == pytest.approx(wilson(missed, tries), abs=1e-9)


def wilson(hits: float, tries: float) -> tuple[float | None, float | None, float | None]:
    if not tries:
        return None, None, None
    z = 1.959963984540054
    centre = (hits + z * z / 2) / (tries + z * z)
    half = z / (tries + z * z) * math.sqrt(hits * (tries - hits) / tries + z * z / 4)
    return hits / tries, centre - half, centre + half


def test_credits_are_those_of_the_models(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    found: Counter[Any] = Counter()
    sums: Counter[tuple[str, str]] = Counter()
    for who, model, activity, at, credit in db.execute(
        "select a.member_key, attribution_model, t.activity, t.occurred_at, credit"
        " from fct_join_attribution as a left join fct_touchpoint as t using (touchpoint_id)"
    ).fetchall():
        found[who, model, activity, at] += credit
        sums[who, model] += credit
    wanted = credits(told)
    assert set(found) == set(wanted)
    assert found == pytest.approx(wanted, abs=1e-9)
    assert set(sums) == {(who, model) for who, model, _, _ in wanted}
    assert all(total == pytest.approx(1, abs=1e-9) for total in sums.values())


def test_join_sources_keep_the_credits(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    kept: Counter[Any] = Counter()
    known: Counter[Any] = Counter()
    for who, model, channel, credit in db.execute(
        "select member_key, attribution_model, channel, credit from fct_join_attribution"
    ).fetchall():
        days, left = told.first_years.get(who, (10, False))
        if (left and days <= 395) or days >= 395:
            known[model, channel] += credit
            kept[model, channel] += credit * (not left or days > 395)
    found = db.execute(
        "select attribution_model, slice_value, denominator, numerator, value"
        " from metric_join_source where slice_name = 'channel' and denominator > 0"
    ).fetchall()
    assert {row[:2] for row in found} == set(known)
    for model, channel, tries, hits, value in found:
        assert tries == pytest.approx(known[model, channel])
        assert hits == pytest.approx(kept[model, channel])
        assert value == pytest.approx(hits / tries)


def test_the_mix_of_experiences(told: Touched, db: duckdb.DuckDBPyConnection) -> None:
    mixes: dict[str, Counter[str]] = {who: Counter() for who in told.people}
    for touch in all_touches(told):
        is_lately = touch.at <= END and 0 <= (TODAY - local(touch.at)).days < 730
        if touch.who and touch.is_own and is_lately:
            mixes[touch.who][touch.experience] += 1
    types = ("routine", "joyride", "trek", "odyssey")
    shares = ", ".join(f"{one}_share" for one in types)
    rows = db.execute(
        f"select member_key, missing_types, entropy_bits, {shares} from mart_experience_mix"
    ).fetchall()
    assert len(rows) == len(mixes)
    for who, missing, entropy, *found in rows:
        total = mixes[who].total()
        parts = [mixes[who][one] / total if total else None for one in types]
        bits = -sum(p * math.log2(p) for p in parts if p) if total else None
        assert found == pytest.approx(parts)
        assert entropy == pytest.approx(bits, abs=1e-9)
        assert missing == sum(not mixes[who][one] for one in types)

"""Touchpoints, contact pressure, collisions and contradictions against loops.

Data flow: random people, and people made for edge days -> one dbt build -> every row compared with
touch_oracle, which knows no SQL.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import duckdb
import pytest
from touch_edges import edges
from touch_oracle import (
    TRANSACTIONAL,
    all_touches,
    collisions,
    contradictions,
    department,
    is_machine,
    status_at,
)
from touch_rows import FATIGUE, shared_build
from touch_world import END, TODAY, Touched, local


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Touched:
    return shared_build(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    _, database = shared_build(tmp_path_factory)
    with duckdb.connect(str(database), read_only=True) as connection:
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

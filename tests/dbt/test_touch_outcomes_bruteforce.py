"""Attendance, attribution and the mix of experiences against loops.

Data flow: the people and the build of test_touchpoints_bruteforce -> tables compared with
touch_outcomes, which knows no SQL.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest
from touch_oracle import all_touches
from touch_outcomes import credits, outcomes
from touch_rows import shared_build
from touch_world import END, TODAY, Touched, local


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Touched:
    return shared_build(tmp_path_factory)[0]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    _, database = shared_build(tmp_path_factory)
    with duckdb.connect(str(database), read_only=True) as connection:
        yield connection


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

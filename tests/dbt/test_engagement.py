"""The engagement score against a direct sum over every single touch.

Data flow: random lives + many touches -> dbt models -> scores; the same touches -> loops; compare.
Whether somebody is a member, on which plan and in which tenure band, is taken from the state
history (compared with its own oracle in test_stage_metrics).
"""

from __future__ import annotations

import calendar
import csv
import random
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from downstream import MODELS_UNDER_TEST, PROJECT, build, query, rows_of, some_lives

AS_OF = date(2026, 6, 17)
PEERS = 8
CALENDAR = date(2000, 1, 3)
BANDS = [("high", 75, 70), ("medium", 50, 45), ("low", 25, 20)]
MEMBER_STAGES = {"onboarding", "engaged", "advocate", "dormant", "paused", "renewal_due", "grace"}
Touch = tuple[date, str]
with (PROJECT / "seeds" / "engagement_weights.csv").open(encoding="utf-8") as seed:
    WEIGHTS = {
        row["activity"]: (
            float(row["weight"]),
            *(int(row[name]) for name in ("half_life_days", "cap_day", "cap_28d")),
        )
        for row in csv.DictReader(seed)
    }
SELECT = [
    *(path for path in MODELS_UNDER_TEST if "metrics" not in path and "segments" not in path),
]


def many_touches(rng: random.Random, keen: float) -> list[Touch]:
    """Touches in bursts that exceed both caps, on days next to period and month ends."""
    touches = []
    for _ in range(int(keen * 30)):
        day = AS_OF - timedelta(days=rng.choice([0, 1, 17, 90, 91, rng.randint(0, 900)]))
        kind = rng.choice([*WEIGHTS, "email_opened", "payment_made"])
        touches += [
            (day - timedelta(days=rng.choice([0, 0, 1, 2, 13, 27, 28])), kind)
            for _ in range(rng.choice([1, 1, 2, 7]))
        ]
    return touches


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Touch]], Path]:
    """Everybody's touches, and the database built with them."""
    rng = random.Random(11)
    lives = some_lives(160)
    rows = rows_of(lives)
    kinds = [*WEIGHTS, "email_opened", "payment_made"]
    rows["dim_activity"] = [(kind, *WEIGHTS.get(kind, (0.0, 90, 1, 4))) for kind in kinds]
    # an act of the organisation counts for nothing, even if somebody gives it a weight
    rows["dim_activity"].append(("email_sent", 100.0, 30, 1, 4))
    touches = {
        life.key: [t for t in life.touches if t[1] != "email_sent"]
        + many_touches(rng, rng.choice([0, 0.1, 0.5, 1]))
        for life in lives
    }
    sent = [row for row in rows["fct_touchpoint"] if row[2] == "email_sent"]
    rows["fct_touchpoint"] = sent + [
        (key, day, kind, kind != "email_opened", False, False, False, False, "web", False)
        for key, own in touches.items()
        for day, kind in own
    ]
    outbound = (False, False, False, False, False, "online")
    rows["fct_touchpoint"] += [
        (
            life.key,
            AS_OF - timedelta(days=rng.randint(0, 400)),
            "event_attended",
            *outbound,
            bounced,
        )
        for life in lives[::3]
        for bounced in (True, False)
        if not bounced or life.key.endswith("3")
    ]
    found = build(
        tmp_path_factory.mktemp("engagement"),
        rows,
        select=SELECT,
        as_of_date=AS_OF.isoformat(),
        engagement_peer_minimum=PEERS,
    )
    return touches, found


def direct_raw(touches: list[Touch], until: date) -> float:
    """Weight * 2^(-days / half-life) over every act that the caps let through."""
    total = 0.0
    for kind, (weight, half_life, cap_day, cap_period) in WEIGHTS.items():
        per_day = Counter(day for day, what in touches if what == kind and day <= AS_OF)
        used: Counter[int] = Counter()
        for day in sorted(per_day):
            period = (day - CALENDAR).days // 28
            acts = min(per_day[day], cap_day, cap_period - used[period])
            used[period] += acts
            if day <= until:
                total += acts * weight * 2 ** (-(until - day).days / half_life)
    return total


def scored_days() -> list[date]:
    """The as-of day and twelve month-ends before it."""
    months = [(2025, month) for month in range(6, 13)] + [(2026, month) for month in range(1, 6)]
    return [date(y, m, calendar.monthrange(y, m)[1]) for y, m in months] + [AS_OF]


def rows_by_key(database: Path) -> dict[tuple[str, date], dict[str, Any]]:
    names = ("member_key", "scored_on_date", "engagement_raw", "engagement_score")
    names += ("engagement_band", "peer_group", "peer_count", "is_current")
    rows = query(database, f"select {', '.join(names)} from fct_engagement_score")
    return {row[:2]: dict(zip(names, row, strict=True)) for row in rows}


def members_on(database: Path, day: date) -> dict[str, tuple[str, str, bool]]:
    """Plan, tenure band and whether already reached online, of everybody who is a member."""
    states = query(
        database,
        "select member_key, stage, plan_code, tenure_band from fct_member_state_history"
        f" where valid_from <= date '{day}' and (valid_to > date '{day}' or valid_to is null)",
    )
    touched = query(
        database,
        "select distinct member_key from fct_touchpoint"
        f" where channel in ('email', 'online') and not is_negative and touch_date <= date '{day}'",
    )
    online = {key for (key,) in touched}
    return {key: (plan, band, key in online) for key, s, plan, band in states if s in MEMBER_STAGES}


def test_raw_is_the_direct_sum(scored: tuple[dict[str, list[Touch]], Path]) -> None:
    touches, database = scored
    found = rows_by_key(database)
    members = {day: members_on(database, day) for day in scored_days()}
    assert found.keys() == {(key, day) for day, keys in members.items() for key in keys}
    wrong = {
        place: row["engagement_raw"]
        for place, row in found.items()
        if abs(row["engagement_raw"] - direct_raw(touches[place[0]], place[1])) >= 1e-9
    }
    assert not wrong
    assert all(row["is_current"] == (day == AS_OF) for (_, day), row in found.items())
    capped = sum(direct_raw(own, AS_OF) for own in touches.values())
    uncapped = sum(
        WEIGHTS[kind][0] * 2 ** (-(AS_OF - day).days / WEIGHTS[kind][1])
        for own in touches.values()
        for day, kind in own
        if kind in WEIGHTS and day <= AS_OF
    )
    assert capped < 0.9 * uncapped, "the caps hardly cut anything: they are not tested"


def test_score_is_the_percentile_in_the_narrowest_group_with_enough_peers(
    scored: tuple[dict[str, list[Touch]], Path],
) -> None:
    _, database = scored
    found = rows_by_key(database)
    levels_used = set()
    for day in scored_days():
        members = members_on(database, day)
        for key, (plan, band, online) in members.items():
            candidates = [
                (f"{plan} / {band} / {'online' if online else 'offline'}", (plan, band, online)),
                (f"{plan} / {band}", (plan, band)),
                (plan, (plan,)),
                ("(all members)", ()),
            ]
            groups = [
                (level, name, [k for k, facts in members.items() if facts[: len(part)] == part])
                for level, (name, part) in enumerate(candidates)
            ]
            level, name, peers = next(
                group for group in groups if len(group[2]) >= PEERS or group[0] == 3
            )
            row = found[key, day]
            assert (row["peer_group"], row["peer_count"]) == (name, len(peers))
            raw = row["engagement_raw"]
            below = sum(found[peer, day]["engagement_raw"] < raw for peer in peers)
            wanted_score = 100 * below / (len(peers) - 1) if len(peers) > 1 else 0
            assert float(row["engagement_score"]) == pytest.approx(wanted_score, abs=0.00501)
            levels_used.add(level)
    assert levels_used == {0, 1, 2, 3}, "not every level of peers occurs"


def test_bands_are_left_later_than_entered(
    scored: tuple[dict[str, list[Touch]], Path],
) -> None:
    _, database = scored
    found = rows_by_key(database)
    kept = 0
    series: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place in sorted(found, key=lambda place: place[1]):
        series[place[0]].append(found[place])
    for rows in series.values():
        held = dict.fromkeys((name for name, _, _ in BANDS), False)
        for row in rows:
            score = row["engagement_score"]
            for name, enter, leave in BANDS:
                kept += held[name] and leave <= score < enter
                held[name] = score >= enter or (held[name] and score >= leave)
            band = next((name for name, _, _ in BANDS if held[name]), "minimal")
            assert row["engagement_band"] == band
    assert kept, "no band was kept below its entry: hysteresis is not tested"


def test_trend_compares_with_90_days_before(
    scored: tuple[dict[str, list[Touch]], Path],
) -> None:
    touches, database = scored
    found = rows_by_key(database)
    rows = query(
        database,
        "select member_key, engagement_raw, engagement_raw_90d_before, engagement_trend,"
        " prev_engagement_band, engagement_band, engagement_score from mart_member_engagement",
    )
    assert {row[0] for row in rows} == {key for key, day in found if day == AS_OF}
    before = AS_OF - timedelta(days=90)
    for key, raw, earlier, trend, previous, band, score in rows:
        wanted = direct_raw(touches[key], before)
        assert earlier == pytest.approx(wanted, abs=1e-9)
        assert trend == (pytest.approx(raw / wanted, rel=1e-6) if wanted > 1e-6 else trend)
        days = sorted(day for other, day in found if other == key and day < AS_OF)
        assert previous == (found[key, days[-1]]["engagement_band"] if days else None)
        described = query(
            database,
            "select engagement_band, engagement_score, engagement_trend from mart_member_360"
            f" where member_key = '{key}'",
        )
        assert described == [(band, score, trend)]
    assert any(row[3] is None for row in rows)
    outside = query(database, "select count(*), count(engagement_score) from mart_member_360")
    assert outside[0][1] == len(rows) < outside[0][0]

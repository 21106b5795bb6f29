"""Resolution time, Net Promoter Score and onboarding against plain loops over the same rows.

Data flow: random cases, answers, lives -> dbt models -> metric tables; the rows -> loops; compare.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import pytest
from desk_oracle import Answer, Case, desk, end_of, local, welcomes
from downstream import SINCE, TODAY, query, shared_build
from test_metrics_bruteforce import Z, first_membership, first_of_month, kaplan_meier, wilson

NOW = end_of(TODAY)
EXCLUDED = {"spam", "duplicate", "test", "grievance"}
KINDS = {"nps": "relational", "member-pulse": "relational", "nps-transactional": "transactional"}
Watched = tuple[float, bool]


def month_end(month: date) -> date:
    return first_of_month(month + timedelta(days=31)) - timedelta(days=1)


def watch(case: Case, resolution: str) -> Watched:
    """Seconds to the resolution, or so far."""
    done = case.first if resolution == "first" else (None if case.is_open else case.last)
    seen = done is not None and done <= NOW
    until = done if seen and done else NOW
    return (until - case.received).total_seconds(), seen


def time_left(seen: Sequence[Watched], share: float) -> float | None:
    """The first moment at which this share or less is unresolved."""
    for moment in sorted({seconds for seconds, done in seen if done}):
        at_moment = kaplan_meier([(s, d) for s, d in seen], moment)[0]  # type: ignore[misc,arg-type]
        if at_moment <= share + 1e-12:
            return moment
    return None


def hours(seconds: float | None) -> float | None:
    return None if seconds is None else pytest.approx(seconds / 3600, abs=1e-6)  # type: ignore[return-value]


def grouped_cases(keys: list[str]) -> dict[tuple[str, str, str, date], list[Case]]:
    cases = [case for case in desk(keys, SINCE, TODAY)[0] if case.received < NOW]
    groups: dict[tuple[str, str, str, date], list[Case]] = defaultdict(list)
    for case in cases:
        month, kind = first_of_month(local(case.received)), case.kind or "unknown"
        alike = [
            other
            for other in cases
            if first_of_month(local(other.received)) == month and (other.kind or "unknown") == kind
        ]
        for resolution in ("first", "full"):
            groups[resolution, "all", "all", month].append(case)
            shown = kind if len(alike) >= 10 else "other"
            groups[resolution, "case_type", shown, month].append(case)
    return groups


def test_resolution_time_counts_open_cases_as_far_as_they_were_seen(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    groups = grouped_cases([life.key for life in lives])
    found = query(
        database,
        "select resolution, slice_name, slice_value, period_start, denominator, numerator,"
        " still_open, excluded_case_type, value, p90, share_in_time, mean_of_resolved, is_mature"
        " from metric_resolution_time",
    )
    assert {row[:4] for row in found} == set(groups)
    assert {row[1:3] for row in found} > {("case_type", "inquiry"), ("case_type", "other")}
    for row in found:
        cases = groups[row[:4]]
        counting = [case for case in cases if case.kind not in EXCLUDED]
        seen = [watch(case, row[0]) for case in counting]
        done = [seconds for seconds, was_resolved in seen if was_resolved]
        assert row[4:8] == (
            len(seen),
            len(done),
            len(seen) - len(done),
            len(cases) - len(counting),
        ), row
        assert row[8:10] == (hours(time_left(seen, 0.5)), hours(time_left(seen, 0.1))), row
        if seen:
            in_time = 1 - kaplan_meier(seen, 48 * 3600)[0]  # type: ignore[arg-type]
            assert row[10] == pytest.approx(in_time, abs=1e-6)
        assert row[11] == (hours(sum(done) / len(done)) if done else None)
        assert row[12] == (month_end(row[3]) + timedelta(days=2) < TODAY)


def wave_of(moment: datetime) -> date:
    day = local(moment)
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def counting_answers(answers: list[Answer]) -> list[Answer]:
    """One answer per person and wave, and none that the person replaced within 30 days."""
    scored = [a for a in answers if a.survey in KINDS and a.score <= 10 and a.at <= NOW]
    kept = []
    for answer in scored:
        later = [
            other
            for other in scored
            if other.key == answer.key is not None
            and KINDS[other.survey] == KINDS[answer.survey]
            and (other.at, other.number) > (answer.at, answer.number)
        ]
        if not any(
            wave_of(other.at) == wave_of(answer.at)
            or (other.at.date() - answer.at.date()).days <= 30
            for other in later
        ):
            kept.append(answer)
    return kept


def test_nps_counts_one_answer_per_person_and_wave(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    answers = desk([life.key for life in lives], SINCE, TODAY)[1]
    groups: dict[tuple[str, str, str, date], list[Answer]] = defaultdict(list)
    for answer in counting_answers(answers):
        kind, wave = KINDS[answer.survey], wave_of(answer.at)
        groups[kind, "all", "all", wave].append(answer)
        if answer.key:
            groups[kind, "lifecycle_point", answer.point or "none", wave].append(answer)
    found = query(
        database,
        "select survey_kind, slice_name, slice_value, period_start, denominator, promoters,"
        " detractors, value, lo, hi, suppressed_reason, invited, response_rate, is_mature,"
        " period_end from metric_nps where denominator > 0",
    )
    assert {row[:4]: row[4] for row in found} == {key: len(some) for key, some in groups.items()}
    assert {row[10] for row in found} == {None, "too_few"}
    for row in found:
        some = groups[row[:4]]
        assert row[11:13] == (None, None), "nobody knows who was invited"
        assert row[13] == (row[14] + timedelta(days=30) < TODAY)
        if len(some) < 30:
            assert row[5:11] == (None, None, None, None, None, "too_few"), row
            continue
        up = sum(answer.score >= 9 for answer in some)
        down = sum(answer.score <= 6 for answer in some)
        assert row[5:7] == (up, down)
        n, p, d = len(some) + 3, (up + 0.75), (down + 0.75)
        middle = (p - d) / n
        half = Z * math.sqrt((p / n + d / n - middle**2) / n)
        assert row[7:10] == pytest.approx(
            (100 * (up - down) / len(some), 100 * (middle - half), 100 * (middle + half)), abs=1e-5
        )


def test_onboarding_needs_every_milestone_within_90_days(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lives, database = shared_build(tmp_path_factory)
    sent = welcomes([life.key for life in lives], SINCE, TODAY)
    months: dict[date, list[tuple[list[bool] | None, tuple[int, bool], bool]]] = defaultdict(list)
    for life in lives:
        known = first_membership(life)
        if not known:
            continue
        joined, (seen, _) = known
        days = {"welcome": [(local(at) - joined).days for at, lost in sent[life.key] if not lost]}
        touches = [((day - joined).days, kind) for day, kind in life.touches if day <= TODAY]
        days["contact"] = [d for d, kind in touches if kind not in ("payment_made", "email_sent")]
        days["value"] = [d for d, kind in touches if kind == "event_attended"]
        early = any(-30 <= day < 0 for day in days["value"])
        days["value"] = [0] if early else days["value"]
        reached = [any(0 <= day <= 90 for day in days[name]) for name in days]
        value = min([day for day in days["value"] if 0 <= day <= seen], default=None)
        # whoever is recorded as dead before joining was seen until the first day
        wait = (max(seen, 0), False) if value is None else (value, True)
        observed = (TODAY - joined).days >= 90
        months[first_of_month(joined)].append((reached if observed else None, wait, early))
    found = query(
        database,
        "select period_start, joins, denominator, numerator, welcome_delivered, first_contact,"
        " first_value, value_before_join, days_to_first_value, value, lo, hi, is_mature"
        " from metric_onboarding",
    )
    assert {row[0]: row[1] for row in found} == {month: len(some) for month, some in months.items()}
    assert any(row[3] for row in found), "nobody completed onboarding: nothing is tested"
    for row in found:
        some = months[row[0]]
        observed = [reached for reached, _, _ in some if reached is not None]
        whole = sum(all(reached) for reached in observed)
        assert row[2:4] == (len(observed), whole), row
        assert row[4:7] == tuple(sum(reached[i] for reached in observed) for i in range(3)), row
        assert row[7] == sum(early for _, _, early in some)
        assert row[8] == time_left([wait for _, wait, _ in some], 0.5), row
        rate = (whole / len(observed), *wilson(whole, len(observed))) if observed else (None,) * 3
        assert row[9:12] == (pytest.approx(rate, abs=1e-6) if observed else rate)
        assert row[12] == (month_end(row[0]) + timedelta(days=90) < TODAY)

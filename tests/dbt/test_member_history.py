"""dim_member_history against a walk through the days: a person's plan and tenure on each."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from upstream import TODAY, Built

FOR_EVER = date(9999, 12, 31)
PEOPLE = 80
BANDS = ((3650, "legacy"), (1095, "established"), (365, "developing"), (0, "new"))
Term = tuple[date, date, int, str]  # first day, last day, number, plan


def test_every_day_has_the_plan_and_the_band_that_its_terms_give_it(sandbox_build: Built) -> None:
    terms: dict[str, list[Term]] = defaultdict(list)
    for key, start, end, number, plan in sandbox_build.rows(
        "select member_key, start_date, effective_end_date, term_number, plan_code"
        " from fct_membership_term where not is_test order by member_key, term_number"
    ):
        terms[key].append((start, end or FOR_EVER, number, plan))
    versions: dict[str, list[tuple[date, date | None, str | None, str]]] = defaultdict(list)
    for key, since, until, plan, band in sandbox_build.rows(
        "select member_key, valid_from, valid_to, plan_code, tenure_band from dim_member_history"
        " order by member_key, valid_from"
    ):
        versions[key].append((since, until, plan, band))
    assert len(terms) > 200
    assert set(versions) == {key for key, own in terms.items() if own[0][0] <= TODAY}
    # the people with most terms first: they have the overlaps, gaps and changes of plan
    for key in sorted(versions, key=lambda one: (-len(terms[one]), one))[:PEOPLE]:
        assert _walked(versions[key]) == _lived(terms[key]), key
        assert all(a[2:] != b[2:] for a, b in zip(versions[key], versions[key][1:], strict=False))


def _lived(terms: list[Term]) -> dict[date, tuple[str | None, str]]:
    """Day -> (plan, band), by counting days one after another."""
    found: dict[date, tuple[str | None, str]] = {}
    day, member_days = min(start for start, *_ in terms), 0
    while day <= TODAY:
        in_force = [term[1:] for term in terms if term[0] <= day <= term[1]]
        member_days += bool(in_force)
        plan = max(in_force)[2] if in_force else None
        found[day] = plan, next(band for least, band in BANDS if member_days >= least)
        day += timedelta(days=1)
    return found


def _walked(
    versions: list[tuple[date, date | None, str | None, str]],
) -> dict[date, tuple[str | None, str]]:
    """Day -> (plan, band), by the versions; a day with two of them fails."""
    found: dict[date, tuple[str | None, str]] = {}
    for since, until, plan, band in versions:
        day = since
        while day < (until or TODAY + timedelta(days=1)):
            assert day not in found
            found[day] = plan, band
            day += timedelta(days=1)
    return found

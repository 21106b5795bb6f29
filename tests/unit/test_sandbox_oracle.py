"""The stage oracle and the segment rules on hand-written life stories, edge days included."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sandbox.audiences import segments
from sandbox.facts import Facts, KnownTerm
from sandbox.oracle import day_range, intervals, spells, stages

INDIVIDUAL, CALENDAR, MONTHLY, LIFETIME = 1, 3, 4, 5
JOINED = date(2024, 3, 1)
END = date(2025, 2, 28)
YEAR = KnownTerm(JOINED, END, JOINED, INDIVIDUAL)
MEMBER = Facts(first_seen=JOINED, terms=(YEAR,))


def on(facts: Facts, day: date) -> str:
    return str(stages(facts, day_range(day, day))[0])


def after(day: date, days: int) -> date:
    return day + timedelta(days=days)


def member(*terms: KnownTerm, **more: object) -> Facts:
    return replace(MEMBER, terms=terms, **more)  # type: ignore[arg-type]


def test_a_plain_year_day_by_day() -> None:
    """Join, first year without any touch, no renewal: every turn on its exact day."""
    days = day_range(JOINED, after(END, 500))
    assert intervals(stages(MEMBER, days), days) == [
        (JOINED, date(2024, 5, 30), "onboarding"),  # day 0 to day 89
        (date(2024, 5, 30), date(2024, 12, 1), "dormant"),  # never a meaningful touch
        (date(2024, 12, 1), date(2025, 3, 1), "renewal_due"),  # d > end - 90
        (date(2025, 3, 1), date(2025, 3, 31), "grace"),  # end + 1 to end + 30
        (date(2025, 3, 31), date(2026, 3, 31), "lapsed"),  # to end + 30 + 365
        (date(2026, 3, 31), None, "former"),
    ]


@pytest.mark.parametrize(
    ("days", "stage"), [(-1, "awareness"), (0, "research"), (90, "research"), (91, "awareness")]
)
def test_research_lasts_ninety_days_after_an_inquiry(days: int, stage: str) -> None:
    inquired = date(2025, 5, 5)
    touches = ((date(2025, 1, 1), "event_registered"), (inquired, "membership_inquiry"))
    assert on(Facts(date(2025, 1, 1), touches=touches), after(inquired, days)) == stage


def test_prospect_until_something_is_initiated() -> None:
    seen = date(2025, 1, 1)
    facts = Facts(seen, touches=((after(seen, 5), "email_clicked"),))
    assert [on(facts, after(seen, n)) for n in (0, 4, 5, 4000)] == [
        *("prospect", "prospect", "awareness", "awareness")
    ]


def test_an_application_is_open_until_it_is_withdrawn() -> None:
    opened, withdrawn = date(2025, 1, 10), date(2025, 2, 10)
    touches = ((opened, "membership_application"),)
    facts = Facts(opened, touches=touches, applied=opened, withdrawn=withdrawn)
    assert on(facts, after(opened, 0)) == on(facts, after(withdrawn, -1)) == "applicant"
    assert on(facts, withdrawn) == "research"
    assert on(facts, after(opened, 91)) == "awareness"


def test_late_payment_is_grace_until_the_day_it_comes() -> None:
    late = KnownTerm(after(END, 1), date(2026, 2, 28), after(END, 20), INDIVIDUAL)
    facts = member(YEAR, late, touches=((after(END, 1), "event_attended"),))
    assert on(facts, after(END, 1)) == on(facts, after(END, 19)) == "grace"
    assert on(facts, after(END, 20)) == "engaged"


def test_a_committed_renewal_ends_renewal_due_at_once() -> None:
    early = KnownTerm(after(END, 1), date(2026, 2, 28), after(END, -40), INDIVIDUAL)
    facts = member(YEAR, early, touches=((after(END, -100), "survey_responded"),))
    assert on(facts, after(END, -90)) == "engaged"
    assert on(facts, after(END, -89)) == on(facts, after(END, -41)) == "renewal_due"
    assert on(facts, after(END, -40)) == on(facts, END) == "engaged"


@pytest.mark.parametrize("plan", [MONTHLY, LIFETIME])
def test_no_renewal_due_for_continuous_and_lifetime(plan: int) -> None:
    end = None if plan == LIFETIME else END
    assert on(member(replace(YEAR, plan=plan, end=end)), after(END, -5)) == "dormant"


def test_no_renewal_due_with_auto_renewal() -> None:
    assert on(member(replace(YEAR, auto_renew=True)), after(END, -5)) == "dormant"


@pytest.mark.parametrize(("days", "stage"), [(0, "engaged"), (180, "engaged"), (181, "dormant")])
def test_dormant_after_180_days(days: int, stage: str) -> None:
    touched = date(2024, 6, 1)
    facts = member(replace(YEAR, end=None, plan=LIFETIME), touches=((touched, "case_opened"),))
    assert on(facts, after(touched, days)) == stage


def test_opens_do_not_wake_the_dormant() -> None:
    touched = ((date(2024, 8, 1), "event_registered"), (date(2025, 2, 1), "payment_made"))
    facts = member(replace(YEAR, end=None, plan=LIFETIME), touches=touched)
    assert on(facts, date(2025, 2, 2)) == "dormant"


@pytest.mark.parametrize(("days", "stage"), [(0, "advocate"), (365, "advocate"), (366, "dormant")])
def test_advocate_for_a_year(days: int, stage: str) -> None:
    spoke = date(2024, 7, 1)
    facts = member(replace(YEAR, end=None, plan=LIFETIME), touches=((spoke, "speaker"),))
    assert on(facts, after(spoke, days)) == stage


def test_renewal_due_goes_before_advocate_and_onboarding_before_both() -> None:
    touches = ((date(2024, 4, 1), "referral"),)
    facts = member(YEAR, touches=touches)
    assert on(facts, date(2024, 4, 2)) == "onboarding"
    assert on(facts, after(JOINED, 90)) == "advocate"
    assert on(facts, after(END, -89)) == "renewal_due"


def test_paused_from_its_first_day_to_the_day_before_resuming() -> None:
    pause = (date(2024, 7, 1), date(2024, 8, 1))
    facts = member(YEAR, pauses=(pause,))
    assert on(facts, date(2024, 6, 30)) == on(facts, pause[1]) == "dormant"
    assert on(facts, pause[0]) == on(facts, date(2024, 7, 31)) == "paused"
    assert on(member(YEAR, pauses=((pause[0], None),)), END) == "paused"


def test_resignation_is_lapsed_at_once_and_former_after_grace_and_a_year() -> None:
    resigned = date(2024, 11, 15)
    facts = member(replace(YEAR, resigned=resigned))
    assert on(facts, after(resigned, -1)) != "renewal_due"  # nobody knew of it the day before
    assert on(facts, resigned) == "lapsed"
    last = after(resigned, -1 + 30 + 365)
    assert (on(facts, last), on(facts, after(last, 1))) == ("lapsed", "former")


def test_deceased_goes_before_everything() -> None:
    facts = member(YEAR, died=date(2024, 3, 10))
    assert (on(facts, date(2024, 3, 9)), on(facts, date(2024, 3, 10))) == ("onboarding", "deceased")


@pytest.mark.parametrize(
    ("gap", "kind", "first_stage"),
    [
        (30, "join", "dormant"),
        (31, "reinstatement", "dormant"),
        (365, "reinstatement", "dormant"),
        (366, "rejoin", "onboarding"),
    ],
)
def test_spells_by_the_gap(gap: int, kind: str, first_stage: str) -> None:
    start = after(END, 1 + gap)
    back = KnownTerm(start, after(start, 364), start, INDIVIDUAL)
    assert spells((YEAR, back))[1].kind == kind
    assert on(member(YEAR, back), start) == first_stage


def test_coming_back_soon_after_resigning_is_a_reinstatement() -> None:
    left = replace(YEAR, resigned=date(2024, 10, 1))
    back = KnownTerm(date(2024, 10, 6), date(2025, 10, 5), date(2024, 10, 6), INDIVIDUAL)
    assert [spell.kind for spell in spells((left, back))] == ["join", "reinstatement"]


def in_segment(segment: str, facts: Facts, today: date, since: date = JOINED) -> bool:
    return segment in segments(facts, on(facts, today), since, today)


def test_welcome_is_for_days_0_to_14_and_only_once() -> None:
    one = "01_new_welcome"
    assert [in_segment(one, MEMBER, after(JOINED, n)) for n in (0, 14, 15)] == [True, True, False]
    assert not in_segment(one, member(YEAR, welcomes=(JOINED,)), after(JOINED, 3))
    assert in_segment(one, member(YEAR, welcomes=(after(JOINED, -1),)), after(JOINED, 3))


def test_no_value_is_for_days_30_to_45() -> None:
    two = "02_onboarding_no_value_30"
    found = [in_segment(two, MEMBER, after(JOINED, n)) for n in (29, 30, 45, 46)]
    assert found == [False, True, True, False]
    valued = member(YEAR, touches=((after(JOINED, 2), "case_resolved"),))
    assert not in_segment(two, valued, after(JOINED, 31))


@pytest.mark.parametrize(
    ("left", "expected"),
    [(91, set()), (90, {"16"}), (61, {"16"}), (60, set()), (30, {"17"}), (1, {"17"}), (0, set())],
)
def test_renewal_segments_by_days_to_the_end(left: int, expected: set[str]) -> None:
    today = after(END, -left)
    found = segments(MEMBER, on(MEMBER, today), JOINED, today)
    assert {name[:2] for name in found} & {"16", "17"} == expected


def test_lapsed_for_three_months_but_not_the_resigned() -> None:
    since = after(END, 31)
    name = "21_lapsed_0_3m"
    assert in_segment(name, MEMBER, after(since, 91), since)
    assert not in_segment(name, MEMBER, after(since, 92), since)
    resigned = date(2024, 11, 15)
    gone = member(replace(YEAR, resigned=resigned))
    assert not in_segment(name, gone, after(resigned, 1), resigned)


def test_no_active_journey_needs_ninety_quiet_days() -> None:
    name, touched = "09_no_active_journey", date(2024, 7, 1)
    facts = member(YEAR, touches=((touched, "volunteered"),))
    assert not in_segment(name, facts, after(touched, 90))
    assert in_segment(name, facts, after(touched, 91))
    assert not in_segment(name, MEMBER, after(JOINED, 90))
    assert in_segment(name, MEMBER, after(JOINED, 91))

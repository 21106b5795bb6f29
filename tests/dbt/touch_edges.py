"""People on both sides of each edge day of the contradiction rules, with the outcome by hand.

Data flow: a Sunday noon in March -> people around it -> (Touched, the contradictions they are).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from touch_world import Booking, Case, Event, Message, Term, Touched, random_touched

NOON = datetime.fromisoformat("2026-03-15T11:00")  # in Berlin, before the clocks change


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

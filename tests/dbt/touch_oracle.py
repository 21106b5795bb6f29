"""What the models of touchpoints must say, by plain loops over the same people.

Data flow: Touched -> loops that know nothing of SQL -> sets and counts to compare with.
Rules are those of docs/DECISIONLOG.md.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from touch_world import END, Booking, Case, Event, Message, Touched, day_start, local

SEED = Path(__file__).parents[2] / "dbt_project" / "seeds" / "activity_catalogue.csv"
with SEED.open(encoding="utf-8") as file:
    CATALOGUE = {row["activity"]: row for row in csv.DictReader(file)}
SENT = {"email": "email_sent", "post": "post_sent", "sms": "sms_sent"}
EVENT_TYPES = {"webinar": "routine", "social": "joyride", "workshop": "trek", "congress": "odyssey"}
STEPS_OF_JOINING = {
    *("membership_application", "membership_joined", "membership_renewed", "membership_resigned"),
    *("payment_made", "payment_disputed", "event_cancelled", "email_unsubscribed"),
}
DIRECT = {"web_visited", "join_page_viewed", "form_submitted"}
TRANSACTIONAL = {"receipt", "renewal", "dues"}
Contradiction = tuple[str, str, str | None, int, tuple[str, datetime] | None]


@dataclass(frozen=True)
class Touch:
    who: str | None
    activity: str
    at: datetime
    is_bot: bool = False
    campaign: str | None = None
    experience: str = ""

    @property
    def is_own(self) -> bool:
        return CATALOGUE[self.activity]["is_member_initiated"] == "true" and not self.is_bot


def is_machine(message: Message) -> bool:
    """A click 1 to 4 seconds after sending; at the very moment means that its time is not known."""
    if message.clicked is None:
        return False
    return 0 < (message.clicked - message.sent).total_seconds() < 5


def attendance(booking: Booking) -> str:
    event = booking.event
    if booking.checked_in:
        return "attended"
    if event.is_cancelled:
        return "event_cancelled"
    if booking.status == "expired":
        return "expired"
    if booking.status == "cancelled" and booking.cancelled and booking.cancelled < event.starts:
        return "cancelled"
    if event.ends > END:
        return "upcoming"
    return "no_show" if event.captures else "unknown"


def experience_of(event: Event) -> str:
    found = EVENT_TYPES.get(event.kind, CATALOGUE["event_attended"]["experience_type"])
    return "trek" if found == "odyssey" and event.online else found


def all_touches(told: Touched) -> list[Touch]:
    """Every touchpoint up to the as-of day."""
    found: list[Touch] = []

    def add(
        who: str | None,
        activity: str,
        at: datetime | None,
        *,
        is_bot: bool = False,
        campaign: str | None = None,
        experience: str = "",
    ) -> None:
        if at is not None and at <= END:
            usual = CATALOGUE[activity]["experience_type"]
            found.append(Touch(who, activity, at, is_bot, campaign, experience or usual))

    for m in told.messages:
        add(m.who, SENT.get(m.channel, "phone_call_outbound"), m.sent, campaign=m.name)
        if m.channel in ("email", "sms"):
            click = f"{m.channel}_clicked"
            add(m.who, click, m.clicked, is_bot=is_machine(m), campaign=m.name)
        if m.channel in ("email", "post"):
            bounce = "email_bounced" if m.channel == "email" else "post_returned"
            add(m.who, bounce, m.bounced, campaign=m.name)
        if m.channel == "email":
            add(m.who, "email_unsubscribed", m.left, campaign=m.name)
    for b in told.bookings:
        add(b.who, "event_registered", b.registered)
        add(b.who, "event_cancelled", b.cancelled)
        add(b.who, "event_attended", b.checked_in, experience=experience_of(b.event))
        if attendance(b) == "no_show":
            add(b.who, "event_no_show", b.event.ends)
        if attendance(b) == "event_cancelled":
            add(b.who, "event_called_off", b.event.starts)
    for _, who, _, at in told.payments:
        add(who, "payment_made", at)
    for term in told.terms:
        add(term.who, commitment(told, term.who, term.committed), day_start(term.committed))
    for case in told.cases:
        add(case.who, "case_opened", case.received)
        if case.is_told:
            for number, at in enumerate(case.steps):
                add(case.who, "case_reopened" if number % 2 else "case_resolved", at)
        elif case.steps:
            first, last = case.steps[0], case.steps[::2][-1]
            add(case.who, "case_resolved", first)
            add(case.who, "case_resolved", last if last > first else None)
    for _, who, _, _, at in told.answers:
        add(who, "survey_responded", at)
    for _, who, kind, at in told.acts:
        add(who, kind if kind in CATALOGUE else "unlisted", at)
    return found


def commitment(told: Touched, who: str, day: date) -> str:
    """Whether the term committed on this day was a joining, after more than a year away or ever."""
    term = next(one for one in told.terms if one.who == who and one.committed == day)
    ended = [one.end for one in told.terms if one.who == who and one.number < term.number]
    if not ended or (term.start - max(ended)).days - 1 > 365:
        return "membership_joined"
    return "membership_renewed"


def status_at(case: Case, at: datetime) -> str | None:
    """open, resolved, unknown; None before receipt. Of several steps at a moment, resolved wins."""
    if at < case.received or at > END:
        return None
    if case.is_told or not case.steps:
        points = [(case.received, 0)]
        points += [(when, 1 if number % 2 else 2) for number, when in enumerate(case.steps)]
        _, kind = max(point for point in points if point[0] <= at)
        return "resolved" if kind == 2 else "open"
    if at < case.steps[0]:
        return "open"
    if case.status == "resolved" and at >= case.steps[-1]:
        return "resolved"
    return "unknown"


def contradictions(told: Touched) -> set[Contradiction]:
    found: set[Contradiction] = set()
    for m in told.messages:
        if m.sent > END:
            continue
        day, terms = local(m.sent), [one for one in told.terms if one.who == m.who]
        paid = [one for one in terms if one.committed < day]
        hits: dict[str, list[date]] = defaultdict(list)
        for term in paid:
            is_fresh = (day - term.committed).days <= 90 and (term.end - day).days > 90
            if m.purpose == "renewal" and is_fresh and term.model != "continuous":
                hits["renewal_notice_after_payment"].append(term.committed)
            if m.purpose == "winback" and term.start <= day <= term.end:
                hits["win_back_to_member"].append(term.committed)
        for term in terms:
            is_first = term.spell_kind == "rejoin" and term.start == term.spell_start
            if m.purpose == "welcome" and is_first and 0 <= (day - term.start).days < 90:
                hits["welcome_as_new_to_rejoiner"].append(term.committed)
        for rule, days in hits.items():
            latest = max(days)
            touch = (commitment(told, m.who, latest), day_start(latest))
            known = touch if touch[1] <= END else None
            found.add((rule, m.id, None, (day - latest).days, known))
        found |= _about_events(told, m, day) | _about_service(told, m, day)
    return found


def _about_events(told: Touched, m: Message, day: date) -> set[Contradiction]:
    found: set[Contradiction] = set()
    if m.purpose not in ("event", "invitation"):
        return found
    same = [o for o in told.messages if o.name == m.name and o.purpose in ("event", "invitation")]
    began = min(one.sent for one in same)
    for event in told.events:
        if event.name.lower() not in m.name.lower() or event.ends < began - timedelta(days=365):
            continue
        booked = [
            b.registered
            for b in told.bookings
            if (b.who, b.event) == (m.who, event)
            and b.status != "expired"
            and b.registered < m.sent
            and (b.cancelled is None or m.sent < b.cancelled)
        ]
        touch = ("event_registered", max(booked)) if booked else None
        if event.ends < m.sent:
            days = (day - local(event.ends)).days
            found.add(("event_promotion_after_event", m.id, event.id, days, touch))
        elif booked:
            days = (day - local(max(booked))).days
            found.add(("event_promotion_after_registration", m.id, event.id, days, touch))
    return found


def _about_service(told: Touched, m: Message, day: date) -> set[Contradiction]:
    found: set[Contradiction] = set()
    seen = [
        b.checked_in
        for b in told.bookings
        if b.who == m.who and b.checked_in and b.checked_in <= m.sent
        if (day - local(b.checked_in)).days <= 7
    ]
    if m.purpose == "miss_you" and seen:
        touch = ("event_attended", max(seen))
        days = (day - local(max(seen))).days
        found.add(("miss_you_after_check_in", m.id, None, days, touch))
    words = ("dispute", "hardship", "bereavement")
    waiting = [
        case.received
        for case in told.cases
        if case.who == m.who
        and any(word in (case.kind or "").lower() for word in words)
        and status_at(case, m.sent) == "open"
    ]
    if m.purpose in ("dues", "renewal") and waiting:
        days, touch = (day - local(max(waiting))).days, ("case_opened", max(waiting))
        found.add(("dues_reminder_in_sensitive_case", m.id, None, days, touch))
    died = told.people[m.who]
    if died and died < day:
        found.add(("message_to_deceased", m.id, None, (day - died).days, None))
    return found


def collisions(told: Touched) -> set[frozenset[str]]:
    """Unordered pairs of messages, every pair compared."""
    sent = [m for m in told.messages if m.sent <= END]
    return {
        frozenset((a.id, b.id))
        for a in sent
        for b in sent
        if a.who == b.who
        and department(a) != department(b)
        and abs(a.sent - b.sent) < timedelta(hours=24)
    }


def department(m: Message) -> str:
    return m.department or ("service" if m.channel == "phone" else "marketing")

"""Random people and what passes between them and an association, for the models of touchpoints.

Data flow: seed -> Touched (messages, bookings, cases, terms, ...) -> rows of the upstream tables.
Moments are naive UTC; days are Berlin's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 6, 30)
END = datetime(2026, 6, 30, 22)  # the as-of day is over in Berlin
PURPOSES = (
    *("newsletter", "renewal", "winback", "event", "invitation", "miss_you", "welcome", "dues"),
    *("receipt", None),
)
DEPARTMENTS = ("marketing", "events", "membership", None)
KINDS = ("congress", "workshop", "webinar", "social", "meeting")
ACTS = (
    *("membership_inquiry", "volunteered", "social_engaged", "web_visited", "ad_clicked"),
    *("join_page_viewed", "phone_call_outbound", "speaker", "form_submitted", "made_up_code"),
)
CASE_TYPES = ("inquiry", "Wage Dispute", "hardship_fund", "bereavement", None)


def local(moment: datetime) -> date:
    """The day in Berlin."""
    return moment.replace(tzinfo=UTC).astimezone(BERLIN).date()


def day_start(day: date) -> datetime:
    """The moment a day begins in Berlin."""
    return datetime.combine(day, time(), BERLIN).astimezone(UTC).replace(tzinfo=None)


@dataclass
class Message:
    id: str
    who: str
    purpose: str | None
    sent: datetime
    department: str | None = "marketing"
    channel: str = "email"
    name: str = "News"
    clicked: datetime | None = None
    bounced: datetime | None = None
    left: datetime | None = None


@dataclass
class Event:
    id: str
    name: str
    kind: str
    online: bool
    starts: datetime
    captures: bool = True
    is_cancelled: bool = False

    @property
    def ends(self) -> datetime:
        return self.starts + timedelta(hours=5)


@dataclass
class Booking:
    id: str
    who: str | None
    event: Event
    registered: datetime
    cancelled: datetime | None = None
    status: str = "registered"
    checked_in: datetime | None = None


@dataclass
class Case:
    """`steps` are the resolutions and reopenings in turn; without them only the ends are told."""

    id: str
    who: str
    kind: str | None
    received: datetime
    steps: list[datetime] = field(default_factory=list)
    is_told: bool = True

    @property
    def status(self) -> str:
        return "resolved" if len(self.steps) % 2 else "open"


@dataclass
class Term:
    who: str
    number: int
    start: date
    end: date
    committed: date
    spell_kind: str
    spell_start: date
    model: str = "anniversary"

    @property
    def id(self) -> str:
        return f"{self.who}-{self.number}"


@dataclass
class Touched:
    """Everything the warehouse is told."""

    people: dict[str, date | None] = field(default_factory=dict)  # day of death
    events: list[Event] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    acts: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    payments: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    answers: list[tuple[str, str, str, float | None, datetime]] = field(default_factory=list)
    first_years: dict[str, tuple[int, bool]] = field(default_factory=dict)  # days seen, left


def moment(rng: random.Random, days: int) -> datetime:
    """Some second of the last days, or of the three after the as-of day."""
    return END + timedelta(days=3) - timedelta(seconds=rng.randrange(days * 86400))


def random_touched(people: int, seed: int) -> Touched:
    """The same world for the same seed."""
    rng = random.Random(seed)
    told = Touched()
    for number in range(8):
        # one of them is still to come
        starts = moment(rng, 400).replace(minute=0, second=0) if number else END + timedelta(days=2)
        name = f"{rng.choice(KINDS).title()} No {number}"
        kind, online = rng.choice(KINDS), rng.random() < 0.4
        sure, off = rng.random() < 0.8, rng.random() < 0.15
        told.events.append(Event(f"e{number}", name, kind, online, starts, sure, off))
    for number in range(people):
        who = f"p{number:03d}"
        told.people[who] = local(moment(rng, 300)) if rng.random() < 0.15 else None
        _membership(rng, told, who)
        _mail(rng, told, who)
        _service(rng, told, who)
        _bookings(rng, told, who)
    return told


def _membership(rng: random.Random, told: Touched, who: str) -> None:
    end: date | None = None
    spell = ("join", TODAY)
    start = local(moment(rng, 900))
    for number in range(1, rng.randint(1, 4)):
        gap = (start - end).days - 1 if end else 0
        kind = "join" if not end else "rejoin" if gap > 365 else "reinstatement"
        if not end or gap > 30:
            spell = (kind, start)
        model = rng.choice(("anniversary", "fixed", "continuous"))
        end = start + timedelta(days=rng.choice((89, 180, 364)))
        paid = start + timedelta(days=rng.randint(-40, 10))
        told.terms.append(Term(who, number, start, end, paid, *spell, model))
        if rng.random() < 0.6:
            at = day_start(paid) + timedelta(seconds=rng.randrange(86400))
            told.payments.append((f"{who}-pay{number}", who, "dues", at))
        start = end + timedelta(days=rng.choice((1, 1, 20, 400)))
        if start > TODAY + timedelta(days=20):
            break
    told.first_years[who] = (rng.choice((10, 394, 395, 396, 700)), rng.random() < 0.5)


def _mail(rng: random.Random, told: Touched, who: str) -> None:
    for burst in range(rng.randint(0, 6)):
        at = moment(rng, rng.choice((40, 300)))
        for number in range(rng.randint(1, 4)):
            purpose = rng.choice(PURPOSES)
            event = rng.choice(told.events)
            name = f"{purpose} for {event.name.upper()}" if rng.random() < 0.7 else "News"
            message = Message(
                id=f"{who}-m{burst}-{number}",
                who=who,
                purpose=purpose,
                sent=at,
                department=rng.choice(DEPARTMENTS),
                channel=rng.choice(("email", "email", "email", "post", "sms", "phone")),
                name=name,
            )
            if rng.random() < 0.3:
                wait = rng.choice((0, 2, 4, 5, 6, 4000, 400_000))
                message.clicked = at + timedelta(seconds=wait)
            elif rng.random() < 0.1:
                message.bounced = at + timedelta(seconds=60)
            if rng.random() < 0.05:
                message.left = at + timedelta(hours=1)
            told.messages.append(message)
            at += timedelta(seconds=rng.choice((0, 3600, 86399, 86400, 86401)))


def _service(rng: random.Random, told: Touched, who: str) -> None:
    for number in range(rng.randint(0, 3)):
        received = moment(rng, 200)
        case = Case(f"{who}-c{number}", who, rng.choice(CASE_TYPES), received)
        at = received
        for _ in range(rng.randint(0, 4)):
            at += timedelta(hours=rng.randint(0, 700))
            case.steps.append(at)
        case.is_told = bool(case.steps) and rng.random() < 0.5
        told.cases.append(case)
    for number in range(rng.randint(0, 12)):
        at = moment(rng, rng.choice((60, 900)))
        told.acts.append((f"{who}-a{number}", who, rng.choice(ACTS), at))
    for number in range(rng.randint(0, 2)):
        score = rng.choice((None, 0, 2, 3, 6, 7, 10))
        code = rng.choice(("csat", "nps"))
        told.answers.append((f"{who}-s{number}", who, code, score, moment(rng, 500)))


def _bookings(rng: random.Random, told: Touched, who: str) -> None:
    for event in rng.sample(told.events, rng.randint(0, 4)):
        for seat in range(rng.choice((1, 1, 1, 2))):
            booked = event.starts - timedelta(minutes=rng.choice((90_000, 30_000, 61, 60, 5)))
            booking = Booking(f"{who}-{event.id}-{seat}", who, event, booked)
            fate = rng.random()
            if fate < 0.2:
                booking.status = "cancelled"
                booking.cancelled = event.starts + timedelta(hours=rng.choice((-200, -2, 0, 50)))
            elif fate < 0.3:
                booking.status = "expired"
            if rng.random() < 0.5:
                booking.checked_in = event.starts + timedelta(minutes=rng.randint(-4, 60))
            if event.online and rng.random() < 0.2:
                booking.registered = event.starts + timedelta(minutes=20)
            if rng.random() < 0.1:
                booking.who = None
            told.bookings.append(booking)


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

"""Random people and what passes between them and an association, for the models of touchpoints.

Data flow: seed -> Touched (messages, bookings, cases, terms, ...), for touch_rows and touch_oracle.
Moments are naive UTC; days are Berlin's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
TODAY = date(2026, 6, 30)
END = datetime.fromisoformat("2026-06-30T22:00")  # the as-of day is over in Berlin
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
            at += timedelta(hours=rng.choice((0, rng.randint(1, 700))))
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

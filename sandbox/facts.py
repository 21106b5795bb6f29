"""What is true of a person at a moment, as far as any system has been told.

Data flow: Life, Identities, now -> Facts -> the stage oracle and the segment truths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.identity import Identity
from sandbox.life import Life
from sandbox.membership import GRACE_DAYS, RENEWAL_MODELS
from sandbox.scale import local_day

INITIATED = frozenset(
    {
        "membership_inquiry",
        "membership_application",
        "membership_joined",
        "membership_renewed",
        "membership_resigned",
        "event_registered",
        "event_cancelled",
        "event_attended",
        "payment_made",
        "payment_disputed",
        "case_opened",
        "case_reopened",
        "survey_responded",
        "email_clicked",
        "email_unsubscribed",
        "phone_call_inbound",
        "volunteered",
        "referral",
        "speaker",
    }
)
MEANINGFUL = frozenset(
    {
        "membership_inquiry",
        "membership_application",
        "event_registered",
        "event_attended",
        "case_opened",
        "case_reopened",
        "survey_responded",
        "email_clicked",
        "phone_call_inbound",
        "volunteered",
        "referral",
        "speaker",
    }
)
HIGH_INTENT = frozenset({"membership_inquiry", "membership_application"})
ADVOCACY = frozenset({"volunteered", "referral", "speaker"})
VALUE = frozenset({"event_attended", "case_resolved"})
ACTION_CODES = {
    "Membership Inquiry": "membership_inquiry",
    "Inbound Call": "phone_call_inbound",
    "Outbound Call": "phone_call_outbound",
    "Volunteering": "volunteered",
    "Member Referral": "referral",
    "Event Speaker": "speaker",
}


@dataclass(frozen=True)
class KnownTerm:
    """One term as the log tells it at `now`; `end` None is for life, `resigned` cuts it short."""

    start: date
    end: date | None
    committed: date
    plan: int
    resigned: date | None = None
    auto_renew: bool = False
    grace_days: int = GRACE_DAYS

    @property
    def model(self) -> str:
        return RENEWAL_MODELS[self.plan]

    @property
    def last_day(self) -> date:
        """The effective end, `date.max` for life."""
        if self.resigned:
            return self.resigned - timedelta(days=1)
        return self.end or date.max


@dataclass(frozen=True)
class Facts:
    """Everything the stage rules look at; `touches` are (local day, activity)."""

    first_seen: date
    terms: tuple[KnownTerm, ...] = ()
    touches: tuple[tuple[date, str], ...] = ()
    applied: date | None = None
    withdrawn: date | None = None
    pauses: tuple[tuple[date, date | None], ...] = ()
    died: date | None = None
    welcomes: tuple[date, ...] = field(default=())

    def days_of(self, kinds: frozenset[str]) -> list[date]:
        return [day for day, kind in self.touches if kind in kinds]


def facts(life: Life, records: Sequence[Identity], now: datetime) -> Facts:
    """The facts at `now` about somebody of whom there is at least one record."""
    today = local_day(now)
    terms = known_terms(life, today)
    touched = tuple(sorted(touches(life, now)))
    applied = _past(life.story.applied, today)
    days = [local_day(one.created) for one in records]
    days += [day for day, kind in touched if kind in INITIATED]
    days += [term.start for term in terms[:1]]
    days += [applied] if applied else []
    pauses = [
        (term.paused, _past(term.resumed, today))
        for term in life.story.terms
        if term.paused and term.paused <= today
    ]
    seat = life.subscription
    return Facts(
        first_seen=min(days),
        terms=terms,
        touches=touched,
        applied=applied,
        withdrawn=_past(life.story.withdrawn, today),
        pauses=tuple(pauses),
        died=life.story.died if _past(life.story.death_known, today) else None,
        welcomes=tuple(
            local_day(one.campaign.sent)
            for one in (seat.receipts if seat else ())
            if one.campaign.joined_from and one.campaign.sent <= now
        ),
    )


def _past(day: date | None, today: date) -> date | None:
    return day if day and day <= today else None


def known_terms(life: Life, today: date) -> tuple[KnownTerm, ...]:
    """Terms committed by `today`; a pause moves the end only once it is over."""
    found = []
    for term in life.story.terms:
        if term.committed > today:
            continue
        end = term.end
        if end and term.paused and term.resumed and term.resumed > today:
            end -= term.resumed - term.paused
        found.append(
            KnownTerm(
                term.start,
                end,
                term.committed,
                term.plan,
                _past(term.resigned, today),
                life.story.auto_renew,
            )
        )
    return tuple(found)


def touches(life: Life, now: datetime) -> list[tuple[date, str]]:
    """(local day, activity) of everything that happened and was delivered by `now`."""
    found: list[tuple[datetime | None, str]] = []
    days: list[tuple[date | None, str]] = [(life.story.applied, "membership_application")]
    for number, term in enumerate(life.story.terms):
        kind = "membership_renewed" if number else "membership_joined"
        days += [(term.committed, kind), (term.resigned, "membership_resigned")]
    for place in life.registrations:
        found.append((place.ordered, "event_registered"))
        if place.fate == "cancel":
            found.append((place.changed, "event_cancelled"))
        if place.scan_known and place.scan_known <= now:
            found.append((place.checked_in, "event_attended"))
    for matter in life.service.matters:
        found.append((matter.opened, "case_opened"))
        for step, moment in enumerate(matter.changes):
            found.append((moment, "case_reopened" if step % 2 else "case_resolved"))
    for action in life.service.actions:
        if not action.is_test and not (action.deleted and action.deleted <= now):
            found.append((action.at, ACTION_CODES[action.kind]))
    found += [(answer.at, "survey_responded") for answer in life.service.responses]
    for receipt in life.subscription.receipts if life.subscription else ():
        found += [(moment, "email_clicked") for moment in receipt.clicks]
        found.append((receipt.unsubscribed, "email_unsubscribed"))
    for bill in life.bills:
        for attempt in bill.attempts:
            found.append((attempt.at, "payment_made" if attempt.succeeded else "payment_failed"))
            found.append((attempt.disputed, "payment_disputed"))
    past = [(local_day(moment), kind) for moment, kind in found if moment and moment <= now]
    today = local_day(now)
    return past + [(day, kind) for day, kind in days if day and day <= today]

"""Who belongs to each of the eight segments today, and who may be written to.

Data flow: Facts, today -> segment ids; Life, Identities, now -> Standing (address, consent, holds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from sandbox.facts import MEANINGFUL, VALUE, Facts
from sandbox.identity import Identity
from sandbox.life import Life
from sandbox.oracle import Timeline, day_range

PURPOSES = {
    "01_new_welcome": "membership",
    "02_onboarding_no_value_30": "membership",
    "09_no_active_journey": "marketing",
    "10_dormant_180": "marketing",
    "16_renewal_90": "membership",
    "17_renewal_30": "membership",
    "20_grace": "membership",
    "21_lapsed_0_3m": "marketing",
}
SOURCE_PRIORITY = ("civicrm", "filedrop", "stripe", "pretix", "mailchimp")


def segments(facts: Facts, stage: str, stage_since: date, today: date) -> list[str]:
    """The segments of a person in `stage` since `stage_since`, on the day `today`."""
    line = Timeline(facts, day_range(today, today))
    at = int(line.current[0])
    found: list[str] = []
    if stage == "grace":
        found.append("20_grace")
    latest = line.terms[int(line.latest[0])] if line.terms and line.latest[0] >= 0 else None
    is_recent = (today - stage_since).days <= 91
    if stage == "lapsed" and latest and latest.resigned is None and is_recent:
        found.append("21_lapsed_0_3m")
    if at < 0 or stage == "deceased":
        return found
    term, spell = line.terms[at], line.spells[at]
    spell_days = (today - spell.start).days
    if stage == "onboarding":
        welcomed = any(day >= spell.start for day in facts.welcomes)
        if 0 <= spell_days <= 14 and at == 0 and not welcomed:
            found.append("01_new_welcome")
        value = [day for day in facts.days_of(VALUE) if day >= spell.start]
        if 30 <= spell_days <= 45 and not value:
            found.append("02_onboarding_no_value_30")
    if stage in ("engaged", "advocate", "dormant", "renewal_due") and spell_days > 90:
        meaningful = [day for day in facts.days_of(MEANINGFUL) if day <= today]
        if not meaningful or (today - max(meaningful)).days > 90:
            found.append("09_no_active_journey")
    if stage == "dormant":
        found.append("10_dormant_180")
    is_due = term.model in ("fixed", "anniversary") and not term.auto_renew
    if is_due and not bool(np.any(line.next_committed())):
        left = (term.last_day - today).days
        if 61 <= left <= 90:
            found.append("16_renewal_90")
        if 1 <= left <= 30:
            found.append("17_renewal_30")
    return sorted(found)


@dataclass(frozen=True)
class Standing:
    """Where and whether a person may be written to; `addresses` are all their known ones."""

    email: str | None
    granted: frozenset[str]
    is_held: bool
    is_suppressed: bool
    addresses: frozenset[str]

    def may_receive(self, segment: str) -> bool:
        purpose = PURPOSES[segment] in self.granted
        return bool(self.email) and purpose and not (self.is_held or self.is_suppressed)


def standing(life: Life, records: Sequence[Identity], now: datetime) -> Standing:
    """The golden address by source priority, and what stands against using it."""
    ranked = sorted(
        (one for one in records if one.email),
        key=lambda one: (SOURCE_PRIORITY.index(one.source), -one.modified.timestamp()),
    )
    traits, seat = life.traits, life.subscription
    known = traits.contact_created is not None and traits.contact_created <= now

    def past(moment: datetime | None) -> bool:
        return known and moment is not None and moment <= now

    hold = traits.hold
    has_address = any(one.source == "civicrm" and one.email for one in records)
    reasons = [
        past(traits.do_not_email),
        past(traits.opted_out),
        has_address and traits.on_hold is not None and past(traits.on_hold[0]),
        seat is not None and seat.unsubscribed is not None and seat.unsubscribed <= now,
        seat is not None and seat.cleaned is not None and seat.cleaned <= now,
    ]
    purposes = {"membership": traits.membership, "marketing": traits.marketing}
    granted = [name for name, one in purposes.items() if one.status(now)[0] == "granted"]
    return Standing(
        email=ranked[0].email if ranked else None,
        granted=frozenset(granted if known else ()),
        is_held=hold is not None and past(hold[0]) and not past(hold[1]),
        is_suppressed=any(reasons),
        addresses=frozenset(one.email for one in records if one.email),
    )

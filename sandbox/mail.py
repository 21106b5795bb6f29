"""The association's mailings and what people do with them.

Data flow: Scale -> Campaign list; Person, Story -> Subscription with a Receipt per campaign.

Every open, click, bounce and unsubscribe happens within ten days of the sending: the platform's
campaign reports are re-read for two weeks only.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from sandbox.membership import Story
from sandbox.people import HOUSEHOLD_EVERY, Person
from sandbox.scale import Scale, add_months, office_time

LIST_ID = "a1b2c3"


@dataclass(frozen=True)
class Campaign:
    """One mailing; a welcome mailing goes to first-time joiners of [joined_from, joined_until]."""

    id: str
    number: int
    title: str
    sent: datetime
    joined_from: date | None = None
    joined_until: date | None = None


@dataclass(frozen=True)
class Receipt:
    """One person's copy; `status` sent, hard or soft (bounces)."""

    campaign: Campaign
    status: str
    opens: tuple[datetime, ...] = ()
    clicks: tuple[datetime, ...] = ()
    bounced: datetime | None = None
    unsubscribed: datetime | None = None


@dataclass(frozen=True)
class Subscription:
    """A person on the mailing list; `email` is the address they signed up with."""

    email: str
    signup: datetime
    unsubscribed: datetime | None
    cleaned: datetime | None
    receipts: tuple[Receipt, ...]

    @property
    def email_id(self) -> str:
        return hashlib.md5(self.email.lower().encode(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=4)
def campaigns(scale: Scale) -> tuple[Campaign, ...]:
    """Newsletter and welcome mailings, monthly from a year before the anchor."""
    found: list[Campaign] = []
    month = add_months(scale.anchor.replace(day=1), -11)
    while month < scale.limit:
        label = month.strftime("%Y-%m")
        news = datetime.combine(month.replace(day=7), time(8), UTC)
        welcome = datetime.combine(month.replace(day=25), time(9), UTC)
        until = month.replace(day=24)
        since = add_months(month, -1).replace(day=25)
        found.append(Campaign(_id(label, "n"), len(found), f"newsletter {label}", news))
        found.append(
            Campaign(_id(label, "w"), len(found), f"welcome {label}", welcome, since, until)
        )
        month = add_months(month, 1)
    return tuple(found)


def _id(label: str, kind: str) -> str:
    digest = hashlib.md5(f"{kind}{label}".encode(), usedforsecurity=False).hexdigest()
    return digest[:10]


def subscription(scale: Scale, who: Person, story: Story, zeal: float) -> Subscription | None:
    """How a person is on the mailing list, or None when they are not (a partner shares a seat)."""
    rng = scale.rng("mail", who.index)
    is_partner = who.index % HOUSEHOLD_EVERY == 1
    wanted = rng.random() < (0.87 if who.kind == "member" else 0.5)
    if who.email is None or is_partner or not wanted:
        return None
    joined = story.joined
    day = joined + timedelta(days=rng.randint(0, 2)) if joined else who.arrival
    if joined and rng.random() < 0.1:
        day = who.arrival
    if story.died and day >= story.died:
        return None
    signup = office_time(day, rng)
    receipts: list[Receipt] = []
    unsubscribed: datetime | None = None
    cleaned: datetime | None = None
    for campaign in campaigns(scale):
        if campaign.sent <= signup or unsubscribed or cleaned:
            continue
        if story.death_known and campaign.sent.date() >= story.death_known:
            break
        receipt = _receipt(rng, campaign, who, story, zeal)
        if receipt is None:
            continue
        receipts.append(receipt)
        unsubscribed = receipt.unsubscribed
        cleaned = receipt.bounced if receipt.status == "hard" else None
    return Subscription(who.email, signup, unsubscribed, cleaned, tuple(receipts))


def _receipt(
    rng: random.Random, campaign: Campaign, who: Person, story: Story, zeal: float
) -> Receipt | None:
    chance, draw, gap = rng.random(), rng.random(), rng.expovariate(1 / 20)
    if campaign.joined_from and campaign.joined_until:
        joined = story.joined
        invited = joined and campaign.joined_from <= joined <= campaign.joined_until
        if not invited or chance < 0.45:
            return None
    alive = not story.died or campaign.sent.date() < story.died - timedelta(days=11)
    at = campaign.sent + timedelta(hours=0.2 + min(gap, 200))
    if not campaign.joined_from and draw < 0.010:
        bounced = campaign.sent + timedelta(minutes=1 + who.index % 50)
        return Receipt(campaign, "hard" if draw < 0.002 else "soft", bounced=bounced)
    is_ignored = campaign.joined_from is None and chance > min(0.12 + 0.35 * zeal, 0.75)
    if not alive or is_ignored:
        return Receipt(campaign, "sent")
    clicked = rng.random() < min(0.05 + 0.22 * zeal, 0.6)
    leaves = campaign.joined_from is None and rng.random() < 0.022
    return Receipt(
        campaign,
        "sent",
        opens=(at, at + timedelta(hours=5)) if draw > 0.6 else (at,),
        clicks=(at + timedelta(minutes=2),) if clicked else (),
        unsubscribed=at + timedelta(minutes=4) if leaves else None,
    )

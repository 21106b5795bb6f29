"""Writes subscriptions as Mailchimp list members and campaign reports (Marketing API 3.0 shapes).

Data flow: Life, now -> Record("mailchimp", member | sent_to | email_activity | unsubscribed);
Scale, Tally, now -> Record("mailchimp", report | segment).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.testing.store import Record
from sandbox.life import Life
from sandbox.mail import LIST_ID, Receipt, Subscription, campaigns
from sandbox.scale import Scale, local_day, offset_stamp, position

COMMITTEE = {"id": 9001, "name": "Committee"}  # a segment the organisation made by hand


@dataclass
class Tally:
    """What the campaign reports add up: counts by (campaign id, what)."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    committee: int = 0

    def add(self, other: Tally) -> None:
        self.counts.update(other.counts)
        self.committee += other.committee


def mailchimp_records(life: Life, now: datetime, tally: Tally) -> Iterator[Record]:
    """This person's seat on the list and their copies of the campaigns sent so far."""
    seat = life.subscription
    if seat is None or seat.signup > now:
        return
    yield member(life, seat, now)
    if in_committee(life):
        tally.committee += 1
        body = {"segment_id": COMMITTEE["id"], "id": seat.email_id}
        moment, sort = seat.signup.timestamp(), position(seat.signup, life.person.index)
        key, parent = f"{COMMITTEE['id']}:{seat.email_id}", str(COMMITTEE["id"])
        yield Record("mailchimp", "segment_member", key, body, sort, moment, moment, parent)
    for receipt in seat.receipts:
        if receipt.campaign.sent <= now:
            yield from _receipt(life, seat, receipt, now, tally)


def in_committee(life: Life) -> bool:
    return life.person.index % 150 == 11


def member(life: Life, seat: Subscription, now: datetime) -> Record:
    """The list member; whoever joined after signing up keeps an empty member number."""
    who = life.person
    joined = life.story.joined
    numbered = life.traits.list_has_number and joined and joined <= local_day(seat.signup)
    status, changed = "subscribed", seat.signup
    if seat.unsubscribed and seat.unsubscribed <= now:
        status, changed = "unsubscribed", seat.unsubscribed
    if seat.cleaned and seat.cleaned <= now:
        status, changed = "cleaned", seat.cleaned
    gives_phone = who.shares_email or not life.traits.has_email or who.index % 3 > 0
    tags = [dict(COMMITTEE)] if in_committee(life) else []
    body = {
        "id": seat.email_id,
        "email_address": seat.email.title() if who.index % 23 == 6 else seat.email,
        "unique_email_id": _digest("unique", seat.email_id)[:10],
        "contact_id": _digest("contact", seat.email_id),
        "full_name": f"{who.first} {who.last}",
        "status": status,
        "merge_fields": {
            "FNAME": who.first,
            "LNAME": who.last,
            "PHONE": (who.phone or "") if gives_phone else "",
            "MEMBERNO": who.member_number if numbered else "",
        },
        "timestamp_signup": offset_stamp(seat.signup),
        "timestamp_opt": offset_stamp(seat.signup),
        "last_changed": offset_stamp(changed),
        "unsubscribe_reason": "Normal" if status == "unsubscribed" else None,
        "tags": tags,
        "tags_count": len(tags),
        "list_id": LIST_ID,
    }
    sort = position(seat.signup, who.index)
    moments = (seat.signup.timestamp(), changed.timestamp())
    return Record("mailchimp", "member", seat.email_id, body, sort, *moments)


def _digest(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


def _receipt(
    life: Life, seat: Subscription, receipt: Receipt, now: datetime, tally: Tally
) -> Iterator[Record]:
    campaign = receipt.campaign
    opens = [at for at in receipt.opens if at <= now]
    clicks = [at for at in receipt.clicks if at <= now]
    bounced = receipt.bounced if receipt.bounced and receipt.bounced <= now else None
    left = receipt.unsubscribed if receipt.unsubscribed and receipt.unsubscribed <= now else None
    counts = tally.counts
    counts[campaign.id, "sent"] += 1
    counts[campaign.id, "opens"] += len(opens)
    counts[campaign.id, "unique_opens"] += bool(opens)
    counts[campaign.id, "clicks"] += len(clicks)
    counts[campaign.id, "unsubscribed"] += left is not None
    status = receipt.status if bounced else "sent"
    if bounced:
        counts[campaign.id, status] += 1
    who = {"campaign_id": campaign.id, "email_id": seat.email_id, "email_address": seat.email}
    sort = position(campaign.sent, life.person.index)
    happened = [campaign.sent, *opens, *clicks, *filter(None, [bounced, left])]
    latest = max(happened).timestamp()
    key = f"{campaign.id}:{seat.email_id}"

    def record(entity: str, body: dict[str, Any]) -> Record:
        moment = campaign.sent.timestamp()
        return Record("mailchimp", entity, key, body, sort, moment, latest, campaign.id)

    yield record(
        "sent_to",
        who
        | {
            "status": status,
            "open_count": len(opens),
            "last_open": offset_stamp(opens[-1]) if opens else None,
        },
    )
    activity = [{"action": "open", "timestamp": offset_stamp(at)} for at in opens]
    url = f"https://www.example.org/{campaign.title.split()[0]}"
    activity += [{"action": "click", "timestamp": offset_stamp(at), "url": url} for at in clicks]
    if bounced:
        kind = receipt.status
        activity.append({"action": "bounce", "timestamp": offset_stamp(bounced), "type": kind})
    if activity:
        activity.sort(key=lambda one: one["timestamp"])
        yield record("email_activity", who | {"activity": activity})
    if left:
        told = {"timestamp": offset_stamp(left), "reason": "Normal", "list_id": LIST_ID}
        yield record("unsubscribed", who | told)


def campaign_records(scale: Scale, now: datetime, tally: Tally) -> Iterator[Record]:
    """The reports of all campaigns sent so far, and the hand-made segment."""
    for campaign in campaigns(scale):
        if campaign.sent > now:
            continue
        counts = {
            what: tally.counts[campaign.id, what]
            for what in ("sent", "opens", "unique_opens", "clicks", "hard", "soft", "unsubscribed")
        }
        body = {
            "id": campaign.id,
            "campaign_title": campaign.title,
            "type": "regular",
            "list_id": LIST_ID,
            "subject_line": campaign.title.title(),
            "emails_sent": counts["sent"],
            "unsubscribed": counts["unsubscribed"],
            "send_time": offset_stamp(campaign.sent),
            "bounces": {"hard_bounces": counts["hard"], "soft_bounces": counts["soft"]},
            "opens": {"opens_total": counts["opens"], "unique_opens": counts["unique_opens"]},
            "clicks": {"clicks_total": counts["clicks"]},
        }
        moment, sort = campaign.sent.timestamp(), campaign.number + 1
        yield Record("mailchimp", "report", campaign.id, body, sort, moment, moment)
    body = COMMITTEE | {"type": "static", "member_count": tally.committee, "list_id": LIST_ID}
    key = str(COMMITTEE["id"])
    moment = datetime(scale.start.year, 1, 2, tzinfo=now.tzinfo).timestamp()
    yield Record("mailchimp", "segment", key, body, int(key), moment, moment)

"""Guards: when a push stops and waits for a person. Pure functions over counts and facts.

Data flow: facts about the night + counts per segment + policy -> Verdict for all, Verdict per
segment -> what may be pushed now, and the sentence an operator reads.

A verdict for all (`nothing`) can not be overridden: its cause has to be removed. A held segment can
be let through by an approval of exactly its slice of the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from connectors.platforms.protocol import PushPolicy


@dataclass(frozen=True)
class NightFacts:
    """What is known before anything is pushed. Times are UTC, `now` is the organisation's."""

    audited: bool
    as_of: date
    now: datetime
    contacts: int  # rows of sync_contacts
    candidates: int  # rows of seg_candidates, over all segments
    delivered: int  # members now held in owned segments
    readback_age: timedelta | None  # None: the platform could not be read
    quota_left: int | None = None  # requests left today; None: the platform has no such quota
    requests_needed: int = 0


@dataclass(frozen=True)
class SegmentCounts:
    """One segment: members before, wanted after, and the rows between. `is_first`: never pushed.

    `is_unremembered`: never pushed by this ledger, yet it has members on a platform that forgets
    who left.
    """

    before: int
    after: int
    adds: int
    removes: int
    is_first: bool
    is_unremembered: bool = False


@dataclass(frozen=True)
class Verdict:
    """`allowed`, or the guard that objects and a sentence that says why and what to do."""

    allowed: bool
    guard: str = ""
    message: str = ""


ALLOWED = Verdict(True)


def judge_night(facts: NightFacts, policy: PushPolicy) -> Verdict:
    """May anything be pushed at all? The first objection, the gravest first."""
    age = (facts.now.date() - facts.as_of).days
    limit = timedelta(minutes=policy.max_readback_minutes)
    if not facts.audited:
        return _no("audit", "the build was not audited; nothing is pushed until an audit passes")
    if age > policy.max_source_age_days:
        return _no(
            "stale_source",
            f"the published data is of {facts.as_of}, {age} days old (limit "
            f"{policy.max_source_age_days}); run a night first",
        )
    if age < -1:
        return _no("stale_source", f"the published data is of {facts.as_of}, in the future")
    if facts.contacts == 0:
        return _no("empty_source", "the published file holds no people; look at the last build")
    if facts.candidates == 0 and facts.delivered >= policy.emptying_from:
        return _no(
            "empty_source",
            f"no segment has a candidate, {facts.delivered} members are delivered; look at the "
            "segments of the last build",
        )
    if facts.readback_age is None:
        return _no(
            "no_readback", "the platform's suppressions could not be read; nothing is pushed"
        )
    if facts.readback_age > limit or facts.readback_age < timedelta(0):
        minutes = facts.readback_age.total_seconds() / 60
        return _no(
            "old_readback",
            f"the platform's suppressions were read {minutes:.0f} minutes ago (limit "
            f"{policy.max_readback_minutes}); start the push again",
        )
    if facts.quota_left is not None and facts.requests_needed > facts.quota_left:
        return _no(
            "quota",
            f"about {facts.requests_needed} requests are needed and {facts.quota_left} are left "
            "today; push after the quota's reset",
        )
    return ALLOWED


def judge_segment(segment: str, counts: SegmentCounts, policy: PushPolicy, approve: str) -> Verdict:
    """May this segment's changes be pushed without somebody looking? `approve` is its hash."""
    command = f"look at it, then `journey push --approve {approve}`"
    if counts.adds == 0 and counts.removes == 0:
        return ALLOWED
    if counts.is_unremembered and counts.adds:
        return _no(
            "no_memory",
            f"{segment} has members on the platform that this ledger never pushed, and the "
            f"platform does not tell who left it: {counts.adds} people would be added, some of "
            f"whom may have unsubscribed; {command}",
        )
    if counts.is_first and counts.before == 0:
        if policy.first_push == "allow":
            return ALLOWED
        return _no(
            "first_push",
            f"{segment} is pushed for the first time: 0 members before, {counts.after} after; "
            f"{command}",
        )
    if counts.after == 0 and counts.before >= policy.emptying_from:
        return _no(
            "emptying",
            f"{segment} would be emptied: {counts.before} members before, 0 after; {command}",
        )
    limit = brake_limit(counts.before, policy)
    for what, number in (("grow", counts.adds), ("shrink", counts.removes)):
        if number > limit:
            return _no(
                "brake",
                f"{segment} would {what} by {number} members, {counts.before} before and "
                f"{counts.after} after (limit {limit:.0f}); {command}",
            )
    return ALLOWED


def brake_limit(before: int, policy: PushPolicy) -> float:
    """Members by which a segment may grow or shrink without somebody looking."""
    return max(policy.brake_absolute, policy.brake_share * before)


def judge_segments(
    counts: Mapping[str, SegmentCounts], policy: PushPolicy, hashes: Mapping[str, str]
) -> dict[str, Verdict]:
    """A verdict per segment; one that is held does not hold the others."""
    return {
        segment: judge_segment(segment, found, policy, hashes[segment])
        for segment, found in counts.items()
    }


def _no(guard: str, message: str) -> Verdict:
    return Verdict(False, guard, message)

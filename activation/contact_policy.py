"""The contact policy: who of those who may be written to should not start something new today.

Data flow: gate output + what the ledger remembers -> `restrain` -> the same rows, some of them
suppressed with the policy's reason.

It only ever delays an entry. Whoever is in a segment stays in, and nothing here takes anybody out:
a person who leaves and comes back every other night is what the policy is there to prevent.
All days are the organisation's (the `as_of` of the runs), so that a rerun decides the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from activation.consent import SENT, SUPPRESSED
from activation.segments import Segment

PRESSURE_DAYS = 7  # the window of `promotional_per_week`
HELD_OUT, TREATED = "held_out", "treated"


class ContactPolicy(BaseModel):
    """Limits of the whole organisation, over all platforms; a segment adds its own cool-down.

    `promotional_per_week`: segments of purpose marketing somebody may enter in seven days (null: no
    limit). `department_days`: days in which only one team may begin something with a person (0:
    off). `holdout_share`: part of each marketing segment that is never written to, so that its
    effect can be measured (0: nobody).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    promotional_per_week: int | None = Field(default=3, ge=1)
    department_days: int = Field(default=0, ge=0, le=30)
    holdout_share: float = Field(default=0.0, ge=0, le=0.5)

    @property
    def window_days(self) -> int:
        """Days of entries that have to be remembered."""
        return max(PRESSURE_DAYS, self.department_days)


@dataclass(frozen=True)
class Entry:
    """An acknowledged add, on whichever platform."""

    segment: str
    member_key: str
    on: date


@dataclass(frozen=True)
class History:
    """What the ledger remembers. `left`: (segment, member) -> day of the last ordinary exit there;
    `arms`: (segment, member) -> held_out or treated, as it was once drawn.
    """

    entered: Sequence[Entry] = ()
    left: Mapping[tuple[str, str], date] = field(default_factory=dict)
    arms: Mapping[tuple[str, str], str] = field(default_factory=dict)


# (segment, member) -> a number in [0, 1), always the same for the same pair and ledger key.
Draw = Callable[[str, str], float]


@dataclass(frozen=True)
class Policy:
    """The organisation's limits, the segments they are about, and the day they are asked for."""

    limits: ContactPolicy
    segments: Mapping[str, Segment]
    history: History
    as_of: date
    draw: Draw

    def arm(self, segment: str, member_key: str) -> str:
        """Held out or treated: what was drawn once, else what is drawn now."""
        known = self.history.arms.get((segment, member_key))
        if known is not None:
            return known
        return HELD_OUT if self.draw(segment, member_key) < self.limits.holdout_share else TREATED

    def recent(self, days: int) -> list[Entry]:
        """Entries of the last `days` days, today included, into segments that still exist."""
        since = self.as_of - timedelta(days=days - 1)
        return [e for e in self.history.entered if e.on >= since and e.segment in self.segments]


def restrain(gated: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """The gate's rows; of those that are `sent` and not `is_inside` yet, some become suppressed.

    Reasons, the first that applies: holdout, cool_down, other_department, frequency_cap. Rows with
    a lower priority number are served first.
    """
    rows = gated.copy()
    fresh = rows[(rows["decision"] == SENT) & ~rows["is_inside"]]
    fresh = fresh[["segment_id", "member_key"]].copy()
    of = fresh["segment_id"].map
    fresh["priority"] = of({name: one.priority for name, one in policy.segments.items()})
    fresh["team"] = of({name: one.owner_team for name, one in policy.segments.items()})
    marketing = [name for name, one in policy.segments.items() if one.purpose == "marketing"]
    fresh["is_marketing"] = fresh["segment_id"].isin(marketing)
    fresh = fresh.sort_values(["priority", "segment_id", "member_key"])
    for reason, applies in (
        ("holdout", _held_out),
        ("cool_down", _cooling),
        ("other_department", _crowded),
        ("frequency_cap", _pressed),
    ):
        labels = fresh.index[applies(fresh, policy)]
        rows.loc[labels, ["decision", "reason"]] = [SUPPRESSED, reason]
        fresh = fresh.drop(labels)
    return rows


def drawn(gated: pd.DataFrame, policy: Policy) -> dict[tuple[str, str], str]:
    """The arms to be remembered before anything is sent: marketing candidates not drawn before.

    Only people who passed the gate: who may not be written to belongs to neither arm.
    """
    if not policy.limits.holdout_share:
        return {}
    passed = gated[(gated["decision"] == SENT) & ~gated["is_inside"]]
    pairs = zip(passed["segment_id"], passed["member_key"], strict=True)
    return {
        pair: policy.arm(*pair)
        for pair in pairs
        if policy.segments[pair[0]].purpose == "marketing" and pair not in policy.history.arms
    }


def _held_out(fresh: pd.DataFrame, policy: Policy) -> list[bool]:
    if not policy.limits.holdout_share:
        return [False] * len(fresh)
    columns = (fresh["segment_id"], fresh["member_key"], fresh["is_marketing"])
    return [
        is_marketing and policy.arm(segment, member) == HELD_OUT
        for segment, member, is_marketing in zip(*columns, strict=True)
    ]


def _cooling(fresh: pd.DataFrame, policy: Policy) -> list[bool]:
    found = []
    for segment, member in zip(fresh["segment_id"], fresh["member_key"], strict=True):
        left = policy.history.left.get((segment, member))
        rest = policy.segments[segment].cool_down_days
        found.append(left is not None and (policy.as_of - left).days < rest)
    return found


def _crowded(fresh: pd.DataFrame, policy: Policy) -> list[bool]:
    """Another team has begun something with this person lately, or comes first today."""
    days = policy.limits.department_days
    if not days:
        return [False] * len(fresh)
    busy: dict[str, str] = {}
    for entry in sorted(policy.recent(days), key=lambda e: (e.on, e.segment)):
        busy.setdefault(entry.member_key, policy.segments[entry.segment].owner_team)
    return [
        busy.setdefault(member, team) != team
        for member, team in zip(fresh["member_key"], fresh["team"], strict=True)
    ]


def _pressed(fresh: pd.DataFrame, policy: Policy) -> list[bool]:
    limit = policy.limits.promotional_per_week
    if limit is None:
        return [False] * len(fresh)
    lately = {
        (entry.segment, entry.member_key)
        for entry in policy.recent(PRESSURE_DAYS)
        if policy.segments[entry.segment].purpose == "marketing"
    }
    entered = Counter(member for _, member in lately)
    found = []
    for member, is_marketing in zip(fresh["member_key"], fresh["is_marketing"], strict=True):
        is_over = is_marketing and entered[member] >= limit
        if is_marketing and not is_over:
            entered[member] += 1
        found.append(is_over)
    return found

"""Who came to which event, and which touch gets credit for a join, by plain loops.

Data flow: Touched -> loops that know nothing of SQL -> outcomes and credits to compare with.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

from touch_oracle import DIRECT, STEPS_OF_JOINING, Touch, all_touches, attendance
from touch_world import END, TODAY, Booking, Touched, day_start, local


def outcomes(told: Touched) -> dict[tuple[str, str], str]:
    """What became of each person (or nameless ticket) per event."""
    seats: dict[tuple[str, str], list[Booking]] = defaultdict(list)
    for b in told.bookings:
        if b.registered <= END:
            seats[b.event.id, b.who or b.id].append(b)
    found = {}
    for key, mine in seats.items():
        came = any(b.checked_in and b.checked_in <= END for b in mine)
        if came:
            found[key] = "attended" if any(_was_expected(b) for b in mine) else "walk_in"
            continue
        states = {"upcoming" if b.checked_in else attendance(b) for b in mine}
        order = ("no_show", "unknown", "upcoming", "cancelled", "expired", "event_cancelled")
        found[key] = next(state for state in order if state in states)
    return found


def _was_expected(b: Booking) -> bool:
    starts = b.event.starts
    kept = b.status == "registered" or bool(b.cancelled and b.cancelled >= starts)
    if b.event.online:
        return kept and not (b.checked_in and b.registered >= b.checked_in)
    return kept and b.registered < starts - timedelta(minutes=60)


Credit = dict[tuple[str, str, str | None, datetime | None], float]


def credits(told: Touched) -> Credit:
    """Credit per (join, model, activity, moment); touches at one moment are added up."""
    found: Credit = Counter()
    touches = all_touches(told)
    for term in told.terms:
        if term.number > 1 or term.committed > TODAY:
            continue
        paid = [at for _, who, _, at in told.payments if who == term.who]
        paid = [at for at in paid if local(at) == term.committed]
        joined = min(paid, default=day_start(term.committed))
        mine = [
            touch
            for touch in sorted(touches, key=lambda one: one.at)
            if touch.who == term.who and touch.is_own and touch.activity not in STEPS_OF_JOINING
            if joined - timedelta(days=180) <= touch.at < joined
        ]
        for model, shares in _shares(mine, joined).items():
            if not mine:
                found[term.who, model, None, None] = 1
            for touch, share in zip(mine, shares, strict=True):
                if share:
                    found[term.who, model, touch.activity, touch.at] += share
    return found


def _shares(mine: list[Touch], joined: datetime) -> dict[str, list[float]]:
    n = len(mine)
    named = [i for i, t in enumerate(mine) if t.activity not in DIRECT or t.campaign]
    last = named[-1] if named else n - 1
    shaped = [1 / n for _ in mine] if n <= 2 else [0.4, *[0.2 / (n - 2)] * (n - 2), 0.4]
    weights = [0.5 ** ((joined - t.at).total_seconds() / 86400 / 7) for t in mine]
    return {
        "first": [float(i == 0) for i in range(n)],
        "last_non_direct": [float(i == last) for i in range(n)],
        "u_shaped": shaped,
        "time_decay": [weight / sum(weights) for weight in weights],
    }

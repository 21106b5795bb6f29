"""Size and calendar of the sandbox association, and its seeded randomness.

Data flow: (seed, people, start) -> Scale -> every simulated life.

Nothing here depends on "today": a life is drawn once, up to `limit`, and what vendors and truth
show of it is a function of the clock. That is why advancing a world equals generating it later.
"""

from __future__ import annotations

import math
import random
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/Berlin")
HISTORY_YEARS = 6
CLOSING_HOUR = 21  # the store's clock always shows 21:00 UTC: the night starts after closing
GROWTH = 0.12  # yearly growth of arrivals, relative to the first year


@dataclass(frozen=True)
class Scale:
    """`people` is how many have arrived by `anchor` (30 June, six and a half years from start).

    `noise` multiplies how often systems get a person wrong; 1 is the default association.
    """

    seed: int
    people: int
    start: date
    noise: float = 1.0

    @classmethod
    def for_today(cls, seed: int, people: int, today: date, noise: float = 1.0) -> Scale:
        if people < 1:
            raise ValueError(f"people must be at least 1, not {people}")
        if noise <= 0:
            raise ValueError(f"noise must be above 0, not {noise}")
        return cls(seed, people, date(today.year - HISTORY_YEARS, 1, 1), noise)

    def wrong(self, share: float) -> float:
        """How often something is wrong that is wrong in this share of the default association."""
        return share if self.noise == 1 else min(share * self.noise, 0.95)

    def right(self, share: float) -> float:
        """How often something is right that is right in this share of the default association."""
        return share if self.noise == 1 else 1 - self.wrong(1 - share)

    @property
    def anchor(self) -> date:
        return date(self.start.year + HISTORY_YEARS, 6, 30)

    @property
    def limit(self) -> date:
        """Lives are drawn up to this day; the clock cannot pass it."""
        return date(self.start.year + HISTORY_YEARS + 2, 1, 1)

    @property
    def cap(self) -> int:
        """An upper bound of person indexes, for building identifiers that grow with the days."""
        return 2 * self.people + 64

    def rng(self, *parts: object) -> random.Random:
        return random.Random(":".join(map(str, (self.seed, *parts))))

    def arrival(self, index: int, fraction: float) -> date:
        """The day person `index` first appears; grows with the index."""
        years = (self.anchor - self.start).days / 365.25
        total = years + GROWTH / 2 * years**2
        if index < self.people:
            share = (index + fraction) / self.people * total
            elapsed = (math.sqrt(1 + 2 * GROWTH * share) - 1) / GROWTH
        else:
            per_year = self.people * (1 + GROWTH * years) / total
            elapsed = years + (index - self.people + fraction) / per_year
        return self.start + timedelta(days=int(elapsed * 365.25))

    def arrived(self, day: date) -> int:
        """How many indexes may have arrived by `day` (an upper bound; the last may come later)."""
        low, high = 0, self.cap
        while low < high:
            middle = (low + high) // 2
            if self.arrival(middle, 0.0) <= day:
                low = middle + 1
            else:
                high = middle
        return low

    def ordinal(self, day: date, index: int, slot: int) -> int:
        """A unique number that grows with the day: an auto-increment id without global state."""
        return ((day - self.start).days + 400) * self.cap * 64 + index * 64 + slot


def closing(day: date) -> datetime:
    """The store's clock at the end of `day` (UTC)."""
    return datetime.combine(day, time(CLOSING_HOUR), UTC)


def office_time(day: date, rng: random.Random) -> datetime:
    """A moment of local office hours on `day`, as UTC."""
    return at_local(day, rng.randint(8, 19), rng.randint(0, 59), rng.randint(0, 59))


def any_time(day: date, rng: random.Random) -> datetime:
    """Any moment of local `day`, nights included, as UTC (people order tickets at midnight)."""
    return at_local(day, rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59))


def at_local(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=LOCAL).astimezone(
        UTC
    )


def local_day(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def civi_stamp(moment: datetime) -> str:
    """CiviCRM's local naive "YYYY-MM-DD HH:MM:SS"."""
    return moment.astimezone(LOCAL).replace(tzinfo=None).isoformat(" ", "seconds")


def zulu(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat("T", "seconds") + "Z"


def offset_stamp(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat("T", "seconds") + "+00:00"


def unix(moment: datetime) -> int:
    return int(moment.timestamp())


def position(moment: datetime, index: int, slot: int = 0) -> int:
    """A store `sort` in order of creation, unique per person and slot."""
    return unix(moment) << 28 | (index & 0x3FFFFF) << 6 | (slot & 0x3F)


def add_months(day: date, months: int) -> date:
    """`day` some months later, clamped to the end of the month."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def poisson(rng: random.Random, mean: float) -> int:
    """A Poisson draw for small means (Knuth's product method)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count

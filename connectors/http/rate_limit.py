"""How fast one account may be asked, and how often per day.

Data flow: client -> RateLimiter.acquire() -> request -> RateLimiter.observe(headers).

One limiter per account and process (`shared_limiter`); the daily count lies in the state folder,
so that a second run on the same day goes on counting where the first one stopped.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from filelock import FileLock

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import QuotaExhausted
from connectors.files import write_atomically
from connectors.http.retry import parse_retry_after


@dataclass(frozen=True)
class QuotaHeaders:
    """Names of the headers that tell the remaining allowance; `floor` requests are left to others.

    `reset` may hold seconds from now, unix seconds, an HTTP date or an ISO date-time; where no
    header tells, the allowance is taken to come back after `window` seconds.
    """

    remaining: str
    reset: str | None = None
    floor: int = 0
    window: float = 60.0


@dataclass(frozen=True)
class RateLimit:
    """A vendor's limits: per second, how many at once, per UTC day (None: no limit)."""

    per_second: float | None = None
    burst: int = 1
    per_day: int | None = None
    quota: QuotaHeaders | None = None
    longest_wait: float = 300.0


class RateLimiter:
    """A token bucket with a daily budget and an eye on quota headers; safe between threads."""

    def __init__(
        self,
        account: str,
        limit: RateLimit,
        *,
        state_dir: Path | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.account, self.limit, self._clock = account, limit, clock
        self._lock = threading.Lock()
        self._tokens = float(max(1, limit.burst))
        self._filled_at = clock.monotonic()
        self._not_before = 0.0
        self._used_up_until: datetime | None = None
        self._budget = state_dir / f"budget-{_digest(account)}.json" if state_dir else None
        self._used: tuple[str, int] = ("", 0)

    def acquire(self) -> None:
        """Return when one request may be sent. QuotaExhausted when that is too far away: the day's
        budget is used up, or the vendor says that none are left.
        """
        with self._lock:
            self._refuse_when_used_up()
            self._spend_budget()
            wait = max(self._reserve(), self._not_before - self._clock.monotonic())
        if wait > 0:
            self._clock.sleep(wait)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Read the vendor's own count, for the next request: this one was answered, and counts."""
        quota = self.limit.quota
        if quota is None or quota.remaining not in headers:
            return
        try:
            remaining = float(headers[quota.remaining])
        except ValueError:
            return
        if remaining > quota.floor:
            return
        told = self._until_reset(headers.get(quota.reset) if quota.reset else None)
        wait = quota.window if told is None else told
        with self._lock:
            if wait > self.limit.longest_wait:
                self._used_up_until = self._clock.now() + timedelta(seconds=wait)
            else:
                self._not_before = max(self._not_before, self._clock.monotonic() + wait)

    def _refuse_when_used_up(self) -> None:
        until = self._used_up_until
        if until is not None and self._clock.now() < until:
            raise QuotaExhausted(
                "the account's allowance of requests is used up.",
                until=until,
                todo="What was done is kept; run again after the reset.",
            )
        self._used_up_until = None

    def _reserve(self) -> float:
        """Take one token, on credit if need be; returns the seconds until it is really there."""
        if not self.limit.per_second:
            return 0.0
        now = self._clock.monotonic()
        filled = self._tokens + (now - self._filled_at) * self.limit.per_second
        self._tokens = min(float(max(1, self.limit.burst)), filled) - 1.0
        self._filled_at = now
        return max(0.0, -self._tokens / self.limit.per_second)

    def _spend_budget(self) -> None:
        if self.limit.per_day is None:
            return
        today = self._clock.now().date().isoformat()
        if self._budget is None:
            self._used = self._count(self._used, today)
            return
        self._budget.parent.mkdir(parents=True, exist_ok=True)
        # Other processes may read the same account: count in the file, not in memory.
        with FileLock(f"{self._budget}.lock", timeout=30):
            self._used = self._count(self._stored(), today)
            data = {"day": self._used[0], "used": self._used[1]}
            write_atomically(self._budget, json.dumps(data).encode())

    def _count(self, used: tuple[str, int], today: str) -> tuple[str, int]:
        spent = used[1] if used[0] == today else 0
        if self.limit.per_day is not None and spent >= self.limit.per_day:
            tomorrow = self._clock.now().astimezone(UTC).date() + timedelta(days=1)
            raise QuotaExhausted(
                f"the daily budget of {self.limit.per_day} requests is used up.",
                until=datetime.combine(tomorrow, time(0), tzinfo=UTC),
                todo="Finished pages are kept; run again tomorrow or raise the budget.",
            )
        return today, spent + 1

    def _stored(self) -> tuple[str, int]:
        try:
            stored = json.loads(self._budget.read_bytes()) if self._budget else {}
            return str(stored["day"]), int(stored["used"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return "", 0

    def _until_reset(self, value: str | None) -> float | None:
        seconds = parse_retry_after(value, self._clock.now())
        if seconds is None:
            return None
        # A number this large is a moment in unix seconds, not a duration.
        return seconds - self._clock.now().timestamp() if seconds > 10**9 else seconds


_limiters: dict[str, RateLimiter] = {}
_limiters_lock = threading.Lock()


def shared_limiter(
    account: str, limit: RateLimit, *, state_dir: Path | None = None, clock: Clock = SYSTEM_CLOCK
) -> RateLimiter:
    """The one limiter of this account in this process; streams and sources of it share it."""
    key = f"{account}\0{state_dir}"
    with _limiters_lock:
        if key not in _limiters:
            _limiters[key] = RateLimiter(account, limit, state_dir=state_dir, clock=clock)
        return _limiters[key]


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:16]

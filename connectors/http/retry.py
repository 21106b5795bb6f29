"""When to try again, and how long to wait before.

Data flow: attempt() raises an error of connectors/errors.py -> wait -> attempt() again, or give up.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import QuotaExhausted, RateLimited, RetryableError

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a client is; all times in seconds.

    Waits double from `base` up to `ceiling`, each with a random half (so that parallel readers do
    not come back together). A vendor's own Retry-After is obeyed up to `longest_wait`; a longer one
    is not waited for: it becomes QuotaExhausted, and the run is to be scheduled again.
    """

    attempts: int = 6
    base: float = 0.5
    ceiling: float = 30.0
    longest_wait: float = 300.0

    def backoff(self, attempt: int, roll: float) -> float:
        """Seconds to wait after failure number `attempt` (from 1); `roll` lies in [0, 1)."""
        full = min(self.ceiling, self.base * 2.0 ** (attempt - 1))
        return full / 2 + full / 2 * roll


def call(
    attempt: Callable[[], T],
    *,
    policy: RetryPolicy | None = None,
    clock: Clock = SYSTEM_CLOCK,
    roll: Callable[[], float] = random.random,
) -> T:
    """What `attempt` returns, tried again after a RetryableError only.

    Raises the last RetryableError when attempts run out, and any other error at once.
    """
    rules = policy or RetryPolicy()

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, RateLimited) else None
        if asked is None:
            return rules.backoff(state.attempt_number, roll())
        return max(0.0, asked) + rules.base * roll()

    def guarded() -> T:
        try:
            return attempt()
        except RateLimited as error:
            if error.wait is not None and error.wait > rules.longest_wait:
                raise QuotaExhausted(
                    f"the service asks to wait {error.wait:.0f} seconds,"
                    f" more than the {rules.longest_wait:.0f} this run may wait.",
                    until=clock.now() + timedelta(seconds=error.wait),
                    source=error.source,
                    stream=error.stream,
                    todo="Finished pages are kept; run again later.",
                ) from error
            raise

    return Retrying(
        stop=stop_after_attempt(rules.attempts),
        wait=wait,
        retry=retry_if_exception_type(RetryableError),
        sleep=clock.sleep,
        reraise=True,
    )(guarded)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header: seconds, an HTTP date, or an ISO 8601 date-time.

    None when the header is missing or says nothing readable; never negative.
    """
    text = (value or "").strip()
    if not text:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, TypeError):
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    return None

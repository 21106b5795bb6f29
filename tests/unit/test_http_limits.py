"""Retry, Retry-After, rate limits and redaction: rules without a network."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.clock import ManualClock
from connectors.errors import (
    AuthenticationError,
    QuotaExhausted,
    RateLimited,
    RetryableError,
)
from connectors.http.rate_limit import QuotaHeaders, RateLimit, RateLimiter, shared_limiter
from connectors.http.redaction import redact_headers, redact_url
from connectors.http.retry import RetryPolicy, call, parse_retry_after

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Tue, 30 Jun 2026 21:00:30 GMT", 30.0),
        ("Tue, 30 Jun 2026 20:00:00 GMT", 0.0),
        ("2026-06-30T21:01:00Z", 60.0),
        ("2026-06-30T23:01:00+02:00", 60.0),
        ("2026-06-30T21:01:00", 60.0),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_in_its_three_forms(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


def _failing(*errors: Exception) -> tuple[list[Exception], object]:
    left = list(errors)

    def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return left, attempt


def test_waits_grow_and_are_jittered() -> None:
    clock = ManualClock()
    _, attempt = _failing(*(RetryableError("no") for _ in range(4)))
    policy = RetryPolicy(attempts=5, base=1.0, ceiling=3.0)
    assert call(attempt, policy=policy, clock=clock, roll=lambda: 0.5) == "done"
    assert clock.sleeps == [0.75, 1.5, 2.25, 2.25]
    assert {policy.backoff(3, roll / 10) for roll in range(10)} != {policy.backoff(3, 0.0)}


def test_gives_up_with_the_last_error() -> None:
    clock = ManualClock()
    left, attempt = _failing(*(RetryableError(str(n)) for n in range(9)))
    with pytest.raises(RetryableError, match="2"):
        call(attempt, policy=RetryPolicy(attempts=3), clock=clock)
    assert len(left) == 6
    assert len(clock.sleeps) == 2


@pytest.mark.parametrize(
    "error", [AuthenticationError("no"), QuotaExhausted("no", until=NOW), ValueError("bug")]
)
def test_what_can_not_get_better_is_not_tried_again(error: Exception) -> None:
    clock = ManualClock()
    left, attempt = _failing(error, error)
    with pytest.raises(type(error)):
        call(attempt, clock=clock)
    assert len(left) == 1
    assert clock.sleeps == []


def test_a_wait_beyond_the_bound_reschedules() -> None:
    clock = ManualClock()
    _, attempt = _failing(RateLimited("slow down", wait=301))
    with pytest.raises(QuotaExhausted) as caught:
        call(attempt, policy=RetryPolicy(longest_wait=300), clock=clock)
    assert (caught.value.until - clock.now()).total_seconds() == 301


def test_the_bucket_paces_requests() -> None:
    clock = ManualClock()
    limiter = RateLimiter("a", RateLimit(per_second=2, burst=2), clock=clock)
    moments = []
    for _ in range(6):
        limiter.acquire()
        moments.append(clock.monotonic())
    assert moments == [0, 0, 0.5, 1.0, 1.5, 2.0]


def test_the_bucket_paces_threads_together() -> None:
    clock = ManualClock()
    limiter = RateLimiter("a", RateLimit(per_second=10, burst=1), clock=clock)
    threads = [
        threading.Thread(target=lambda: [limiter.acquire() for _ in range(5)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() >= 1.9 - 1e-6


def test_the_daily_budget_survives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    limit = RateLimit(per_day=3)
    for _ in range(3):
        RateLimiter("acct", limit, state_dir=tmp_path, clock=clock).acquire()
    with pytest.raises(QuotaExhausted) as caught:
        RateLimiter("acct", limit, state_dir=tmp_path, clock=clock).acquire()
    assert caught.value.until == datetime(2026, 7, 1, tzinfo=UTC)
    RateLimiter("other", limit, state_dir=tmp_path, clock=clock).acquire()
    clock.advance(4 * 3600)
    RateLimiter("acct", limit, state_dir=tmp_path, clock=clock).acquire()
    assert "acct" not in "".join(path.name for path in tmp_path.iterdir())


def test_quota_headers_hold_back_or_stop() -> None:
    clock = ManualClock(NOW)
    headers = QuotaHeaders("X-Left", "X-Reset", floor=2)
    limiter = RateLimiter("a", RateLimit(quota=headers), clock=clock)
    limiter.observe({"X-Left": "3", "X-Reset": "20"})
    limiter.acquire()
    assert clock.sleeps == []
    limiter.observe({"X-Left": "2", "X-Reset": "20"})
    limiter.acquire()
    assert clock.sleeps == [20.0]
    limiter.observe({"X-Left": "2", "X-Reset": str(int(clock.now().timestamp()) + 30)})
    limiter.acquire()
    assert clock.sleeps[1] == pytest.approx(30.0, abs=1.0)
    limiter.observe({"X-Left": "0", "X-Reset": "3600"})  # this answer still counts
    with pytest.raises(QuotaExhausted) as caught:
        limiter.acquire()
    assert caught.value.until - clock.now() == timedelta(hours=1)
    clock.advance(3601)
    limiter.acquire()


def test_without_a_reset_header_the_window_decides() -> None:
    clock = ManualClock(NOW)
    minute = RateLimiter("a", RateLimit(quota=QuotaHeaders("X-Left")), clock=clock)
    minute.observe({"X-Left": "0"})
    minute.acquire()
    assert clock.sleeps == [60.0]
    day = QuotaHeaders("X-Left", floor=100, window=86_400)
    daily = RateLimiter("b", RateLimit(quota=day), clock=clock)
    daily.observe({"X-Left": "99"})
    with pytest.raises(QuotaExhausted) as caught:
        daily.acquire()
    assert caught.value.until - clock.now() == timedelta(days=1)


def test_one_limiter_per_account() -> None:
    limit = RateLimit(per_second=1)
    assert shared_limiter("one", limit) is shared_limiter("one", limit)
    assert shared_limiter("one", limit) is not shared_limiter("two", limit)


def test_redaction() -> None:
    url = "https://u:p@[::1]:8443/a/b?email=a%40example.org&api_key=k#x"
    assert redact_url(url) == "https://[::1]:8443/a/b?email=***&api_key=***"
    shown = redact_headers({"Authorization": "Bearer x", "X-Key": "k", "Retry-After": "3"})
    assert shown == {"Authorization": "***", "X-Key": "***", "Retry-After": "3"}

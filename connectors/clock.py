"""Time as something that can be handed in, so that no test ever sleeps.

Data flow: Clock -> http (waits, deadlines) and engine (server time, batch ids).
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Wall time (UTC, aware), monotonic seconds, and waiting."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class ManualClock:
    """A clock that only moves when somebody sleeps on it; remembers every sleep (seconds)."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime(2026, 6, 30, 21, tzinfo=UTC)
        self._elapsed = 0.0
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let time pass without anybody having slept."""
        with self._lock:
            self._elapsed += max(0.0, seconds)
            self._now += timedelta(seconds=max(0.0, seconds))


SYSTEM_CLOCK = SystemClock()

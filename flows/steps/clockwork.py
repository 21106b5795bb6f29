"""The clock the engine reads by: the organisation's own, and never running backwards.

Data flow: Today (system | sandbox calendar) + data/state/clock.json -> Clock for the engine.
The sandbox's calendar stands still within its day, but batches must sort by time: real seconds are
added to it from the moment a day was first seen, which is remembered on disk.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from connectors.clock import SYSTEM_CLOCK, Clock
from flows.configuration import Configuration, Today
from flows.home import Home


class SandboxClock:
    """`start` (UTC) plus the real seconds since `anchor`."""

    def __init__(self, start: datetime, anchor: datetime) -> None:
        self._start, self._anchor = start, anchor

    def now(self) -> datetime:
        return self._start + max(timedelta(0), datetime.now(UTC) - self._anchor)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


def engine_clock(configuration: Configuration, today: Today) -> Clock:
    """The clock of one run; reads and, on a new sandbox day, writes data/state/clock.json."""
    if configuration.organisation.clock == "system":
        return SYSTEM_CLOCK
    return _sandbox_clock(configuration.home, today.moment, datetime.now(UTC))


def _sandbox_clock(home: Home, moment: datetime, real: datetime) -> SandboxClock:
    path = home.state / "clock.json"
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        known = {key: datetime.fromisoformat(value) for key, value in note.items()}
        clock = SandboxClock(known["start"], known["anchor"])
        if known["moment"] == moment:
            return clock
        start = max(moment, known["start"] + (real - known["anchor"]) + timedelta(seconds=1))
    except (OSError, ValueError, KeyError):
        start = moment
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".partial")
    note = {"moment": moment, "start": start, "anchor": real}
    text = json.dumps({key: value.isoformat() for key, value in note.items()})
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
    return SandboxClock(start, real)

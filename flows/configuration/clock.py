"""What day it is for the organisation.

Data flow: system clock | the sandbox's loopback clock -> Today(date, moment).
A night's `as_of` is the local date; the sandbox keeps its own calendar so that demos are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import requests

from flows.configuration.models import Organisation
from flows.errors import JourneyError

_TIMEOUT_SECONDS = 10


@dataclass(frozen=True)
class Today:
    """The organisation's local date and the moment (UTC) it was asked for."""

    date: date
    moment: datetime


def read_clock(organisation: Organisation) -> Today:
    """Ask the configured clock; raises JourneyError when the sandbox clock does not answer."""
    if organisation.clock == "system":
        now = datetime.now(UTC)
        return Today(now.astimezone(organisation.zone).date(), now)
    try:
        answer = requests.get(organisation.clock, timeout=_TIMEOUT_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        said = answer.json()
        return Today(date.fromisoformat(said["today"]), datetime.fromisoformat(said["now"]))
    except (OSError, ValueError, KeyError) as error:
        raise JourneyError(
            f"the clock at {organisation.clock} does not answer ({type(error).__name__})",
            hint="Start the sandbox with `journey sandbox serve`, or set `clock: system`.",
        ) from error

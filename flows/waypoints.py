"""Named moments of a night, where a test may pull the plug.

Data flow: a step calls `reached(name)` -> nothing, or SIGKILL when JOURNEY_KILL_AT names it.
Killing at a name is what makes faults 1-3 tests deterministic; nothing else reads the variable.
"""

from __future__ import annotations

import os
import signal


def reached(name: str) -> None:
    """Mark a moment; with JOURNEY_KILL_AT=name this process dies here as if power had failed."""
    if os.environ.get("JOURNEY_KILL_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)

"""Names for runs: sortable by time, unique, safe in a file name.

Data flow: wall clock + randomness -> "20260630T031703-4f1c".
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def new_run_id() -> str:
    """A fresh id; later ids sort after earlier ones (to the second)."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"

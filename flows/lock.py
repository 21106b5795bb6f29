"""One run at a time per organisation.

Data flow: RunLock(home).held(run_id) -> the operating system's file lock + who holds it, as JSON.
The system lock dies with its process, so a stale lock needs no clean-up; the JSON only informs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from flows.errors import AlreadyRunning
from flows.home import Home


class RunLock:
    """The organisation's run lock in data/state/."""

    def __init__(self, home: Home) -> None:
        home.state.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(str(home.state / "run.lock"), timeout=0)
        self._holder = home.state / "run.json"

    @contextmanager
    def held(self, run_id: str, what: str) -> Iterator[None]:
        """Hold the lock for a block; raises AlreadyRunning naming the run that has it."""
        try:
            self._lock.acquire()
        except Timeout:
            raise AlreadyRunning(
                f"already running: {self._describe()}",
                hint="Wait for it to end; `journey status` shows how far it is.",
            ) from None
        try:
            self._write(run_id, what)
            yield
        finally:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def holder(self) -> dict[str, Any] | None:
        """Who holds the lock now, or None; a left-over note of a dead run counts as nobody."""
        try:
            self._lock.acquire()
        except Timeout:
            return self._read() or {"run_id": "unknown"}
        self._lock.release()
        return None

    def _write(self, run_id: str, what: str) -> None:
        note = {
            "run_id": run_id,
            "what": what,
            "pid": os.getpid(),
            "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        beside = Path(f"{self._holder}.{os.getpid()}")
        beside.write_text(json.dumps(note), encoding="utf-8")
        beside.replace(self._holder)

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._holder.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _describe(self) -> str:
        note = self._read()
        if not note:
            return "another run (it has not written its id yet)"
        return (
            f"run {note.get('run_id')} ({note.get('what')}), process {note.get('pid')}, "
            f"since {note.get('started_at')}"
        )

"""A file lock that can tell who holds it.

Data flow: Lock.__enter__ -> flock (given up by the kernel when the holder dies) + a note on who.
"""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from connectors.errors import AlreadyRunning
from connectors.files import write_atomically


class Lock:
    """Held as a context manager; AlreadyRunning names the holder after `timeout` seconds.

    The kernel frees the lock when its process ends, however it ends: a stale lock can not be. The
    note beside it only serves the message.
    """

    def __init__(self, path: Path, purpose: str, *, timeout: float = 0.0) -> None:
        self.path, self._purpose, self._timeout = path, purpose, timeout
        path.parent.mkdir(parents=True, exist_ok=True)
        # Threads exclude each other too, as two runs in one process would be two writers.
        self._lock = FileLock(str(path), timeout=timeout, thread_local=False)
        self._note = path.with_name(path.name + ".holder")

    def __enter__(self) -> Lock:
        try:
            self._lock.acquire()
        except Timeout as error:
            holder = self.holder()
            raise AlreadyRunning(
                f"already {self._purpose}{f' ({holder})' if holder else ''}.",
                holder=holder,
                todo="Wait until it has finished, then run again.",
            ) from error
        note = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "run": os.environ.get("JOURNEY_RUN_ID"),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_atomically(self._note, json.dumps(note).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._note.unlink(missing_ok=True)
        self._lock.release()

    def holder(self) -> str:
        """Who holds it, in words; "" when nobody left a note."""
        try:
            note = json.loads(self._note.read_bytes())
        except (FileNotFoundError, ValueError):
            return ""
        run = f"run {note['run']}, " if note.get("run") else ""
        return f"{run}process {note.get('pid')} on {note.get('host')} since {note.get('since')}"

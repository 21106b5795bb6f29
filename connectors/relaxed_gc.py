"""The garbage collector looks less often while pages of records pass through.

A decoded page is thousands of new objects without a cycle among them; with Python's own thresholds
the collector walks them again and again, which was a quarter of the CPU time of reading.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_RELAXED = (200_000, 50, 50)
_lock = threading.Lock()
_inside = 0
_before = gc.get_threshold()


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """Higher thresholds inside; the last one out (of several threads) puts the old ones back."""
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = gc.get_threshold()
            gc.set_threshold(*_RELAXED)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                gc.set_threshold(*_before)

"""The error of a file that can not be read: which, where, what to do.

Data flow: text.py, sheets.py, reading.py -> broken() -> SourceError -> engine.
"""

from __future__ import annotations

from connectors.errors import SourceError


def broken(name: str, what: str, todo: str) -> SourceError:
    """An error about the file `name`; nothing of it has gone on."""
    return SourceError(f"file {name} {what}", todo=f"{todo} Nothing of it was loaded.")

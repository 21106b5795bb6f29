"""Finding the parts of an answer by dotted paths, and refusing to take "not there" for "nothing".

Data flow: decoded answer -> records, total, next link or token, error -> walking.py, client.py.

Messages name the path and the keys that are there, never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.errors import SourceError

Row = Mapping[str, Any]


class _Missing:
    """The mark of a path that leads nowhere."""


MISSING: Final = _Missing()


def find(body: Any, path: str) -> Any:
    """The value at a dotted path ("" or "." is the answer itself), or MISSING."""
    if path in ("", "."):
        return body
    if isinstance(body, Mapping) and path in body:
        return body[path]
    value = body
    for step in path.split("."):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value


def records(body: Any, path: str) -> list[Row]:
    """The list of records; SourceError when the path is missing or holds something else."""
    found = find(body, path)
    if found is MISSING:
        raise SourceError(
            f"the answer has nothing at `records: {path}`{_keys(body)}.",
            todo="Correct `records`, or look at the answer: it may be an error.",
        )
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise SourceError(
            f"`records: {path}` is {_kind(found)}, not a list of records.",
            todo="Correct `records`.",
        )
    return found


def total(body: Any, path: str | None) -> int | None:
    """The API's own count; SourceError when it was promised and is no number."""
    if path is None:
        return None
    found = find(body, path)
    if isinstance(found, str) and found.isdigit():
        return int(found)
    if isinstance(found, int) and not isinstance(found, bool):
        return found
    raise SourceError(
        f"the answer has no number at `total: {path}`{_keys(body)}.", todo="Correct `total`."
    )


def more(body: Any, path: str) -> bool:
    """Whether the API says that there is more; SourceError when it does not say."""
    found = find(body, path)
    if isinstance(found, bool):
        return found
    raise SourceError(
        f"the answer has no true or false at `more: {path}`{_keys(body)}.", todo="Correct `more`."
    )


def mark(body: Any, path: str) -> str | None:
    """A next link or token; None when it is not there, null, false or empty."""
    found = find(body, path)
    if found is MISSING or found is None or found is False or found == "":
        return None
    if isinstance(found, str | int):
        return str(found)
    raise SourceError(f"`selector: {path}` is {_kind(found)}, not a text.", todo="Correct it.")


def says_error(body: Any, path: str | None) -> bool:
    """Whether there is something at the path that stands for an error."""
    if path is None:
        return False
    found = find(body, path)
    return found is not MISSING and bool(found)


def _keys(body: Any) -> str:
    if isinstance(body, Mapping):
        return f"; its keys are {', '.join(map(str, body))[:200] or 'none'}"
    return f"; it is {_kind(body)}"


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Mapping):
        return "an object"
    return "null" if value is None else "a single value"

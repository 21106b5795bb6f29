"""Records into landed lines: clean, bounded, with comparable contact keys beside them.

Data flow: Page.rows -> Encoder.encode() -> gzip bytes of lines {"n", "r", "k"?, "bad"?}.

`n` numbers the rows of a batch in the order they were read, `r` is the record as sent (keys
sorted), `k` holds `<c>_key` and `<c>_e164`, `bad` says why a record can not be taken as it is.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connectors.landing.contact_keys import email_key, phone_e164
from connectors.landing.fields import value_at
from connectors.protocol import StreamSpec

MAX_FIELD = 1_000_000  # characters of one text
MAX_RECORD = 8_000_000  # bytes of one record
ORIGIN = "_origin"  # key of a record that tells where a file's row stood; never a column
ROWS_PER_PAGE = 1_000_000  # upper bound, so that `n // ROWS_PER_PAGE` is the page


@dataclass(frozen=True)
class Encoded:
    """One stream's rows of one page: compressed lines, their number, a digest of the content."""

    data: bytes
    rows: int
    digest: str


class Encoder:
    """Encodes one stream's rows."""

    def __init__(self, spec: StreamSpec, *, phone_region: str = "DE") -> None:
        self._spec = spec
        self._region = phone_region
        self._emails = _paths(spec, "email")
        self._phones = _paths(spec, "phone")

    def encode(self, page_number: int, rows: Sequence[Mapping[str, Any]]) -> Encoded:
        """The rows as one gzip file; ValueError when a page holds a million rows or more."""
        if len(rows) >= ROWS_PER_PAGE:
            raise ValueError(f"a page of {len(rows)} rows; {ROWS_PER_PAGE - 1} is the most")
        first = page_number * ROWS_PER_PAGE
        lines, digest = [], hashlib.sha256()
        for index, record in enumerate(rows):
            body, bad = _body(record)
            if bad is not None:
                kept = (*self._spec.primary_key, ORIGIN)
                body = _dumps({c: _scrub(record[c]) for c in kept if c in record})
                keys = ""
            else:
                keys = self._keys(record)
            digest.update(body.encode())
            digest.update(b"\n")
            lines.append(f'{{"n":{first + index}{keys}{_reason(bad)},"r":{body}}}\n')
        data = gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0)
        return Encoded(data, len(rows), digest.hexdigest() if rows else "")

    def _keys(self, record: Mapping[str, Any]) -> str:
        """The `k` member as JSON text, or ""."""
        if not self._emails and not self._phones:
            return ""
        found: dict[str, str] = {}
        for name, path in self._emails:
            value = value_at(record, path)
            key = email_key(value) if isinstance(value, str) and value else None
            if key is not None:
                found[f"{name}_key"] = key
        for name, path in self._phones:
            value = value_at(record, path)
            key = phone_e164(value, self._region) if isinstance(value, str) and value else None
            if key is not None:
                found[f"{name}_e164"] = key
        return f',"k":{_dumps(found)}' if found else ""


def _paths(spec: StreamSpec, kind: str) -> list[tuple[str, str]]:
    return [(n, c.path or n) for n, c in spec.columns.items() if c.type == kind]


def _body(record: Mapping[str, Any]) -> tuple[str, str | None]:
    """(JSON text, reason why not): cleaned only where it must be, as it costs time."""
    try:
        text = _dumps(record)
        clean = len(text) <= MAX_FIELD and "\\u0000" not in text and text.isprintable()
        if not clean:
            text.encode()
            clean = len(text) <= MAX_FIELD and "\\u0000" not in text
    except (UnicodeEncodeError, ValueError, TypeError):
        clean, text = False, ""
    if clean:
        return text, None
    try:
        text = _dumps(_scrub(record))
    except (ValueError, TypeError):
        return "", "holds a value that is not JSON"
    if len(text.encode()) > MAX_RECORD:
        return "", f"is larger than {MAX_RECORD} bytes"
    return text, None


def _scrub(value: Any) -> Any:
    """The value without NUL and lone surrogates, and with no text longer than MAX_FIELD."""
    if isinstance(value, str):
        text = value.replace("\x00", "").encode("utf-8", "replace").decode()
        return text[:MAX_FIELD]
    if isinstance(value, Mapping):
        return {str(_scrub(str(key))): _scrub(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub(item) for item in value]
    return value


def _reason(bad: str | None) -> str:
    return f',"bad":{_dumps(bad)}' if bad else ""


def _plain(value: Any) -> Any:
    """Values that parsers of files and databases give, as JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_dumps = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
).encode


def encode_keys(keys: Sequence[Sequence[Any]]) -> bytes:
    """Primary keys as one gzip file of JSON arrays, all values as text."""
    lines = [_dumps({"id": [str(part) for part in key]}) + "\n" for key in keys]
    return gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0)

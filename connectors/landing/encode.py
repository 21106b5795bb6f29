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
from json.encoder import encode_basestring
from typing import Any

import orjson

from connectors.landing.email_addresses import email_key
from connectors.landing.fields import value_at
from connectors.landing.phone_numbers import phone_e164
from connectors.protocol import StreamSpec

MAX_FIELD = 1_000_000  # characters of one text
MAX_RECORD = 8_000_000  # bytes of one record
MAX_LINE = MAX_RECORD + 1_000_000  # bytes of one landed line: the record and what stands beside it
ORIGIN = "_origin"  # key of a record that tells where a file's row stood; never a column
ROWS_PER_PAGE = 1_000_000  # upper bound, so that `n // ROWS_PER_PAGE` is the page


@dataclass(frozen=True)
class Encoded:
    """One stream's rows of one page: compressed lines, their number, a digest of the content.

    `keys`: the keys of its records as sent, also of members that are not landed.
    """

    data: bytes
    rows: int
    digest: str
    keys: frozenset[str]


class Encoder:
    """Encodes one stream's rows."""

    def __init__(self, spec: StreamSpec, *, phone_region: str = "DE") -> None:
        self._spec = spec
        self._region = phone_region
        self._emails = _paths(spec, "email")
        self._phones = _paths(spec, "phone")
        self._only = known_keys(spec) if spec.unknown == "dropped" else None

    def encode(self, page_number: int, rows: Sequence[Mapping[str, Any]]) -> Encoded:
        """The rows as one gzip file; ValueError when a page holds a million rows or more."""
        if len(rows) >= ROWS_PER_PAGE:
            raise ValueError(f"a page of {len(rows)} rows; {ROWS_PER_PAGE - 1} is the most")
        first = page_number * ROWS_PER_PAGE
        bodies, lines = [], []
        present: set[str] = set()
        for index, sent in enumerate(rows):
            present.update(sent)
            only = self._only
            record = sent if only is None else {k: v for k, v in sent.items() if k in only}
            body, bad = _body(record)
            if bad is not None:
                kept = (*self._spec.primary_key, ORIGIN)
                body = _dumps({c: _scrub(record[c]) for c in kept if c in record})
                head = f'{{"n":{first + index},"bad":"{bad}","r":'
            else:
                head = f'{{"n":{first + index}{self._keys(record)},"r":'
            bodies.append(body)
            lines.append(b"%b%b}\n" % (head.encode(), body))
        data = gzip.compress(b"".join(lines), compresslevel=1, mtime=0)
        digest = hashlib.sha256(b"\n".join(bodies)).hexdigest() if rows else ""
        return Encoded(data, len(rows), digest, frozenset(present))

    def _keys(self, record: Mapping[str, Any]) -> str:
        """The `k` member as JSON text, or ""."""
        if not self._emails and not self._phones:
            return ""
        found = []
        for name, path in self._emails:
            value = value_at(record, path)
            if value and isinstance(value, str) and (key := email_key(value)) is not None:
                found.append(f'"{name}_key":{encode_basestring(key)}')
        for name, path in self._phones:
            value = value_at(record, path)
            if value and isinstance(value, str) and (key := phone_e164(value, self._region)):
                found.append(f'"{name}_e164":"{key}"')
        return f',"k":{{{",".join(found)}}}' if found else ""


def known_keys(spec: StreamSpec) -> frozenset[str]:
    """The keys of a record that the stream's declaration speaks of."""
    paths = {column.path or name for name, column in spec.columns.items()}
    paths |= {spec.deleted_when or ORIGIN, spec.cursor.field or ORIGIN, ORIGIN, *spec.primary_key}
    return frozenset(paths | {path.split(".")[0] for path in paths})


def _paths(spec: StreamSpec, kind: str) -> list[tuple[str, str]]:
    return [(n, c.path or n) for n, c in spec.columns.items() if c.type == kind]


def _body(record: Mapping[str, Any]) -> tuple[bytes, str | None]:
    """(JSON, reason why not): cleaned only where it must be, as it costs time.

    A number that is none (a parser's NaN) is null. Reasons hold no quote: they are put into JSON.
    """
    try:
        text = _dumps(record)
        if len(text) <= MAX_FIELD and b"\\u0000" not in text:
            return text, None
    except (TypeError, ValueError, RecursionError):
        pass  # a lone surrogate, a huge number, or something that is not JSON at all
    try:
        text = _slowly(_scrub(record)).encode()
    except (ValueError, TypeError, RecursionError):
        return b"", "holds a value that is not JSON"
    if len(text) > MAX_RECORD:
        return b"", f"is larger than {MAX_RECORD} bytes"
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
    return None if isinstance(value, float) and value != value else value


def _plain(value: Any) -> Any:
    """Values that parsers of files and databases give, as JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME
# For whole numbers beyond 64 bits and keys that are not text.
_slowly = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
).encode


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, default=_plain, option=_OPTIONS)


def encode_keys(keys: Sequence[Sequence[Any]]) -> bytes:
    """Primary keys as one gzip file of JSON arrays, all values as text."""
    lines = [_dumps({"id": [str(part) for part in key]}) + b"\n" for key in keys]
    return gzip.compress(b"".join(lines), compresslevel=1, mtime=0)

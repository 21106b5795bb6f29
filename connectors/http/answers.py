"""What came back: a decoded answer, or an error that says what to do.

Data flow: HttpClient -> whole body -> Answers.json()/text() -> Answer, or connectors/errors.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
import requests

from connectors.clock import Clock
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.http.retry import parse_retry_after


@dataclass(frozen=True)
class Answer:
    """A decoded answer: `body` is the JSON (or the text), `server_time` the vendor's clock (UTC).

    The clock is None where the vendor does not tell it.
    """

    body: Any
    status: int
    headers: Mapping[str, str]
    url: str
    server_time: datetime | None = None


# Every digit as 0: a search for zeros in it is many times quicker than one for digits.
_DIGITS = bytes.maketrans(b"0123456789", b"0" * 10)
_LONG_NUMBER = b"0" * 19

Decoder = Callable[[requests.Response, bytes, str], Answer]


class Answers:
    """Reads answers of one client; `vendor_error` as in HttpClient."""

    def __init__(
        self,
        clock: Clock,
        vendor_error: Callable[[int, Any], JourneyConnectorError | None] | None,
    ) -> None:
        self._clock, self._vendor_error = clock, vendor_error

    def json(self, response: requests.Response, content: bytes, where: str) -> Answer:
        """The JSON; RetryableError when it is none or not complete, else as `_refuse`."""
        status = response.status_code
        body, readable = _parsed(content)
        self._refuse(response, body if readable else None, where)
        if not readable and not _is_empty(response, content):
            raise RetryableError(
                f"{where} answered {status} with something that is not complete JSON"
                f" ({_media_type(response)}, {len(content)} bytes).",
                todo="If it stays so, check `base_url`: a log-in or error page may be in the way.",
            )
        return _answer(body, response)

    def text(self, kind: str, response: requests.Response, content: bytes, where: str) -> Answer:
        """The text; RetryableError when it is of another media type than `kind`."""
        found = _media_type(response)
        body, readable = _parsed(content) if found == "application/json" else (None, False)
        self._refuse(response, body if readable else None, where)
        if found != kind:
            raise RetryableError(
                f"{where} answered {response.status_code} with {found} instead of {kind}"
                f" ({len(content)} bytes).",
                todo="If it stays so, check `base_url`: a log-in or error page may be in the way.",
            )
        try:
            return _answer(content.decode("utf-8-sig"), response)
        except UnicodeDecodeError as error:
            raise RetryableError(f"{where} answered with text that is not UTF-8.") from error

    def _refuse(self, response: requests.Response, body: Any, where: str) -> None:
        """Raise what status and error document mean; nothing when the answer is one."""
        status = response.status_code
        wait = parse_retry_after(response.headers.get("Retry-After"), self._clock.now())
        if status == 429:
            raise RateLimited(f"{where} answered 429 (too many requests).", wait=wait)
        if body is not None and self._vendor_error:
            error = self._vendor_error(status, body)
            if error is not None:
                raise error
        if status < 300:
            return
        if status < 400:
            raise AuthenticationError(
                f"{where} redirects elsewhere ({status}) instead of answering.",
                todo="Check the credentials and `base_url`: a log-in page shows itself like this.",
            )
        if status == 401:
            raise AuthenticationError(
                f"{where} refused the credentials (401).", todo="Check or renew the key."
            )
        if status == 403:
            raise NotPermitted(
                f"{where} forbids this (403).", todo="Give the key the right to read it."
            )
        if status == 503 and wait is not None:
            raise RateLimited(f"{where} is unavailable (503).", wait=wait)
        if status in (408, 425) or status >= 500:
            raise RetryableError(f"{where} answered {status}.")
        raise SourceError(
            f"{where} answered {status}: repeating the request would not help.",
            todo="Check the path and the parameters against the vendor's documentation.",
        )


def _is_empty(response: requests.Response, content: bytes) -> bool:
    """An answer that is meant to have no body: 204, or 201 that says so and where the new one is.

    A cut-off answer announces the length it had, or none.
    """
    if response.status_code == 204:
        return True
    announced = response.headers.get("Content-Length")
    is_told = announced == "0" and "Location" in response.headers
    return response.status_code == 201 and is_told and not content


def _parsed(content: bytes) -> tuple[Any, bool]:
    """(the JSON, True), or (None, False) when the content is none or not complete.

    Python's own parser takes three times as long, so it gets only what the quick one would round
    (numbers beyond 64 bits) or refuse (halves of surrogate pairs).
    """
    if _LONG_NUMBER not in content.translate(_DIGITS):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(content), True
    try:
        body = json.loads(content, parse_constant=_no_constant) if content else None
    except (ValueError, RecursionError):
        return None, False
    return body, bool(content)


def _answer(body: Any, response: requests.Response) -> Answer:
    return Answer(
        body,
        response.status_code,
        dict(response.headers),
        response.url,
        _date(response.headers.get("Date")),
    )


def _media_type(response: requests.Response) -> str:
    named = response.headers.get("Content-Type", "no content type")
    return named.partition(";")[0].strip().lower()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _date(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if value else None
    except (ValueError, TypeError):
        return None

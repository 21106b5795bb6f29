"""One careful HTTP client for all connectors.

Data flow: source -> HttpClient.json()/text() -> pin to the configured host -> limiter -> auth
           -> vendor -> whole body within a deadline -> decoded answer or an error that says what
           to do.

What it never does: follow a redirect, talk to another host than the configured one, accept half an
answer, wait without end, or put a payload or a secret into a message.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urljoin

import requests
import urllib3

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import (
    ConfigurationError,
    JourneyConnectorError,
    RetryableError,
)
from connectors.http.answers import Answer, Answers, Decoder
from connectors.http.auth import Auth
from connectors.http.origin import origin, refuse_clear_text
from connectors.http.rate_limit import RateLimiter
from connectors.http.redaction import redact_url
from connectors.http.retry import RetryPolicy, call

__all__ = ["Answer", "HttpClient", "Timeouts", "Usage"]

_CHUNK = 1 << 16


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, between two pieces of the answer, and for one whole exchange."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0


@dataclass
class Usage:
    """What a client has used so far; read by the engine for its receipts."""

    requests: int = 0
    bytes: int = 0


class HttpClient:
    """A session bound to one base URL and one account.

    `vendor_error(status, body)` may turn an error body into a fitting error, whatever the status:
    some services report failures with 200. It must not quote the body.
    """

    def __init__(
        self,
        base_url: str,
        *,
        source: str,
        auth: Auth | None = None,
        limiter: RateLimiter | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        verify: bool | str = True,
        user_agent: str = "member-journey",
        headers: Mapping[str, str] | None = None,
        vendor_error: Callable[[int, Any], JourneyConnectorError | None] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.base_url = base_url.rstrip("/") + "/"
        self.source = source
        self.usage = Usage()
        self._origin = origin(self.base_url)
        refuse_clear_text(self.base_url, source)
        self._auth, self._limiter, self._clock = auth or Auth(), limiter, clock
        self._retry, self._timeouts = retry or RetryPolicy(), timeouts or Timeouts()
        self._verify, self._answers = verify, Answers(self._clock, vendor_error)
        self._headers = {"User-Agent": user_agent, "Accept": "application/json", **(headers or {})}
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()

    def json(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        form: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: str | None = None,
    ) -> Answer:
        """The decoded JSON answer of one request, retried as its errors allow.

        `path` is relative to the base URL, or an absolute URL of the same origin (a `next` link).
        """
        request = requests.Request(
            method,
            self.resolve(path),
            params=params,
            json=body,
            data=form,
            headers={**self._headers, **(headers or {})},
        )
        return self._ask(request, self._answers.json, stream)

    def text(
        self,
        path: str,
        *,
        kind: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        stream: str | None = None,
    ) -> Answer:
        """The answer of one GET as text (UTF-8), for tables and the like; retried as `json` is.

        `kind` is the media type asked for, for example text/csv: an answer of another kind (a web
        page) is no answer. An error's document is read as JSON, as everywhere.
        """
        request = requests.Request(
            "GET",
            self.resolve(path),
            params=params,
            headers={**self._headers, "Accept": kind, **(headers or {})},
        )
        return self._ask(request, partial(self._answers.text, kind), stream)

    def resolve(self, path: str) -> str:
        """The absolute URL of `path`; ConfigurationError if it leaves scheme, host or port."""
        url = urljoin(self.base_url, path)
        if origin(url) != self._origin:
            raise ConfigurationError(
                f"refused to follow a link to another host ({redact_url(url)}).",
                source=self.source,
                todo=f"Only {redact_url(self.base_url)} is configured; check `base_url`.",
            )
        return url

    def close(self) -> None:
        """Close the connections of every thread."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._local = threading.local()

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False  # no credentials from .netrc, no surprising proxy
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _ask(self, request: requests.Request, decode: Decoder, stream: str | None) -> Answer:
        try:
            return call(
                lambda: self._exchange(request, decode), policy=self._retry, clock=self._clock
            )
        except JourneyConnectorError as error:
            raise error.within(self.source, stream) from error.__cause__

    def _exchange(
        self, request: requests.Request, decode: Decoder, *, renewed: bool = False
    ) -> Answer:
        if self._limiter:
            self._limiter.acquire()
        session = self._session()
        prepared = session.prepare_request(request)
        used = self._auth.current()
        prepared = self._auth(prepared)
        where = redact_url(request.url or "")
        started = self._clock.monotonic()
        try:
            response = session.send(
                prepared,
                timeout=(self._timeouts.connect, self._timeouts.read),
                allow_redirects=False,
                verify=self._verify,
                stream=True,
            )
            with response:
                content = self._read(response, started)
        except requests.exceptions.SSLError as error:
            raise ConfigurationError(
                f"the TLS certificate of {where} could not be verified.",
                todo="Check `base_url`, or name the organisation's own CA file.",
            ) from error
        except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
            raise RetryableError(f"time-out at {where}.") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise RetryableError(f"the connection to {where} broke.") from error
        with self._lock:
            self.usage.requests += 1
            self.usage.bytes += len(content)
        if response.status_code == 401 and not renewed and self._auth.refresh(used):
            return self._exchange(request, decode, renewed=True)
        answer = decode(response, content, where)
        if self._limiter:
            self._limiter.observe(response.headers)
        return answer

    def _read(self, response: requests.Response, started: float) -> bytes:
        """The whole body within the deadline: a server that drips bytes must not hold us."""
        pieces: list[bytes] = []
        while True:
            piece = response.raw.read1(_CHUNK, decode_content=True)
            if not piece:
                break
            pieces.append(piece)
            if self._clock.monotonic() - started > self._timeouts.total:
                raise requests.Timeout("deadline")
        return b"".join(pieces)

"""Faults a fake server can show: what to do instead of (or around) a correct answer.

Data flow: test -> Faults (ordered rules) -> FakeServer asks `match` once per request -> Directive.

    faults = Faults()
    faults.on(r"/orders").nth(3).rate_limited(retry_after=2)       # the third order page only
    faults.on(r"/segments/\\d+$", method="POST").nth(2).lost()      # done, but the answer is lost
    faults.on(r"/customers").every().status(503)                   # down for good
    faults.on(r"/Contact/get").nth(2).drift(lambda: store.put(...))

Every rule counts its own matches. The first rule that is due decides; it is used up after `times`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Literal

Kind = Literal[
    "pass", "status", "truncate", "timeout", "half_close", "reset", "repeat", "lost", "drift"
]
RetryAfterForm = Literal["seconds", "http_date", "iso_date", "none"]
Hook = Callable[[], object]


@dataclass(frozen=True)
class Directive:
    """What the server does for one request. `before`/`after` are called around the answer."""

    kind: Kind = "pass"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0  # timeout, half_close: how long the connection stays silent
    share: float = 0.5  # truncate: part of the body that is sent
    before: Hook | None = None
    after: Hook | None = None


def http_date(timestamp: float) -> str:
    """RFC 9110 date from unix seconds, e.g. Tue, 30 Jun 2026 21:00:00 GMT"""
    return format_datetime(datetime.fromtimestamp(timestamp, UTC), usegmt=True)


def retry_after_headers(seconds: float, form: RetryAfterForm) -> dict[str, str]:
    """Retry-After in the three forms vendors use (Zoom sends an ISO date), or no header at all."""
    at = datetime.fromtimestamp(time.time() + seconds, UTC)
    if form == "seconds":
        return {"Retry-After": str(int(seconds) if seconds == int(seconds) else seconds)}
    if form == "http_date":
        # HTTP dates have whole seconds: round up, or a short wait becomes none.
        return {"Retry-After": http_date((at + timedelta(seconds=1)).timestamp())}
    if form == "iso_date":
        return {"Retry-After": at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
    return {}


class Rule:
    """One rule under construction; the last call names the action and arms the rule."""

    def __init__(self, faults: Faults, pattern: str, method: str | None) -> None:
        self._faults = faults
        self._pattern = re.compile(pattern)
        self._method = method
        self._first = 1
        self._times: int | None = 1
        self._seen = 0
        self._used = 0
        self.directive = Directive()
        self._after: Hook | None = None

    def nth(self, number: int) -> Rule:
        """Start with the nth matching request (1 = the first)."""
        if number < 1:
            raise ValueError(f"nth counts from 1, not {number}")
        self._first = number
        return self

    def times(self, number: int) -> Rule:
        """Act on so many matching requests, from `nth` on."""
        self._times = number
        return self

    def every(self) -> Rule:
        """Act on all matching requests, from `nth` on."""
        self._times = None
        return self

    def after(self, hook: Hook) -> Rule:
        """Also call `hook` once the response is on the wire (or was lost): crash simulation."""
        self._after = hook
        return self

    @property
    def hits(self) -> int:
        """How often the rule has acted."""
        return self._used

    def counts(self, method: str, target: str) -> bool:
        """Count a request; True when this rule could act on it. Called under the list's lock."""
        if self._method is not None and method != self._method:
            return False
        if self._pattern.search(target) is None:
            return False
        self._seen += 1
        return self._seen >= self._first and (self._times is None or self._used < self._times)

    def take(self) -> Directive:
        """Use the rule once. Called under the list's lock."""
        self._used += 1
        return self.directive

    def _arm(self, directive: Directive) -> Rule:
        self.directive = replace(directive, after=self._after)
        return self._faults.add(self)

    def status(
        self,
        status: int,
        body: bytes | str | Mapping[str, Any] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Rule:
        """Answer with this status (500, 503, ...) instead of asking the app."""
        kind = "application/json" if isinstance(body, Mapping) else "text/plain"
        return self._arm(
            Directive(
                "status",
                status=status,
                headers={"Content-Type": kind, **(headers or {})},
                body=_bytes(body),
            )
        )

    def rate_limited(
        self,
        retry_after: float = 1,
        form: RetryAfterForm = "seconds",
        body: bytes | str | Mapping[str, Any] = b"",
    ) -> Rule:
        """429, with Retry-After as seconds, HTTP date, ISO date, or without it.

        The date is worked out when the rule is armed plus `retry_after` seconds.
        """
        return self.status(429, body, retry_after_headers(retry_after, form))

    def html(self, text: str = "<!doctype html><html><body>Maintenance</body></html>") -> Rule:
        """HTML with status 200, as proxies and login pages send it."""
        return self.status(200, text, {"Content-Type": "text/html; charset=utf-8"})

    def error_body(self, body: Mapping[str, Any]) -> Rule:
        """An error document with status 200."""
        return self.status(200, body)

    def truncated(self, share: float = 0.5) -> Rule:
        """Announce the whole body, send a part of it, close."""
        return self._arm(Directive("truncate", share=share))

    def timeout(self, seconds: float = 5.0) -> Rule:
        """Stay silent for `seconds`, then close without an answer."""
        return self._arm(Directive("timeout", seconds=seconds))

    def half_closed(self, seconds: float = 5.0) -> Rule:
        """Close the reading side and stay silent: the client must have a deadline of its own."""
        return self._arm(Directive("half_close", seconds=seconds))

    def reset(self) -> Rule:
        """Reset the connection (RST) before anything is done."""
        return self._arm(Directive("reset"))

    def repeat_previous(self) -> Rule:
        """Answer with the previous response of the same path, whatever was asked."""
        return self._arm(Directive("repeat"))

    def drift(self, change: Hook) -> Rule:
        """Call `change` (insert, update, delete records), then answer correctly."""
        return self._arm(Directive("drift", before=change))

    def lost(self) -> Rule:
        """Do what was asked, then close without an answer."""
        return self._arm(Directive("lost"))

    def crash_after(self, hook: Hook) -> Rule:
        """Answer correctly, then call `hook` (for example to kill the client process)."""
        return self.after(hook)._arm(Directive("pass"))


class Faults:
    """An ordered list of rules, shared by the threads of one server."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def on(self, pattern: str = "", method: str | None = None) -> Rule:
        """Begin a rule for requests whose path and query contain the regular expression."""
        return Rule(self, pattern, method)

    def add(self, rule: Rule) -> Rule:
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def match(self, method: str, target: str) -> Directive | None:
        """The directive for this request, or None. `target` is path and query as sent."""
        with self._lock:
            # All rules count every request, so that each one's `nth` means what it says.
            ready = [rule for rule in self._rules if rule.counts(method, target)]
            return ready[0].take() if ready else None


def _bytes(body: bytes | str | Mapping[str, Any]) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()

"""Errors of the connectors, classed by what to do next.

Data flow: vendor answer -> http/retry.py or a source -> one of these -> engine -> flow, log, user.

    JourneyConnectorError           has `source`, `stream` and `todo` (what a person can do)
    ├── RetryableError              try the same request again (time-out, 5xx, half an answer)
    │   └── RateLimited             try again after `wait` seconds
    ├── QuotaExhausted              stop this source and start it again at `until`
    ├── ConfigurationError          somebody must change the configuration
    │   ├── AuthenticationError     ... the credentials
    │   └── NotPermitted            ... what the credentials are allowed to do
    ├── ContractError               the data changed shape: look at the stream's declaration
    ├── SourceError                 for good: this stream fails, other streams and sources go on
    │   ├── LoopError               the vendor's paging goes in circles
    │   └── ShortReadError          fewer rows came than the vendor itself counted
    └── AlreadyRunning              another run holds the lock: wait for it

Messages name places and counts. They never hold a vendor's payload, a secret or personal data.
"""

from __future__ import annotations

from datetime import datetime


class JourneyConnectorError(Exception):
    """Anything a connector can fail with; `str(error)` says where, what, and what to do."""

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        stream: str | None = None,
        todo: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.stream = stream
        self.todo = todo

    def within(self, source: str, stream: str | None = None) -> JourneyConnectorError:
        """The same error with its place filled in where it was unknown."""
        self.source = self.source or source
        self.stream = self.stream or stream
        return self

    def __str__(self) -> str:
        place = ".".join(part for part in (self.source, self.stream) if part)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.todo}" if self.todo else text


class RetryableError(JourneyConnectorError):
    """The same request may well succeed in a moment."""


class RateLimited(RetryableError):
    """The vendor asked to wait `wait` seconds (None: it did not say how long)."""

    def __init__(self, message: str, *, wait: float | None = None, **place: str | None) -> None:
        super().__init__(message, **place)
        self.wait = wait


class QuotaExhausted(JourneyConnectorError):
    """An hourly or daily allowance is used up; nothing helps before `until` (UTC)."""

    def __init__(self, message: str, *, until: datetime, **place: str | None) -> None:
        super().__init__(message, **place)
        self.until = until


class ConfigurationError(JourneyConnectorError):
    """The configuration is wrong; repeating the request can not help."""


class AuthenticationError(ConfigurationError):
    """The credentials were refused, expired or revoked."""


class NotPermitted(ConfigurationError):
    """The credentials are good but may not read this."""


class ContractError(JourneyConnectorError):
    """The records do not have the shape the stream declares."""


class SourceError(JourneyConnectorError):
    """The vendor refuses or breaks this request for good."""


class LoopError(SourceError):
    """The same page token, or the same page, came again and again."""


class ShortReadError(SourceError):
    """Fewer rows were read than the vendor's own count promised."""


class AlreadyRunning(JourneyConnectorError):
    """Another process holds the lock; `holder` describes it."""

    def __init__(self, message: str, *, holder: str = "", **place: str | None) -> None:
        super().__init__(message, **place)
        self.holder = holder

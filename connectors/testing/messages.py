"""What passes between a fake server and the vendor behaviour behind it.

Data flow: socket -> Request -> App.handle -> Response -> socket; RecordedRequest is for the tests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Request:
    """One request as the app sees it. Header names are lower case; `query` keeps repeats."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = ""
    concurrency: int = 1  # requests under way at once, this one included

    def param(self, name: str, default: str | None = None) -> str | None:
        """The last value of a query parameter, as most vendors read it."""
        return dict(self.query).get(name, default)

    def json(self) -> Any:
        """The body as JSON; None when it is empty. Raises ValueError when it is something else."""
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Response:
    """What the app answers; `body` is bytes on the wire."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(
        cls,
        value: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Response:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        # A lone surrogate is legal in JSON only as an escape: keep it one instead of failing.
        try:
            body = text.encode("utf-8")
        except UnicodeEncodeError:
            body = json.dumps(value, separators=(",", ":")).encode("ascii")
        return cls(status, {"Content-Type": content_type, **(headers or {})}, body)


class App(Protocol):
    """A vendor's behaviour."""

    def handle(self, request: Request) -> Response:
        """Answer one request; called from several threads at once."""


@dataclass(frozen=True)
class RecordedRequest:
    """What a test may look at afterwards; secret headers are kept as "<hidden>"."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    time: float  # time.monotonic() at arrival, seconds
    concurrency: int

    def param(self, name: str) -> str | None:
        return dict(self.query).get(name)

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

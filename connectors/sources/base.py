"""What every HTTP source's settings and client have in common.

Data flow: config/sources.yml -> HttpSettings (checked) -> client_for() -> HttpClient.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, Any, Generic, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.errors import JourneyConnectorError
from connectors.http.auth import Auth
from connectors.http.client import HttpClient, Timeouts, Usage
from connectors.http.oauth import TokenStore
from connectors.http.rate_limit import RateLimit, shared_limiter
from connectors.http.retry import RetryPolicy
from connectors.protocol import CheckItem, StreamSpec
from connectors.registry import SourceContext


def check_base_url(value: str) -> str:
    """The URL without a trailing slash; ValueError when credentials could leak through it."""
    parts = urlsplit(value.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected a full address such as https://example.org")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("expected a plain address, without user name, password, ? or #")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("expected https:// (plain http is allowed for this machine only)")
    return value.strip().rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


BaseUrl = Annotated[str, AfterValidator(check_base_url)]


class HttpSettings(BaseModel):
    """Settings every HTTP source has; unknown keys are refused.

    Pauses between attempts double from `first_pause_seconds` on; `requests_per_second` can only
    lower what the vendor allows; `ca_file` is an organisation's own certificate authority.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    max_attempts: int = Field(default=6, ge=1, le=20)
    first_pause_seconds: float = Field(default=0.5, ge=0, le=60)
    requests_per_second: float | None = Field(default=None, gt=0)
    ca_file: str | None = None


class _Closing(Protocol):
    @property
    def usage(self) -> Usage: ...

    def close(self) -> None: ...


C = TypeVar("C", bound=_Closing)


class VendorClient:
    """A vendor's API over one HTTP client, whose requests are counted and which is closed."""

    _http: HttpClient

    @property
    def usage(self) -> Usage:
        """Requests and bytes so far."""
        return self._http.usage

    def close(self) -> None:
        self._http.close()


class ClientSource(Generic[C]):
    """A source that does everything through one client."""

    _client: C

    @property
    def usage(self) -> Usage:
        """Requests and bytes so far."""
        return self._client.usage

    def close(self) -> None:
        self._client.close()


@dataclass(frozen=True)
class Place:
    """Where a read stands; the engine stores it as text and hands it back to resume."""

    @classmethod
    def parse(cls, text: str | None) -> Self:
        """The place a text names; without one, the beginning."""
        return cls(**json.loads(text)) if text else cls()

    def text(self) -> str:
        return json.dumps(self.__dict__, separators=(",", ":"))


def with_lookback(
    specs: Sequence[StreamSpec], stream: str, window: timedelta
) -> Sequence[StreamSpec]:
    """The specs, `stream` with a configured re-read window instead of its declared one."""
    return [
        replace(spec, cursor=replace(spec.cursor, lookback=window)) if spec.name == stream else spec
        for spec in specs
    ]


def client_for(
    name: str,
    base_url: str,
    settings: HttpSettings,
    context: SourceContext,
    *,
    auth: Auth,
    account: str,
    limit: RateLimit,
    headers: Mapping[str, str] | None = None,
    vendor_error: Callable[[int, Any], JourneyConnectorError | None] | None = None,
) -> HttpClient:
    """A client for one account of one vendor. `limit` is the vendor's; settings may only lower it.

    `account` names the account without a secret: sources of one account share one limiter.
    """
    timeouts = Timeouts(connect=min(10.0, settings.timeout_seconds), read=settings.timeout_seconds)
    rates = [r for r in (limit.per_second, settings.requests_per_second) if r is not None]
    lowered = RateLimit(
        per_second=min(rates, default=None),
        burst=limit.burst,
        per_day=limit.per_day,
        quota=limit.quota,
        longest_wait=limit.longest_wait,
    )
    return HttpClient(
        base_url,
        source=name,
        auth=auth,
        limiter=shared_limiter(account, lowered, state_dir=context.state_dir),
        retry=RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds),
        timeouts=timeouts,
        verify=settings.ca_file or True,
        user_agent=context.user_agent,
        headers=headers,
        vendor_error=vendor_error,
    )


def token_store(name: str, first: SecretStr | None, context: SourceContext) -> TokenStore:
    """Where the OAuth tokens of a source are kept: one file per first refresh token.

    An account that is connected again brings a new first token, and with it an empty file: the
    revoked token of the old connection is not tried again.
    """
    told = first.get_secret_value() if first else ""
    digest = hashlib.sha256(told.encode()).hexdigest()[:16]
    return TokenStore(context.state_dir / f"oauth-{name}-{digest}.json")


def failed(name: str, error: JourneyConnectorError) -> CheckItem:
    """A check line for something that did not work, with what to do about it."""
    return CheckItem(name, False, " ".join(part for part in (error.message, error.todo) if part))

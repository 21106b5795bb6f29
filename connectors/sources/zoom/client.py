"""Calls to the Zoom API v2, with its errors and its two kinds of 429 told apart.

Data flow: source.py -> ZoomClient.all() -> GET /v2/... page after page -> the whole list.

Facts, from Zoom's documentation pages (rate limits, server-to-server OAuth) and its OpenAPI texts
(ballerina-platform/openapi-connectors; generated SDKs in public repositories):
- tokens: POST /oauth/token with Basic client id and secret, grant account_credentials and
  account_id; they last an hour, there is no refresh token.
- lists: page_size up to 300, next_page_token for 15 minutes; a dead one is error code 300.
- errors are {"code", "message"}, mostly with 400 or 404: 200 not available (plan or permission),
  3001 webinar unknown or expired, 12702 a webinar of more than a year ago.
- limits count per account and class. Medium (lists): 20 a second (Pro), 60 (Business and up).
  Heavy (reports): 10 or 40 a second, and 30,000 or 60,000 a day. 429 brings X-RateLimit-Category,
  -Type (Daily-limit), -Limit, -Remaining and Retry-After as an ISO date-time.
- a UUID in a path is encoded twice when it begins with / or contains //.
Not verified: code 4711 for a missing scope; whether 429 always brings Retry-After (one report on
Zoom's forum shows it without; the day then ends at midnight GMT).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import quote

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    ShortReadError,
    SourceError,
)
from connectors.http.client import HttpClient
from connectors.http.oauth import Client, OAuth2, TokenStore
from connectors.http.pagination import PageAnswer, token_pages
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import client_for
from connectors.sources.zoom.settings import ZoomSettings

Row = dict[str, Any]
Weight = Literal["medium", "heavy"]

LIMITS: Mapping[str, Mapping[Weight, RateLimit]] = {
    "pro": {
        "medium": RateLimit(per_second=20, burst=20),
        "heavy": RateLimit(per_second=10, burst=10, per_day=30_000),
    },
    "business": {
        "medium": RateLimit(per_second=60, burst=60),
        "heavy": RateLimit(per_second=40, burst=40, per_day=60_000),
    },
}
BAD_PAGE_TOKEN, NOT_AVAILABLE, NO_REGISTRATION = 300, 200, 3000
UNKNOWN_WEBINAR, TOO_OLD = 3001, 12702
_TOKEN_INVALID, _SCOPE_MISSING = 124, 4711


class Refused(SourceError):
    """Zoom refused one request; `code` is its own number for why."""

    def __init__(self, message: str, *, code: int, todo: str | None = None) -> None:
        super().__init__(message, todo=todo)
        self.code = code


class NotAvailable(NotPermitted):
    """The user has no webinar plan, or the app may not see this (code 200)."""


class ZoomClient:
    """The API of one account. Lists and reports have limits of their own."""

    def __init__(self, name: str, settings: ZoomSettings, context: SourceContext) -> None:
        auth = OAuth2(
            token_url=f"{settings.oauth_url}/oauth/token",
            client=Client(settings.client_id, settings.client_secret, sent_in="basic"),
            store=TokenStore(context.state_dir / f"oauth-{name}.json"),
            grant={"grant_type": "account_credentials", "account_id": settings.account_id},
        )
        self._page_size = settings.page_size
        self._http: dict[Weight, HttpClient] = {
            weight: client_for(
                name,
                settings.base_url,
                settings,
                context,
                auth=auth,
                account=f"{settings.base_url}/{settings.account_id}/{weight}",
                limit=limit,
                vendor_error=vendor_error,
            )
            for weight, limit in LIMITS[settings.plan].items()
        }

    @property
    def requests(self) -> int:
        return sum(http.usage.requests for http in self._http.values())

    def close(self) -> None:
        for http in self._http.values():
            http.close()

    def all(
        self,
        path: str,
        key: str,
        params: Mapping[str, Any] | None = None,
        *,
        stream: str | None = None,
        weight: Weight = "medium",
        counted: bool = True,
    ) -> list[Row]:
        """Every row of a list; begun anew once when its page token dies, or rows came meanwhile.

        `counted`: the list's `total_records` must be reached, else ShortReadError.
        """
        asked = params or {}
        try:
            return self._walk(path, key, asked, stream, weight, counted)
        except (_DeadToken, ShortReadError):
            return self._walk(path, key, asked, stream, weight, counted)

    def first(
        self, path: str, key: str, params: Mapping[str, Any], weight: Weight
    ) -> Sequence[Row]:
        """The rows of a list's first page, to see whether it may be read."""
        return self._page(path, key, {**params, "page_size": 1}, None, None, weight)[0]

    def _walk(
        self,
        path: str,
        key: str,
        params: Mapping[str, Any],
        stream: str | None,
        weight: Weight,
        counted: bool,
    ) -> list[Row]:
        asked = {**params, "page_size": self._page_size}

        def fetch(token: str | None) -> PageAnswer:
            rows, following, total = self._page(path, key, asked, token, stream, weight)
            return PageAnswer(rows, following, total if counted else None)

        return [dict(row) for _, page in token_pages(fetch) for row in page.records]

    def _page(
        self,
        path: str,
        key: str,
        params: Mapping[str, Any],
        token: str | None,
        stream: str | None,
        weight: Weight,
    ) -> tuple[Sequence[Row], str | None, int | None]:
        """(rows, next page's token or None, the list's own count) of one page."""
        asked = {**params, "next_page_token": token} if token else params
        try:
            body = self._http[weight].json(f"v2/{path}", params=asked, stream=stream).body
        except Refused as refusal:
            if token and refusal.code == BAD_PAGE_TOKEN:
                raise _DeadToken("the page token has died.", code=BAD_PAGE_TOKEN) from refusal
            raise
        except RateLimited as error:
            # Seconds do not last through all attempts: this is the day's limit.
            midnight = datetime.combine(
                SYSTEM_CLOCK.now().astimezone(UTC).date() + timedelta(days=1), time(0), tzinfo=UTC
            )
            raise QuotaExhausted(
                f"Zoom's limit for {weight} requests does not ease off (429).",
                until=midnight,
                source=error.source,
                stream=stream,
                todo="Finished pages are kept; the day's allowance begins anew at midnight UTC.",
            ) from error
        if not isinstance(body, dict) or not isinstance(body.get(key), list):
            raise SourceError(
                f"a list came without `{key}`.", todo="Check `base_url`: this is not Zoom's API."
            )
        return body[key], body.get("next_page_token") or None, body.get("total_records")


class _DeadToken(Refused):
    """The page token has died: the list must be read from its start."""


def encoded(uuid: str) -> str:
    """A webinar's UUID as a path segment."""
    once = quote(uuid, safe="")
    return quote(once, safe="") if uuid.startswith("/") or "//" in uuid else once


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """What an error document asks for, by its code; None when the body is no error."""
    if not isinstance(body, dict) or not isinstance(body.get("code"), int):
        return None
    code: int = body["code"]
    if status == 401 or code == _TOKEN_INVALID:
        return AuthenticationError(
            f"Zoom refused the access token ({code}).",
            todo="Check that the server-to-server app is activated, and its id and secret.",
        )
    if code == _SCOPE_MISSING:
        return NotPermitted(
            "the app lacks a scope (4711).", todo="Add the scopes that README.md names to the app."
        )
    if code == NOT_AVAILABLE:
        return NotAvailable(
            "Zoom does not give this to the account or user (200).",
            todo="The user needs a webinar plan, and the app the scopes that README.md names.",
        )
    return Refused(
        f"Zoom refused the request (code {code}).", code=code, todo="See Zoom's list of codes."
    )

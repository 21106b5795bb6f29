"""Calls to the Zendesk Support API, with its errors told apart.

Data flow: source.py -> ZendeskClient.get() -> GET /api/v2/... -> Answered.

Facts (developer.zendesk.com: Rate limits, Incremental Exports, Pagination): basic authentication as
`{email}/token` with the API token, or an OAuth access token as Bearer; exports and ratings are for
administrators; 10 export requests a minute, 30 with the High Volume API add-on; every answer tells
the account's allowance in X-Rate-Limit and X-Rate-Limit-Remaining, ticketing lists also the seconds
to its renewal in ratelimit-reset; 429 comes with Retry-After. Errors are {"error": text,
"description": text} or {"error": {"title", "message"}}. A start_time of the last minute is 422
"Too recent start_time". 409 is a conflict in Zendesk's database and passes (singer-io/tap-zendesk
repeats such a request). Offset paging ends at 10,000 rows with 400: it is never used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)
from connectors.http.auth import Auth, BasicAuth, BearerToken
from connectors.http.rate_limit import QuotaHeaders, RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.zendesk.settings import ZendeskSettings

QUOTA = QuotaHeaders("X-Rate-Limit-Remaining", reset="ratelimit-reset", floor=10)
Row = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """One page: the rows at its key, the rest of the answer, and Zendesk's clock (UTC)."""

    rows: Sequence[Row]
    body: Mapping[str, Any]
    server_time: datetime | None


class ZendeskClient(VendorClient):
    """The Support API of one account."""

    def __init__(self, name: str, settings: ZendeskSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=_auth(settings),
            account=settings.base_url,
            limit=limit_of(settings),
            vendor_error=_vendor_error,
        )

    def get(self, path: str, key: str, params: Mapping[str, Any], stream: str) -> Answered:
        """The rows at `key` of `api/v2/<path>`; SourceError when the answer has none."""
        try:
            answer = self._http.json(f"api/v2/{path}", params=params, stream=stream)
        except NotPermitted as error:
            raise NotPermitted(
                f"the account may not read {path} (403).",
                source=error.source,
                stream=stream,
                todo="Use an administrator's API token, or an OAuth token with the scope read.",
            ) from error
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get(key), list):
            raise SourceError(
                f"{path!r} came without {key!r}.",
                stream=stream,
                todo="Check `base_url`: this is not Zendesk's API.",
            )
        return Answered(body[key], body, answer.server_time)


def limit_of(settings: ZendeskSettings) -> RateLimit:
    """The exports' limit, kept for every request; a server that is not Zendesk's has none."""
    host = urlsplit(settings.base_url).hostname or ""
    if not host.endswith(".zendesk.com"):
        return RateLimit(quota=QUOTA)
    return RateLimit(per_second=settings.exports_per_minute / 60, quota=QUOTA)


def _auth(settings: ZendeskSettings) -> Auth:
    """By whichever of the two secrets is there; the settings see to it that one is."""
    if settings.api_token is not None:
        return BasicAuth(f"{settings.email}/token", settings.api_token)
    return BearerToken(settings.oauth_token or SecretStr(""))


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its texts are never quoted."""
    error = body.get("error") if isinstance(body, dict) else None
    if status == 409:
        return RetryableError("Zendesk answered 409 (a conflict in its database).")
    if error is None:
        return None
    if status == 401:
        return AuthenticationError(
            "Zendesk refused the credentials (401).",
            todo="Check `email` and the token, and that token access is on (Admin Center, Apps and"
            " integrations, APIs).",
        )
    if "Too recent start_time" in str(body.get("description")):
        return SourceError(
            "Zendesk exports nothing of the last minute.", todo="Ask for an earlier start."
        )
    if status < 300:
        return SourceError("Zendesk reports an error inside a good answer.")
    return None

"""Calls to the Eventbrite API v3, with its errors told apart.

Data flow: source.py -> EventbriteClient.list() -> GET /v3/organizations/{id}/... -> Listing.

Facts, from Eventbrite's API documentation (sections Errors, Paginated Responses and Basic Types, as
copied in public repositories) and the older pages at /developer/v3/api_overview:
- errors are {"status_code", "error", "error_description"}; `error` is a constant to rely on. A bad
  token is INVALID_AUTH with 400, none at all is NO_AUTH with 401.
- a page is {"pagination": {continuation, has_more_items, object_count, ...}, "<key>": [...]}; the
  same request with `continuation` gives the next page; BAD_CONTINUATION_TOKEN is a 400.
- HIT_RATE_LIMIT (429): by default 2,000 calls an hour and token; older texts say 1,000 an hour and
  48,000 a day. The count is in the header `x-rate-limit`, which also holds the token: never logged.
Not verified: how long a continuation token lives, and whether a 429 brings Retry-After.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.http.auth import BearerToken
from connectors.http.client import Answer
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.eventbrite.settings import EventbriteSettings

# A burst of half the hourly allowance and the other half spread over the hour never exceed it.
LIMIT = RateLimit(per_second=1000 / 3600, burst=1000, per_day=48_000)
Row = dict[str, Any]

_NOT_YOU = frozenset({"INVALID_AUTH", "INVALID_AUTH_HEADER", "NO_AUTH", "ACCESS_DENIED"})
_PASSING = frozenset({"INTERNAL_ERROR", "EXPANSION_FAILED"})
_CONSTANT = re.compile(r"^[A-Z][A-Z0-9_]{2,59}$")


class ContinuationExpired(SourceError):
    """The service no longer knows the continuation token: the list must be read from its start."""


@dataclass(frozen=True)
class Listing:
    """One page of a list: rows, the token of the next page (None: last), the API's own count."""

    rows: Sequence[Row]
    continuation: str | None
    count: int | None
    server_time: datetime | None


class EventbriteClient(VendorClient):
    """The API as one organization's token sees it."""

    def __init__(self, name: str, settings: EventbriteSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=BearerToken(settings.private_token),
            account=f"{settings.base_url}/{settings.organization_id}",
            limit=LIMIT,
            vendor_error=vendor_error,
        )
        self._root = f"v3/organizations/{settings.organization_id}"

    def list(
        self,
        key: str,
        params: Mapping[str, Any],
        *,
        continuation: str | None = None,
        stream: str | None = None,
    ) -> Listing:
        """A page of the organization's events, orders or attendees (`key`)."""
        return self._page(f"{self._root}/{key}/", key, params, continuation, stream)

    def organizations(self, continuation: str | None = None) -> Listing:
        """A page of the organizations the token's user belongs to."""
        return self._page("v3/users/me/organizations/", "organizations", {}, continuation, None)

    def _page(
        self,
        path: str,
        key: str,
        params: Mapping[str, Any],
        continuation: str | None,
        stream: str | None,
    ) -> Listing:
        asked = {**params, "continuation": continuation} if continuation else params
        answer = self._get(path, asked, stream)
        body = answer.body if isinstance(answer.body, dict) else {}
        rows, pagination = body.get(key), body.get("pagination")
        if not isinstance(rows, list) or not isinstance(pagination, dict):
            raise SourceError(
                f"the list of {key} came without `{key}` or `pagination`.",
                todo="Check `base_url`: this is not Eventbrite's API.",
            )
        following = pagination.get("continuation") if pagination.get("has_more_items") else None
        if pagination.get("has_more_items") and not following:
            raise SourceError(
                f"the list of {key} says there is more, but not where.",
                todo="Nothing was stored in part; run again, or report it.",
            )
        count = pagination.get("object_count")
        return Listing(rows, following, count, answer.server_time)

    def _get(self, path: str, params: Mapping[str, Any], stream: str | None) -> Answer:
        try:
            return self._http.json(path, params=params, stream=stream)
        except RateLimited as error:
            # It stayed so through all attempts: the hour's allowance is gone.
            raise QuotaExhausted(
                "Eventbrite's hourly allowance of requests is used up (429).",
                until=SYSTEM_CLOCK.now() + timedelta(hours=1),
                source=error.source,
                stream=stream,
                todo="Finished pages are kept; run again in an hour.",
            ) from error


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """What an error document asks for, by its constant; None when the body is no error."""
    if not isinstance(body, dict) or "error" not in body or "status_code" not in body:
        return None
    told = str(body["error"])
    code = told if _CONSTANT.match(told) else "an unknown error"
    if code in _NOT_YOU or status == 401:
        return AuthenticationError(
            f"Eventbrite refused the private token ({code}).",
            todo="Copy the private token again: Account Settings, Developer Links, API keys.",
        )
    if code == "NOT_AUTHORIZED":
        return NotPermitted(
            "the token's user may not read this (NOT_AUTHORIZED).",
            todo="Make the user a member of the organization, with the right to see its orders.",
        )
    if code == "HIT_RATE_LIMIT":
        return RateLimited("Eventbrite answered HIT_RATE_LIMIT.")
    if code in _PASSING:
        return RetryableError(f"Eventbrite answered {code}.")
    if code == "BAD_CONTINUATION_TOKEN":
        return ContinuationExpired(
            "the continuation token is no longer known.", todo="The list is read again."
        )
    if code == "NOT_FOUND":
        return SourceError(
            "Eventbrite does not know this address (NOT_FOUND).", todo="Check `organization_id`."
        )
    return SourceError(
        f"Eventbrite refused the request ({code}).", todo="Repeating it would not help; report it."
    )

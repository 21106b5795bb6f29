"""Calls to the Stripe API, read side, with its errors told apart.

Data flow: source.py -> StripeClient.list() -> GET /v1/... -> Listing.

Facts (docs.stripe.com/api): Bearer authentication; `Stripe-Version` pins the shape of answers;
lists are {object: "list", data, has_more, url}, newest first, `limit` at most 100, keyset by
`starting_after` (older) or `ending_before` (newer), where the page itself stays newest first;
errors are {error: {type, code, message, param}}; 100 requests a second in live mode and 25 in a
sandbox, with 25 a second per end-point (docs.stripe.com/rate-limits).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RateLimited,
    SourceError,
)
from connectors.http.auth import BearerToken
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.stripe.settings import StripeSettings

LIMIT = RateLimit(per_second=25, burst=25)
Row = dict[str, Any]


class GoneError(SourceError):
    """The object named by a cursor does not exist (any more): code `resource_missing`."""


@dataclass(frozen=True)
class Listing:
    """One page of a list in Stripe's order (newest first), and its clock (UTC)."""

    data: Sequence[Row]
    has_more: bool
    server_time: datetime | None


class StripeClient(VendorClient):
    """The API of one account."""

    def __init__(self, name: str, settings: StripeSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=BearerToken(settings.api_key),
            account=f"{settings.base_url}/{name}",
            limit=LIMIT,
            headers={"Stripe-Version": settings.api_version},
            vendor_error=_vendor_error,
        )

    def list(self, path: str, params: Mapping[str, Any], stream: str | None = None) -> Listing:
        """One page of the list at `v1/<path>`. GoneError when its cursor names nothing known."""
        try:
            answer = self._http.json(f"v1/{path}", params=params, stream=stream)
        except NotPermitted as error:
            raise NotPermitted(
                f"the key may not read {path} (403).",
                source=error.source,
                stream=stream,
                todo="Give the restricted key read access to it (Developers, API keys).",
            ) from error
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            raise SourceError(
                f"the list {path!r} came without `data`.",
                stream=stream,
                todo="Check `base_url`: this is not Stripe's API.",
            )
        return Listing(body["data"], bool(body.get("has_more")), answer.server_time)

    def one(self, path: str, stream: str | None = None) -> Row:
        """The object at `v1/<path>` in the pinned version's shape. GoneError when there is none."""
        answer = self._http.json(f"v1/{path}", stream=stream)
        return answer.body if isinstance(answer.body, dict) else {}


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its message is never quoted, it repeats what was sent."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code = error.get("code")
    if code == "resource_missing":
        return GoneError("Stripe does not know the object that was asked for.")
    if code in ("rate_limit", "lock_timeout"):
        return RateLimited("Stripe asks to slow down.")
    if status == 401:
        return AuthenticationError(
            "Stripe refused the API key (401).",
            todo="Check that the key is not rolled or expired, and that it is of the right mode"
            " (live or test).",
        )
    if code == "more_permissions_required" or status == 403:
        return NotPermitted("the key lacks a permission (403).")
    return None

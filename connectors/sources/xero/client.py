"""Calls to the Xero Accounting API, read side, with its errors told apart.

Data flow: source.py -> XeroClient.list() -> GET /api.xro/2.0/<Endpoint> -> Listing.

Facts (developer.xero.com: OAuth 2.0, API limits, requests and responses; XeroAPI issues):
- access tokens last 30 minutes; a refresh token works once and is replaced (unused for 60 days it
  dies; for 30 minutes the old one is accepted again, should the answer have been lost); the client
  authenticates as basic; a custom connection asks by client_credentials.
- the header Xero-Tenant-Id names the organisation; a custom connection needs none.
- refusals are {Type, Title, Status, Detail, Instance}: 401 TokenExpired, 401 or 403 for a missing
  scope, 403 AuthenticationUnsuccessful for an organisation that is not connected. Errors in a
  request are {ErrorNumber, Type, Message, Elements}, for example 400 ValidationException.
- 60 calls a minute, 5,000 a day (1,000 in the starter tier), 5 at once, per organisation; the
  answer tells X-MinLimit-Remaining, X-DayLimit-Remaining, X-AppMinLimit-Remaining. Beyond: 429 with
  X-Rate-Limit-Problem, and Retry-After for the minute and the day. The day's window begins at
  another time for each organisation, so a day's limit shows itself as a long Retry-After.
Not verified: which of the granular scopes covers overpayments and prepayments (taken to be that of
bank transactions), and that every missing scope is told as AuthorizationUnsuccessful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import JourneyConnectorError, NotPermitted, SourceError
from connectors.http.oauth import Client, OAuth2
from connectors.http.rate_limit import QuotaHeaders, RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for, token_store
from connectors.sources.xero.settings import XeroSettings

HOST = "api.xero.com"
SMALLEST_PAGE = 100  # of an answer that does not tell its page size
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a list: rows, whether more follow, the API's own count, and its clock (UTC)."""

    rows: Sequence[Row]
    more: bool
    count: int | None
    server_time: datetime | None


class XeroClient(VendorClient):
    """The Accounting API of one organisation."""

    def __init__(self, name: str, settings: XeroSettings, context: SourceContext) -> None:
        tenant = {"Xero-Tenant-Id": settings.tenant_id} if settings.tenant_id else {}
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=_auth(name, settings, context),
            account=f"{settings.base_url}/{settings.tenant_id or settings.client_id}",
            limit=limit_of(settings),
            headers=tenant,
            vendor_error=_vendor_error,
        )
        self._size = settings.page_size

    def list(
        self,
        endpoint: str,
        *,
        page: int = 1,
        since: datetime | None = None,
        params: Mapping[str, Any] | None = None,
        size: int | None = None,
        stream: str | None = None,
    ) -> Listing:
        """One page of `endpoint`, of what changed since `since` (read to the second)."""
        wanted = size or self._size
        asked = {"page": page, "pageSize": wanted, **(params or {})}
        headers = {"If-Modified-Since": iso_seconds(since)} if since else None
        answer = self._http.json(endpoint, params=asked, headers=headers, stream=stream)
        rows = answer.body.get(endpoint) if isinstance(answer.body, dict) else None
        if not isinstance(rows, list):
            raise SourceError(
                f"the list {endpoint!r} came without its rows.",
                stream=stream,
                todo="Check `base_url`: this is not Xero's Accounting API.",
            )
        paging = answer.body.get("pagination") or {}
        pages = paging.get("pageCount")
        more = page < pages if pages is not None else len(rows) >= min(wanted, SMALLEST_PAGE)
        return Listing(rows, more, paging.get("itemCount"), answer.server_time)


def limit_of(settings: XeroSettings) -> RateLimit:
    """Xero's limits; a server of one's own (tests, a sandbox) has none but the day's budget."""
    hosted = urlsplit(settings.base_url).hostname == HOST
    return RateLimit(
        # A little under 60 a minute, as the minute begins when Xero says so.
        per_second=0.9 if hosted else None,
        burst=5,
        per_day=settings.requests_per_day,
        quota=QuotaHeaders("X-DayLimit-Remaining", floor=settings.spare_requests, window=86_400),
    )


def iso_seconds(moment: datetime) -> str:
    """The moment as Xero wants it: UTC, to the second, without an offset."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _auth(name: str, settings: XeroSettings, context: SourceContext) -> OAuth2:
    own = settings.refresh_token is None
    return OAuth2(
        token_url=f"{settings.identity_url}/connect/token",
        client=Client(settings.client_id, settings.client_secret, sent_in="basic"),
        store=token_store(name, settings.refresh_token, context),
        grant={"grant_type": "client_credentials", "scope": " ".join(settings.scopes)}
        if own
        else None,
        first_refresh_token=settings.refresh_token,
    )


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its message is never quoted, it can repeat what was sent."""
    if not isinstance(body, dict):
        return None
    detail = str(body.get("Detail") or body.get("detail") or "")
    if detail.startswith("AuthorizationUnsuccessful"):
        return NotPermitted(
            f"the app lacks a scope ({status}).",
            todo="Add the scope to the app, and connect the organisation again.",
        )
    if detail.startswith("AuthenticationUnsuccessful"):
        return NotPermitted(
            f"the app is not connected to this organisation ({status}).",
            todo="Check `tenant_id` (a demo company gets a new one when it is reset), or connect"
            " the organisation again.",
        )
    if "ErrorNumber" in body and status < 500:
        return SourceError(
            f"Xero refused the request ({status}, {body.get('Type')}, number"
            f" {body.get('ErrorNumber')}).",
            todo="Xero also refuses to list more than 100,000 records at once: if it is that, read"
            " slice by slice.",
        )
    return None

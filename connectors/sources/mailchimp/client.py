"""Calls to the Mailchimp Marketing API, read side, with its errors told apart.

Data flow: source.py -> MailchimpClient.list() -> GET /3.0/... -> Listing.

Facts (mailchimp.com/developer/marketing/docs/fundamentals): Basic authentication with any user
name and the key as password; errors are application/problem+json {type, title, status, detail,
instance}; at most 10 simultaneous connections per account, above it 429 without Retry-After;
`count` is at most 1,000; every list carries `total_items`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError, SourceError
from connectors.http.auth import BasicAuth
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.mailchimp.settings import MailchimpSettings

# No limit per time, only 10 connections at once: a source reads with one at a time, which leaves
# the rest to pushes. Without Retry-After the client backs off by itself.
LIMIT = RateLimit()
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a list, the API's count of the whole list, and its clock (UTC)."""

    rows: Sequence[Row]
    total: int | None
    server_time: datetime | None

    def more(self, offset: int, size: int) -> bool:
        """Whether rows follow a page asked for with this offset and size."""
        if not self.rows:
            return False
        reached = offset + len(self.rows)
        return reached < self.total if self.total is not None else len(self.rows) >= size


class MailchimpClient(VendorClient):
    """The Marketing API of one account."""

    def __init__(self, name: str, settings: MailchimpSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.api_url,
            settings,
            context,
            auth=BasicAuth("member-journey", settings.api_key),
            account=settings.api_url,
            limit=LIMIT,
            vendor_error=_vendor_error,
        )

    def get(self, path: str, stream: str | None = None) -> Row:
        """One object, for example `lists/{id}`."""
        answer = self._http.json(f"3.0/{path}", stream=stream)
        return answer.body if isinstance(answer.body, dict) else {}

    def list(
        self,
        path: str,
        key: str,
        params: Mapping[str, Any],
        stream: str | None = None,
    ) -> Listing:
        """One page of the list at `path`, whose rows lie under `key`."""
        answer = self._http.json(
            f"3.0/{path}",
            params=params if "fields" in params else {**params, "exclude_fields": "_links"},
            stream=stream,
        )
        body = answer.body
        rows = body.get(key) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise SourceError(
                f"the answer of {path.partition('/')[0]} has no list {key!r}.",
                stream=stream,
                todo="Check `base_url`: this is not the Marketing API 3.0.",
            )
        total = body.get("total_items")
        return Listing(rows, total if isinstance(total, int) else None, answer.server_time)


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """A problem document's meaning; its `detail` is never quoted, it may name an address."""
    if not isinstance(body, dict) or not {"title", "status", "detail"} <= body.keys():
        return None
    told = body["status"] if isinstance(body["status"], int) else status
    if status == 401 or told == 401:
        return AuthenticationError(
            "Mailchimp refused the API key (401).",
            todo="Check that the key is enabled (Profile, Extras, API keys) and that its suffix, as"
            " in -us14, is the account's data centre.",
        )
    if status == 404 or told == 404:
        return SourceError(
            "Mailchimp knows no such audience or campaign (404).",
            todo="Check `list_id`: Audience, Settings, Audience name and defaults.",
        )
    return None

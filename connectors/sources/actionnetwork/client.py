"""Calls to the Action Network API v2, with its errors told apart.

Data flow: source.py -> ActionNetworkClient.page() -> GET /api/v2/<collection> -> Listing.

Facts (actionnetwork.org/docs/v2): header `OSDI-API-Token`; HAL+JSON with the rows under
`_embedded`; at most 25 a page; `filter=field operator 'value'` with eq, gt and lt; people come
without totals, in no order of time, and their `next` link may lead to an empty page; keys are for
partners only.
Not verified: that two conditions may be joined with `and` (public clients do so:
MaineDSA/ActionNetworkEventSync), the limit of requests (four a second are kept to), and the form
of errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import AuthenticationError, NotPermitted, SourceError
from connectors.http.auth import HeaderToken
from connectors.http.client import Answer
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.actionnetwork.settings import ActionNetworkSettings
from connectors.sources.base import VendorClient, client_for

HOSTED = "actionnetwork.org"
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a collection. `has_next` may be true on the last page."""

    rows: Sequence[Row]
    has_next: bool
    total: int | None = None
    server_time: datetime | None = None


class ActionNetworkClient(VendorClient):
    """The API of one group."""

    def __init__(self, name: str, settings: ActionNetworkSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=HeaderToken(settings.api_token, header="OSDI-API-Token"),
            account=f"{settings.base_url}/{name}",
            limit=limit_of(settings.base_url),
        )
        self._size = settings.page_size

    def page(self, path: str, rel: str, stream: str, page: int = 1, where: str = "") -> Listing:
        """One page of the collection at `path`, whose rows are embedded as `rel`."""
        params: dict[str, Any] = {"page": page, "per_page": self._size}
        answer = self._get(path, {**params, "filter": where} if where else params, stream)
        body = answer.body
        rows = body.get("_embedded", {}).get(rel) if isinstance(body, dict) else None
        if not isinstance(rows, list):
            raise SourceError(
                f"the collection {path!r} came without {rel}.",
                stream=stream,
                todo="Check `base_url`: this is not Action Network's API, or it changed.",
            )
        total = body.get("total_records")
        return Listing(
            rows=rows,
            has_next=bool((body.get("_links") or {}).get("next")),
            total=total if isinstance(total, int) else None,
            server_time=answer.server_time,
        )

    def _get(self, path: str, params: Mapping[str, Any], stream: str) -> Answer:
        try:
            return self._http.json(f"api/v2/{path}", params=params, stream=stream)
        except AuthenticationError as error:
            raise AuthenticationError(
                "Action Network refused the API key (401).",
                source=error.source,
                stream=stream,
                todo="Make a key on the group's page API & Sync.",
            ) from error
        except NotPermitted as error:
            raise NotPermitted(
                "the key may not use the API (403).",
                source=error.source,
                stream=stream,
                todo="API keys are a partner feature: ask Action Network whether the group has it.",
            ) from error


def limit_of(base_url: str) -> RateLimit:
    """Four requests a second at the vendor's own host; elsewhere no limit."""
    host = urlsplit(base_url).hostname or ""
    hosted = host == HOSTED or host.endswith(f".{HOSTED}")
    return RateLimit(per_second=4, burst=4) if hosted else RateLimit()

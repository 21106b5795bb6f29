"""Calls to the pretix REST API, with its errors told apart.

Data flow: source.py -> PretixClient.page() -> GET /api/v1/organizers/{organizer}/... -> Listing.

Facts (pretix 2026.8.0): `Authorization: Token <team token>`; a bad token is 401, an organizer or
event the team may not see is 403, not 404 (api/auth/permission.py); errors are {"detail": text} or
{field: [texts]}; lists are {count, next, previous, results} (Django REST framework).
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
from connectors.sources.base import VendorClient, client_for
from connectors.sources.pretix.settings import PretixSettings

HOSTED = "pretix.eu"
# What these streams need beyond viewing orders (api/views/voucher.py, organizer.py).
RIGHTS: Mapping[str, str] = {
    "voucher": "view vouchers",
    "membership": "view customers",
    "membership_type": "change the organizer's settings",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a list: its rows, the next page's link, the API's count, and its clock.

    `generated` is X-Page-Generated as sent: the server's time when it began to look.
    """

    results: Sequence[Row]
    next: str | None
    count: int | None
    generated: str | None
    server_time: datetime | None


class PretixClient(VendorClient):
    """The REST API of one organizer."""

    def __init__(self, name: str, settings: PretixSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=HeaderToken(settings.api_token, prefix="Token "),
            account=f"{settings.base_url}/{settings.organizer}",
            limit=limit_of(settings.base_url),
        )
        self._root = f"api/v1/organizers/{settings.organizer}"
        self._organizer = settings.organizer

    def list(self, path: str, params: Mapping[str, Any], stream: str | None = None) -> Listing:
        """The first page of a list below the organizer."""
        return self._listing(self._get(f"{self._root}/{path}", params, stream), path)

    def follow(self, link: str, stream: str | None = None) -> Listing:
        """The page behind a `next` link; a link to another host is refused."""
        return self._listing(self._get(link, None, stream), "next page")

    def _get(self, path: str, params: Mapping[str, Any] | None, stream: str | None) -> Answer:
        try:
            return self._http.json(path, params=params, stream=stream)
        except AuthenticationError as error:
            raise AuthenticationError(
                "pretix refused the API token (401).",
                source=error.source,
                stream=stream,
                todo="Make a new token: organizer, Teams, the team, API tokens.",
            ) from error
        except NotPermitted as error:
            raise NotPermitted(
                f"the token's team may not read this for organizer {self._organizer!r} (403).",
                source=error.source,
                stream=stream,
                todo="Check the organizer's short name, and give the team the events and the right"
                f" to {RIGHTS.get(stream or '', 'view orders')}.",
            ) from error

    @staticmethod
    def _listing(answer: Answer, path: str) -> Listing:
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get("results"), list):
            raise SourceError(
                f"the list {path!r} came without `results`.",
                todo="Check `base_url`: this is not pretix's REST API.",
            )
        headers = {key.lower(): value for key, value in answer.headers.items()}
        return Listing(
            results=body["results"],
            next=body.get("next"),
            count=body.get("count"),
            generated=headers.get("x-page-generated"),
            server_time=answer.server_time,
        )


def limit_of(base_url: str) -> RateLimit:
    """The hosted service's limit; one's own installation has none."""
    host = urlsplit(base_url).hostname or ""
    hosted = host == HOSTED or host.endswith(f".{HOSTED}")
    return RateLimit(per_second=6, burst=30) if hosted else RateLimit()

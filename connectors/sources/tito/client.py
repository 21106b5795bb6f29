"""Calls to Tito's Admin API and its Check-in API, with their errors told apart.

Data flow: source.py -> TitoClient.list()/checkins() -> GET -> Listing.

Facts (teamtito/api-docs): `Authorization: Token token=<secret>`; lists are {<name>: [...], meta}
with page[number], page[size] (at most 1,000) and meta.next_page, total_count; errors are {status,
message, hint}. The Check-in API (checkin.tito.io) needs no token but the check-in list's slug,
which is therefore a secret and never landed; a list tells `total_checkin_pages`, and
/checkins?page=N is a plain array of at most 1,000. 429 exists, without published numbers: the
connector keeps to two requests a second. Not verified: the unit of the Check-in API's `since`, so
it is not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)
from connectors.http.auth import Auth, HeaderToken
from connectors.http.client import Usage
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import client_for
from connectors.sources.tito.settings import TitoSettings

Row = dict[str, Any]


@dataclass(frozen=True)
class Listing:
    """One page of a list: its rows, the next page's number, the API's count, and its clock."""

    rows: Sequence[Row]
    next_page: int | None
    total: int | None
    server_time: datetime | None


class TitoClient:
    """One account."""

    def __init__(self, name: str, settings: TitoSettings, context: SourceContext) -> None:
        self._account, self._size = settings.account, settings.page_size
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=HeaderToken(settings.api_token, prefix="Token token="),
            account=f"{settings.base_url}/{settings.account}",
            limit=limit_of(settings.base_url),
            vendor_error=_vendor_error,
        )
        self._checkin_http = client_for(
            name,
            settings.checkin_url,
            settings,
            context,
            auth=Auth(),  # another host, which gets no token
            account=f"{settings.checkin_url}/{settings.account}",
            limit=limit_of(settings.checkin_url),
            vendor_error=_vendor_error,
        )

    @property
    def usage(self) -> Usage:
        """Requests and bytes of both APIs."""
        one, other = self._http.usage, self._checkin_http.usage
        return Usage(one.requests + other.requests, one.bytes + other.bytes)

    def close(self) -> None:
        self._http.close()
        self._checkin_http.close()

    def hello(self) -> Row:
        """What the token is: `accounts` it may read, `lookup_mode` live or test."""
        body = self._http.json("hello").body
        return body if isinstance(body, dict) else {}

    def list(
        self,
        path: str,
        key: str,
        stream: str,
        *,
        search: Mapping[str, Any] | None = None,
        page: int = 1,
    ) -> Listing:
        """One page of the list below the account, whose rows lie under `key`."""
        params = {**(search or {}), "page[number]": page, "page[size]": self._size}
        answer = self._http.json(f"{self._account}/{path}", params=params, stream=stream)
        body = answer.body if isinstance(answer.body, dict) else {}
        rows, meta = body.get(key), body.get("meta")
        if not isinstance(rows, list) or not isinstance(meta, dict):
            raise SourceError(
                f"a list came without `{key}` and `meta`.",
                stream=stream,
                todo="Check `base_url`: this is not Tito's Admin API.",
            )
        return Listing(rows, meta.get("next_page"), meta.get("total_count"), answer.server_time)

    def checkin_pages(self, slug: str, stream: str) -> int:
        """How many pages of check-ins the check-in list has."""
        body = self._checkin_http.json(f"checkin_lists/{slug}", stream=stream).body
        pages = body.get("total_checkin_pages") if isinstance(body, dict) else None
        if not isinstance(pages, int):
            raise SourceError(
                "a check-in list does not tell its pages.",
                stream=stream,
                todo="Check `checkin_url`: this is not Tito's Check-in API.",
            )
        return pages

    def checkins(self, slug: str, page: int, stream: str) -> Listing:
        """One page of a list's check-ins, those taken back included."""
        answer = self._checkin_http.json(
            f"checkin_lists/{slug}/checkins", params={"page": page}, stream=stream
        )
        if not isinstance(answer.body, list):
            raise SourceError("check-ins came without a list.", stream=stream)
        return Listing(answer.body, None, None, answer.server_time)


def limit_of(base_url: str) -> RateLimit:
    """A gentle limit for the hosted service, which publishes none."""
    host = urlsplit(base_url).hostname or ""
    hosted = host == "tito.io" or host.endswith(".tito.io")
    return RateLimit(per_second=2, burst=5) if hosted else RateLimit()


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its text is not quoted."""
    if not isinstance(body, dict) or not isinstance(body.get("status"), int):
        return None
    if not isinstance(body.get("message"), str):
        return None
    told = body["status"] if status < 400 else status
    if told == 401:
        return AuthenticationError(
            "Tito refused the API token (401).",
            todo="Make a new secret token in live mode at https://id.tito.io.",
        )
    if told == 403:
        return NotPermitted(
            "the token's user may not read this (403).",
            todo="Give the user access to the account's events.",
        )
    if told == 404:
        return SourceError(
            "Tito does not know this (404).",
            todo="Check `account`, and that the token is a live one: it sees only its own mode.",
        )
    if told == 429 or told >= 500:
        return RetryableError(f"Tito reports an error ({told}).")
    return SourceError(f"Tito refuses the request ({told}).")

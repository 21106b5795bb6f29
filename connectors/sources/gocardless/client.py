"""Calls to the GoCardless API, read side, with its errors told apart.

Data flow: source.py -> GocardlessClient.list() -> GET /<resource> -> Listing.

Facts (GoCardless API reference; its client libraries on GitHub: gocardless-pro-go, -java, -ruby):
Bearer authentication and `GoCardless-Version` on every request; answers are enveloped by the
resource's plural name; lists are newest first, `limit` 1 to 500 (50 by default), with
`meta.cursors.after` naming where the next page begins (null at the end); 1000 requests a minute,
told by RateLimit-Limit, -Remaining and -Reset (an HTTP date) on every answer, and a 429 without
Retry-After; errors are {error: {type, code, message, errors: [{reason, message}], request_id}} with
type gocardless, invalid_api_usage, invalid_state or validation_failed.
Not verified: how a cursor is answered whose object was removed meanwhile (taken as an error; the
next run begins that read anew).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)
from connectors.http.auth import BearerToken
from connectors.http.rate_limit import QuotaHeaders, RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.gocardless.settings import GocardlessSettings

API_VERSION = "2015-07-06"
RESET = "RateLimit-Reset"
# A little below 1000 a minute; the account's other programs keep the last ten of each minute.
LIMIT = RateLimit(
    per_second=16, burst=16, quota=QuotaHeaders("RateLimit-Remaining", RESET, floor=10)
)
Row = dict[str, Any]
_REASON = re.compile(r"^[a-z_]{1,60}$")


class GoneError(SourceError):
    """There is no object with that id (any more): reason `resource_not_found`."""


@dataclass(frozen=True)
class Listing:
    """One page of a list, newest first; `after` is the next page's cursor, None at the end.

    `linked` holds the objects that were asked for with `include`, by plural name.
    """

    data: Sequence[Row]
    after: str | None
    server_time: datetime | None
    linked: Mapping[str, Sequence[Row]] = field(default_factory=dict)


class GocardlessClient(VendorClient):
    """The API of one organisation."""

    def __init__(self, name: str, settings: GocardlessSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=_AccessToken(settings.access_token),
            account=f"{settings.base_url}/{name}",
            limit=LIMIT,
            headers={"GoCardless-Version": API_VERSION},
            vendor_error=_vendor_error,
        )

    def list(self, path: str, params: Mapping[str, Any], stream: str | None = None) -> Listing:
        """One page of the list at `/<path>`, `path` being the plural name of the resource."""
        answer = self._http.json(path, params=params, stream=stream)
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get(path), list):
            raise SourceError(
                f"the list {path!r} came without `{path}`.",
                stream=stream,
                todo="Check `base_url`: this is not GoCardless's API.",
            )
        cursors = (body.get("meta") or {}).get("cursors") or {}
        linked = body.get("linked") or {}
        return Listing(body[path], cursors.get("after") or None, answer.server_time, linked)

    def one(self, path: str, id: str, stream: str | None = None) -> Row:
        """The object `id` of the resource `path`. GoneError when there is none."""
        body = self._http.json(f"{path}/{id}", stream=stream).body
        found = body.get(path) if isinstance(body, dict) else None
        if not isinstance(found, dict):
            raise SourceError(f"an object of {path!r} came without `{path}`.", stream=stream)
        return found


class _AccessToken(BearerToken):
    """The token; besides, a 429 tells when to come back in the header the client looks at."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.hooks["response"].append(_wait_until_reset)
        signed: requests.PreparedRequest = super().__call__(r)
        return signed


def _wait_until_reset(response: requests.Response, **_: Any) -> None:
    reset = response.headers.get(RESET)
    if response.status_code == 429 and reset:
        response.headers.setdefault("Retry-After", reset)


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; only its codes are repeated, never its messages."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    kind = str(error.get("type"))
    reasons = _reasons(error)
    said = ", ".join(reasons) or f"type {kind}" if _REASON.match(kind) else "no known type"
    if status == 404 or "resource_not_found" in reasons:
        return GoneError("GoCardless does not know the object that was asked for.")
    if status == 401:
        return AuthenticationError(
            f"GoCardless refused the access token (401, {said}).",
            todo="Check that the token is not revoked and belongs to this environment (live:"
            " api.gocardless.com, sandbox: api-sandbox.gocardless.com).",
        )
    if status == 403:
        return NotPermitted(
            f"the access token may not read this (403, {said}).",
            todo="Create a read-only token of the organisation itself (Developers, Create, Access"
            " token).",
        )
    if kind == "gocardless" or status >= 500:
        return RetryableError(f"GoCardless failed inside ({status}).")
    return SourceError(
        f"GoCardless refuses the request ({status}, {said}).",
        todo="Repeating it would not help; report it with the request's time.",
    )


def _reasons(error: Mapping[str, Any]) -> Sequence[str]:
    found = error.get("errors")
    items = found if isinstance(found, list) else []
    reasons = [str(item.get("reason") or "") for item in items if isinstance(item, dict)]
    return [reason for reason in reasons if _REASON.match(reason)]

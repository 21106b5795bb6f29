"""Calls to the Typeform API, read side, with its errors told apart.

Data flow: source.py -> TypeformClient -> GET /forms..., /forms/{id}/responses -> Listing.

Facts (typeform.com/developers: Responses and Create API reference; singer-io/tap-typeform on
GitHub): bearer personal token; two requests a second; lists are {total_items, page_count, items};
forms by page number, 200 at most; responses newest first, 1000 at most, `since` and `until`
inclusive on `submitted_at` in unix seconds, `before` and `after` a response's token, exclusive, not
together with `sort`; page_count counts what the filters leave, so 1 is the last page (the tap walks
by it); errors are {code, description}; very recent responses may be missing for 30 minutes.
Not verified: the codes of errors beyond their HTTP status; that a link shared unfilled carries
`xxxxx` in its hidden fields; how a token is answered whose response was deleted meanwhile (taken as
an error; the next run begins that read anew).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    SourceError,
)
from connectors.http.auth import BearerToken
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.typeform.settings import TypeformSettings

# Two a second, with room for what the network adds: a third within one second is refused.
LIMIT = RateLimit(per_second=1.9)
FORMS_PAGE = 200
RESPONSES_PAGE = 1000
Row = dict[str, Any]
_CODE = re.compile(r"^[A-Z_]{1,60}$")


class GoneError(SourceError):
    """There is no such form, or the token does not see it."""


@dataclass(frozen=True)
class Listing:
    """One page of a list, the API's counts of all that the filters leave, and its clock (UTC)."""

    items: Sequence[Row]
    total: int
    pages: int
    server_time: datetime | None


class TypeformClient(VendorClient):
    """The API of one account."""

    def __init__(self, name: str, settings: TypeformSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=BearerToken(settings.access_token),
            account=f"{settings.base_url}/{name}",
            limit=LIMIT,
            vendor_error=_vendor_error,
        )

    def form(self, id: str, stream: str | None = None) -> Row:
        """The definition of a form, with its questions under `fields`. GoneError without one."""
        body = self._http.json(f"forms/{id}", stream=stream).body
        if not isinstance(body, dict) or "id" not in body:
            raise SourceError("a form came without its id.", stream=stream)
        return body

    def forms(self, page: int, size: int, stream: str | None = None) -> Listing:
        """One page of the forms the token sees, oldest first; pages count from 1."""
        order = {"sort_by": "created_at", "order_by": "asc"}
        return self._list("forms", {"page": page, "page_size": size, **order}, stream)

    def responses(self, form: str, params: Mapping[str, Any], stream: str | None = None) -> Listing:
        """One page of a form's completed responses, newest first."""
        wanted = {"response_type": "completed", **params}
        return self._list(f"forms/{form}/responses", wanted, stream)

    def _list(self, path: str, params: Mapping[str, Any], stream: str | None) -> Listing:
        answer = self._http.json(path, params=params, stream=stream)
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise SourceError(
                f"the list {path!r} came without `items`.",
                stream=stream,
                todo="Check `base_url`: this is not Typeform's API.",
            )
        counts = (int(body.get("total_items") or 0), int(body.get("page_count") or 0))
        return Listing(body["items"], *counts, answer.server_time)


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its description is never quoted."""
    code = body.get("code") if isinstance(body, dict) and "items" not in body else None
    if not isinstance(code, str):
        return None
    said = f"{status}, {code}" if _CODE.match(code) else str(status)
    if status == 401:
        return AuthenticationError(
            f"Typeform refused the token ({said}).",
            todo="Check that the token is not revoked, and that `base_url` is that of the"
            " account's data centre (EU: https://api.eu.typeform.com).",
        )
    if status == 403:
        return NotPermitted(
            f"the token may not read this ({said}).",
            todo="Create a personal token with the scopes forms:read and responses:read.",
        )
    if status == 404:
        return GoneError(
            f"Typeform does not know this form ({said}), or the token does not see it.",
            todo="Check the form ids under `forms`.",
        )
    if status >= 500 or status in (408, 425):
        return None
    return SourceError(
        f"Typeform refuses the request ({said}).",
        todo="Repeating it would not help; check the settings of the source.",
    )

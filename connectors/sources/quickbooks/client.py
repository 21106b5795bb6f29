"""Calls to the QuickBooks Online API, read side, with its errors told apart.

Data flow: source.py -> QuickbooksClient.query() or .changes() -> GET /v3/company/{realm}/... ->
Answered.

Facts (developer.intuit.com: data queries, change data capture, REST features, error codes):
- GET query?query=select ...&minorversion=; `startposition` counts from 1, `maxresults` is at most
  1,000; answers are {QueryResponse: {<Entity>: [...], startPosition, maxResults}, time}.
- GET cdc?entities=&changedSince= answers {CDCResponse: [{QueryResponse: [...]}], time}: at most
  1,000 objects, those deleted after all others, from at most 30 days ago.
- errors are {Fault: {Error: [{Message, Detail, code}], type}, time}, from the gateway with small
  letters ({fault: {error: [{message, detail, code}], type}}); a Fault can also come with status 200
  (issue 259 of intuit/QuickBooks-V3-DotNET-SDK). 3200 means the token, 3100 the rights, 3001 too
  many requests: 429 today, 403 in older reports (issue 43 of routablehq/python-quickbooks).
- 500 requests a minute and 10 at once per company; wait 60 seconds when throttled.
- access tokens last an hour; the refresh token is replaced about daily, and dies after 100 days
  without use, or five years; the client authenticates as basic.
Not verified: QUERY_TIMEOUT, which only a Singer tap speaks of; a request lasts 120 seconds at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.http.client import Answer
from connectors.http.oauth import Client, OAuth2
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for, token_store
from connectors.sources.quickbooks.settings import QuickbooksSettings

DOMAIN = "api.intuit.com"
THROTTLED_SECONDS = 60.0
Row = dict[str, Any]


class QueryTimeoutError(SourceError):
    """The query took too long for QuickBooks; a smaller one may not."""


@dataclass(frozen=True)
class Answered:
    """Entities of one answer, and the server's own time (UTC) when it began."""

    rows: Sequence[Row]
    time: datetime | None


class QuickbooksClient(VendorClient):
    """The API of one company."""

    def __init__(self, name: str, settings: QuickbooksSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=OAuth2(
                token_url=f"{settings.identity_url}/oauth2/v1/tokens/bearer",
                client=Client(settings.client_id, settings.client_secret, sent_in="basic"),
                store=token_store(name, settings.refresh_token, context),
                first_refresh_token=settings.refresh_token,
            ),
            account=f"{settings.base_url}/{settings.realm_id}",
            limit=limit_of(settings.base_url),
            vendor_error=vendor_error,
        )
        self._root = f"v3/company/{settings.realm_id}"
        self._version = settings.minor_version

    def query(self, entity: str, statement: str, stream: str | None = None) -> Answered:
        """What a select statement finds. QueryTimeoutError when it is too much at once."""
        answer = self._get("query", {"query": statement}, stream)
        found = _part(answer, "QueryResponse", dict, stream)
        return Answered(found.get(entity) or [], _time(answer))

    def changes(self, entity: str, since: datetime, stream: str | None = None) -> Answered:
        """Objects changed since (30 days at most), deleted ones last; 1,000 at most."""
        asked = {"entities": entity, "changedSince": iso(since)}
        answer = self._get("cdc", asked, stream)
        rows: list[Row] = []
        for group in _part(answer, "CDCResponse", list, stream):
            for found in group.get("QueryResponse") or ():
                rows += found.get(entity) or ()
        return Answered(rows, _time(answer))

    def _get(self, path: str, params: Mapping[str, Any], stream: str | None) -> Answer:
        asked = {**params, "minorversion": self._version}
        return self._http.json(f"{self._root}/{path}", params=asked, stream=stream)


def limit_of(base_url: str) -> RateLimit:
    """Intuit's limit; a server of one's own (tests, a sandbox) has none."""
    host = urlsplit(base_url).hostname or ""
    return RateLimit(per_second=8, burst=10) if host.endswith(DOMAIN) else RateLimit()


def iso(moment: datetime) -> str:
    """The moment as QuickBooks writes times: to the second, with an offset."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """A fault's meaning, whatever the status; its words are never quoted, they repeat names."""
    fault = _fault(body)
    if fault is None:
        return None
    errors = fault.get("Error") or fault.get("error") or [{}]
    first = errors[0] if isinstance(errors, list) and isinstance(errors[0], dict) else {}
    code = str(first.get("code") or "").lstrip("0")
    words = f"{code} {first.get('Message') or first.get('message') or ''}"
    kind = str(fault.get("type") or "")
    if "QUERY_TIMEOUT" in words:
        return QueryTimeoutError("the query took QuickBooks too long.")
    if code in ("3001", "429") or "ThrottleExceeded" in words:
        return RateLimited("QuickBooks asks to slow down.", wait=THROTTLED_SECONDS)
    if code == "3200" or "AuthenticationFailed" in words:
        return AuthenticationError(
            f"QuickBooks refused the access token ({status}).",
            todo="Connect the company again, and put its new refresh token into the environment.",
        )
    if code in ("3100", "120") or status == 403:
        return NotPermitted(
            f"the app may not read this company ({status}).",
            todo="Check `realm_id`, and connect the company again with the accounting scope.",
        )
    if code == "10000" or (kind.lower() in ("systemfault", "service") and status >= 500):
        return RetryableError(f"QuickBooks had a fault of its own ({status}).")
    return SourceError(
        f"QuickBooks refused the request ({status}, {kind or 'Fault'} {code or 'without code'})."
    )


def _fault(body: Any) -> Mapping[str, Any] | None:
    """The fault of an answer, or of one of its parts."""
    if not isinstance(body, dict):
        return None
    for part in (body, body.get("QueryResponse"), *(body.get("CDCResponse") or ())):
        if isinstance(part, dict):
            found = part.get("Fault") or part.get("fault")
            if isinstance(found, dict):
                return found
    return None


def _part(answer: Answer, name: str, kind: type, stream: str | None) -> Any:
    found = answer.body.get(name) if isinstance(answer.body, dict) else None
    if not isinstance(found, kind):
        raise SourceError(
            f"an answer came without its `{name}`.",
            stream=stream,
            todo="Check `base_url`: this is not the QuickBooks Online API.",
        )
    return found


def _time(answer: Answer) -> datetime | None:
    try:
        return datetime.fromisoformat(str(answer.body.get("time"))).astimezone(UTC)
    except ValueError:
        return answer.server_time

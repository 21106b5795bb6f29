"""Calls to one Salesforce org: REST queries, descriptions, limits, Bulk API 2.0 query jobs.

Data flow: source.py -> SalesforceClient -> GET /services/data/vXX.0/... -> records or CSV.

Facts (REST API and Bulk API 2.0 developer guides, developer.salesforce.com):
- tokens: POST /services/oauth2/token of the My Domain, client id and secret in the form; the answer
  tells no expiry (the session's time-out in Setup counts), so a 401 asks for a new one.
- `query` leaves deleted records out, `queryAll` has them with IsDeleted; a page is at most 2,000
  records and may be smaller; `nextRecordsUrl` leads on while `done` is false and is kept two days.
- `Sforce-Limit-Info: api-usage=used/total` comes with every answer. Errors: see errors.py.
- Bulk 2.0: POST jobs/query, GET it until JobComplete, GET its results as CSV with the headers
  Sforce-NumberOfRecords and Sforce-Locator ("null" after the last part); a part can be asked for
  again as long as the job is kept (seven days), with the API version it was made with.
Not verified: whether an org answers a web page with 200 instead of a redirect when it wants a
log-in; both end as errors here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import QuotaExhausted, RetryableError, SourceError
from connectors.http.client import Answer
from connectors.http.oauth import Client, OAuth2, TokenStore
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.salesforce.errors import GoneError, OutOfReachError, vendor_error
from connectors.sources.salesforce.plan import FieldInfo, ObjectInfo, Row
from connectors.sources.salesforce.settings import SalesforceSettings

# Salesforce limits calls per day and long ones at once, not per second.
LIMIT = RateLimit()
CSV = "text/csv"
_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")
csv.field_size_limit(1 << 24)  # a long text area has up to 131,072 characters, the default is less


@dataclass(frozen=True)
class Rows:
    """Records of one answer: the way on (None: last), the query's total, the org's clock (UTC)."""

    values: Sequence[Row]
    next: str | None
    total: int
    server_time: datetime | None = None


@dataclass(frozen=True)
class Job:
    """A bulk query job: its state, and how many records it has gathered."""

    id: str
    state: str
    records: int
    server_time: datetime | None = None


class SalesforceClient(VendorClient):
    """The API of one org."""

    def __init__(self, name: str, settings: SalesforceSettings, context: SourceContext) -> None:
        refresh = settings.refresh_token
        auth = OAuth2(
            token_url=f"{settings.base_url}/services/oauth2/token",
            client=Client(settings.client_id, settings.client_secret, sent_in="body"),
            store=TokenStore(context.state_dir / f"{name}-{_mark(settings)}-token.json"),
            grant=None if refresh else {"grant_type": "client_credentials"},
            first_refresh_token=refresh,
        )
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=auth,
            account=f"{settings.base_url}/{name}",
            limit=LIMIT,
            vendor_error=vendor_error,
        )
        self._root = f"services/data/v{settings.api_version}"
        self._percent = settings.quota_percent
        self._described: dict[str, ObjectInfo] = {}
        self.used: tuple[int, int] | None = None  # calls of the org in 24 hours, and its allowance

    def query(self, soql: str, *, deleted: bool, stream: str | None = None) -> Rows:
        """The first answer of a query, deleted records included or not."""
        path = f"{self._root}/{'queryAll' if deleted else 'query'}"
        return self._rows(self._json(path, params={"q": soql}, stream=stream), stream)

    def more(self, next_url: str, stream: str | None = None) -> Rows:
        """The answer `nextRecordsUrl` leads to. GoneError when the locator is no longer kept."""
        return self._rows(self._json(next_url, stream=stream), stream)

    def describe(self, name: str, stream: str | None = None) -> ObjectInfo:
        """The object as the connected user sees it, asked once. OutOfReachError without it."""
        if name not in self._described:
            try:
                body = self._json(f"{self._root}/sobjects/{name}/describe", stream=stream).body
            except GoneError as error:
                raise OutOfReachError(
                    f"the org has no object {name}, or the connected user may not see it.",
                    source=error.source,
                    stream=stream,
                    todo="Install its package, give the user's permission set read access, or"
                    " change `map` or `mapping`.",
                ) from error
            fields = body.get("fields") if isinstance(body, dict) else None
            if not isinstance(fields, list):
                raise _no_salesforce(stream)
            known = {str(found["name"]): _field(found) for found in fields}
            self._described[name] = ObjectInfo(name, known)
        return self._described[name]

    def objects(self) -> list[Row]:
        """Every object the connected user sees, in short."""
        body = self._json(f"{self._root}/sobjects").body
        found = body.get("sobjects") if isinstance(body, dict) else None
        if not isinstance(found, list):
            raise _no_salesforce(None)
        return found

    def limits(self) -> dict[str, Any]:
        """The org's allowances: name -> {Max, Remaining}."""
        body = self._json(f"{self._root}/limits").body
        return body if isinstance(body, dict) else {}

    def start_job(self, soql: str, stream: str) -> Job:
        """A new bulk query job, deleted records included."""
        body = {
            "operation": "queryAll",
            "query": soql,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
        path = f"{self._root}/jobs/query"
        return _job(self._json(path, method="POST", body=body, stream=stream), stream)

    def job(self, id: str, stream: str) -> Job:
        """The job as it stands. GoneError when it is no longer kept."""
        return _job(self._json(f"{self._root}/jobs/query/{id}", stream=stream), stream)

    def results(
        self, id: str, locator: str, size: int, fields: Sequence[str], stream: str
    ) -> tuple[list[Row], str]:
        """(records, next locator or "") of one part of a finished job's results."""
        params: dict[str, Any] = {"maxRecords": size}
        if locator:
            params["locator"] = locator
        self._guard()
        answer = self._http.text(
            f"{self._root}/jobs/query/{id}/results", kind=CSV, params=params, stream=stream
        )
        headers = self._observed(answer)
        rows: list[Row] = list(csv.DictReader(io.StringIO(answer.body, newline="")))
        told = headers.get("sforce-numberofrecords", "")
        absent = [field for field in fields if rows and field not in rows[0]]
        if absent or (told.isdigit() and int(told) != len(rows)):
            raise RetryableError(
                f"a part of the job's results has {len(rows)} records and {len(absent)} columns too"
                f" few; {told or 'no number of'} records were announced.",
                stream=stream,
                todo="Run again; the job's results are kept for seven days.",
            )
        following = headers.get("sforce-locator", "null")
        return rows, "" if following == "null" else following

    def _json(self, path: str, *, stream: str | None = None, **options: Any) -> Answer:
        self._guard()
        answer = self._http.json(path, stream=stream, **options)
        self._observed(answer)
        return answer

    def _rows(self, answer: Answer, stream: str | None) -> Rows:
        body = answer.body
        if not isinstance(body, dict) or not isinstance(body.get("records"), list):
            raise _no_salesforce(stream)
        following = None if body.get("done", True) else body.get("nextRecordsUrl")
        total = int(body.get("totalSize") or 0)
        return Rows(body["records"], following, total, answer.server_time)

    def _observed(self, answer: Answer) -> dict[str, str]:
        """The answer's headers in lower case; the usage among them is remembered."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        found = _USAGE.search(headers.get("sforce-limit-info", ""))
        if found:
            self.used = (int(found[1]), int(found[2]))
        return headers

    def _guard(self) -> None:
        """Before a request, so that what the last one brought is landed."""
        if self.used is None or not self.used[1]:
            return
        used, total = self.used
        if used >= total * self._percent / 100:
            raise QuotaExhausted(
                f"the org has used {used} of its {total} API calls of the last 24 hours, and"
                f" {self._percent:g} % is where this source stops.",
                until=SYSTEM_CLOCK.now() + timedelta(hours=1),
                todo="Finished pages are kept; run again later, or raise `quota_percent`.",
            )


def _mark(settings: SalesforceSettings) -> str:
    """Names the connection: one that was made anew does not go on with the old one's tokens."""
    refresh = settings.refresh_token.get_secret_value() if settings.refresh_token else ""
    named = "\0".join((settings.base_url, settings.client_id, refresh))
    return hashlib.sha256(named.encode()).hexdigest()[:12]


def _field(body: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        str(body.get("type", "string")),
        body.get("relationshipName"),
        tuple(body.get("referenceTo") or ()),
    )


def _job(answer: Answer, stream: str) -> Job:
    body = cast(dict[str, Any], answer.body) if isinstance(answer.body, dict) else {}
    if "id" not in body or "state" not in body:
        raise _no_salesforce(stream)
    records = int(body.get("numberRecordsProcessed") or 0)
    return Job(str(body["id"]), str(body["state"]), records, answer.server_time)


def _no_salesforce(stream: str | None) -> SourceError:
    return SourceError(
        "the answer is not one of Salesforce's API.",
        stream=stream,
        todo="Check `base_url` (the My Domain address) and `api_version`.",
    )

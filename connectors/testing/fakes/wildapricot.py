"""A fake Wild Apricot: the read side of its Admin API v2.2, and the token service.

Data flow: POST /auth/token, GET /v2.2/accounts/... -> RecordStore("wildapricot", entity) -> JSON.

Facts from the vendor's description of the Admin API 7.24.0 (as published in
api-evangelist/wildapricot), its help pages and samples (WildApricot/ApiSamples):
- a search for contacts is asynchronous unless `$async=false` (or `$count`); its state goes from
  Waiting over Processing to Complete, the result is fetched with `resultId`;
- archived contacts are found like the others; `$top`, `$skip`, `idsOnly`, `$count`, `$filter`;
- event registrations refuse a request without event, contact or ids;
- invoices, payments and refunds refuse a request without a filter; newest document first; StartDate
  and EndDate compare the document's date; voided invoices only with includeVoided;
- the audit log refuses a request without dates; allocations one without a document;
- errors are {code, message, details}; a query of more than 4,096 characters is not found.
Not verified: the order of contacts (by name here, so that a renamed one moves), and error codes.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from connectors.testing.fakes.wildapricot_filter import FilterError, parse
from connectors.testing.fakes.wildapricot_records import TITLES
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "wildapricot"
MAX_QUERY = 4096
MAX_TOP = 100
_ROOT = re.compile(r"^/v2\.2/accounts(?:/(?P<account>\d+)/(?P<path>\w+)(?:/(?P<id>\d+))?)?/?$")
_MONEY = {"invoices": "Invoice", "payments": "Payment", "refunds": "Refund"}
_EVENT = frozenset({"Id", "StartDate", "EndDate", "Name"})
_EMAIL = frozenset({"SentDate", "SendingType"})
Row = dict[str, Any]


class RefusedError(Exception):
    """The request is answered with this status."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class WildApricotFake:
    """One account. `polls`: how often a search is still under way when its result is asked for."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-apricot-key",
        *,
        account: int = 1,
        accounts: Sequence[int] | None = None,
        polls: int = 1,
    ) -> None:
        self._store, self._account, self._polls = store, account, polls
        self._accounts = accounts or [account]
        self._basic = "Basic " + base64.b64encode(f"APIKEY:{api_key}".encode()).decode()
        self._token = f"token-of-{len(api_key)}"
        self._lock = threading.Lock()
        self._searches: list[tuple[Mapping[str, str], int]] = []

    def handle(self, request: Request) -> Response:
        if len(urlencode(request.query)) > MAX_QUERY:
            return Response(404, {"Content-Type": "text/html"}, b"<h1>404.14</h1>")
        try:
            if request.path == "/auth/token":
                return Response.of_json(self._grant(request))
            return Response.of_json(self._route(request))
        except (RefusedError, FilterError) as refused:
            status, code = (400, "Search")
            if isinstance(refused, RefusedError):
                status, code = refused.status, refused.code
            return Response.of_json({"code": code, "message": code, "details": []}, status)

    def _grant(self, request: Request) -> Row:
        form = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        if request.headers.get("authorization") != self._basic:
            raise RefusedError(401, "invalid_client")
        if form.get("grant_type") != "client_credentials" or form.get("scope") != "auto":
            raise RefusedError(400, "invalid_request")
        return {"access_token": self._token, "token_type": "Bearer", "expires_in": 1800}

    def _route(self, request: Request) -> Any:
        if request.headers.get("authorization") != f"Bearer {self._token}":
            raise RefusedError(401, "Unauthorized")
        found = _ROOT.match(request.path)
        if found is None or request.method != "GET":
            raise RefusedError(404, "NotFound")
        if found["account"] is None:
            currency = {"Code": self._store.setting("currency") or "EUR", "Symbol": "?"}
            return [{"Id": id, "Name": "Example", "Currency": currency} for id in self._accounts]
        if int(found["account"]) != self._account:
            raise RefusedError(403, "Forbidden")
        params = dict(request.query)
        if found["id"] is not None:
            return self._one(found["path"].lower(), found["id"])
        lists: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
            "contacts": self._contacts,
            "events": self._events,
            "membershiplevels": lambda _: self._all("membership_level"),
            "eventregistrations": self._registrations,
            "paymentallocations": self._allocations,
            "auditlogitems": self._audit,
            "sentemails": self._emails,
            "sentemailrecipients": self._recipients,
        }
        path = found["path"].lower()
        if path in _MONEY:
            return self._money(path, params)
        if path not in lists:
            raise RefusedError(404, "NotFound")
        return lists[path](params)

    def _all(self, entity: str, parent: str | None = None) -> list[Row]:
        return [r.body for r in self._store.query(VENDOR, entity, parent=parent)]

    def _one(self, path: str, id: str) -> Row:
        record = self._store.get(VENDOR, path.removesuffix("s").replace("tema", "t_ema"), id)
        if record is None:
            raise RefusedError(404, "NotFound")
        return record.body

    def _contacts(self, params: Mapping[str, str]) -> Row:
        if "resultId" in params:
            return self._result(params["resultId"])
        if params.get("$async") == "false" or params.get("$count") == "true":
            return self._search(params)
        self._search(params)  # a bad filter is refused at once
        with self._lock:
            self._searches.append((dict(params), self._polls))
            number = len(self._searches) - 1
        return {
            "ResultId": f"result-{number}",
            "ResultUrl": f"/v2.2/accounts/{self._account}/contacts?resultId=result-{number}",
            "Requested": self._store.now().isoformat(),
            "State": "Waiting",
        }

    def _result(self, result: str) -> Row:
        number = int(result.removeprefix("result-"))
        with self._lock:
            params, left = self._searches[number]
            self._searches[number] = (params, left - 1)
        if left > 0:
            return {"ResultId": result, "State": "Processing"}
        return {"ResultId": result, "State": "Complete", **self._search(params)}

    def _search(self, params: Mapping[str, str]) -> Row:
        known = frozenset({"Id", *TITLES, *TITLES.values()})
        check = parse(params.get("$filter"), known)
        rows = [row for row in self._all("contact") if check(_fields(row))]
        rows.sort(key=lambda row: (row["LastName"], row["FirstName"], row["Id"]))
        return _shown(params, rows, "Contacts", "ContactIdentifiers")

    def _events(self, params: Mapping[str, str]) -> Row:
        check = parse(params.get("$filter"), _EVENT)
        rows = [row for row in self._all("event") if check(row)]
        return _shown(params, rows, "Events", "EventsIdentifiers")

    def _registrations(self, params: Mapping[str, str]) -> list[Row]:
        if "eventId" not in params:
            raise RefusedError(400, "Validation")
        rows = self._all("registration", params["eventId"])
        return [r for r in rows if not r["OnWaitlist"] or params.get("includeWaitlist") == "true"]

    def _money(self, path: str, params: Mapping[str, str]) -> Row:
        kind = _MONEY[path]
        if not {"ids", "StartDate", "EndDate", "contactId"} & params.keys():
            raise RefusedError(400, "Validation")
        rows = self._all(kind.lower())
        if "ids" in params:
            rows = [r for r in rows if str(r["Id"]) in params["ids"].split(",")]
        start, end = params.get("StartDate", ""), params.get("EndDate", "9999")
        rows = [r for r in rows if start <= str(r["DocumentDate"]) < end]
        if params.get("includeVoided") != "true":
            rows = [r for r in rows if not r.get("VoidedDate")]
        rows.sort(key=lambda row: str(row["DocumentDate"]), reverse=True)
        return _shown(params, rows, f"{kind}s", f"{kind}Identifiers")

    def _allocations(self, params: Mapping[str, str]) -> list[Row]:
        if not {"InvoiceId", "PaymentId", "RefundId"} & params.keys():
            raise RefusedError(400, "Validation")
        return self._all("allocation", params.get("PaymentId", ""))

    def _audit(self, params: Mapping[str, str]) -> Row:
        if not {"StartDate", "EndDate"} & params.keys():
            raise RefusedError(400, "Validation")
        rows = [r for r in self._all("audit") if r["Timestamp"] >= params.get("StartDate", "")]
        return _shown(params, rows, "Items", "Identifiers")

    def _emails(self, params: Mapping[str, str]) -> Row:
        check = parse(params.get("$filter"), _EMAIL)
        rows = [row for row in self._all("sent_email") if check(row)]
        return _shown(params, rows, "Emails", "EmailsIdentifiers")

    def _recipients(self, params: Mapping[str, str]) -> Row:
        if "emailId" not in params:
            raise RefusedError(400, "Validation")
        return _shown(params, self._all("recipient", params["emailId"]), "Recipients", "")


def _shown(params: Mapping[str, str], rows: list[Row], key: str, ids: str) -> Row:
    """The rows, ids or count asked for."""
    if params.get("$count") == "true":
        return {"Count": len(rows)}
    skip = int(params.get("$skip", 0))
    if params.get("idsOnly") == "true":
        return {ids: [row["Id"] for row in rows[skip:]]}
    return {key: rows[skip : skip + min(int(params.get("$top", MAX_TOP)), MAX_TOP)]}


def _fields(row: Row) -> Row:
    """Values by system code and by title."""
    found = {"Id": row["Id"]}
    for field in row["FieldValues"]:
        found[field["SystemCode"]] = found[field["FieldName"]] = field["Value"]
    return found

"""The fake Xero: tokens, filters, pages, errors; answers and requests fit Xero's description."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
import requests
from cases_xero import xero_settings
from jsonschema import Draft7Validator
from lake import Lake
from vendors import NOW, QUICK

from connectors.registry import SourceContext, build_source
from connectors.testing.fakes.xero import ENDPOINTS, TENANT, XeroFake
from connectors.testing.fakes.xero_records import ms_date
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

BASIC = ("sandbox-client", "sandbox-secret")
SPEC = "xero-accounting-pruned.json"


def uid(text: str) -> str:
    return str(uuid5(NAMESPACE_OID, text))


def put(store: RecordStore, entity: str, number: int, hours_ago: float, **body: Any) -> None:
    at = NOW - timedelta(hours=hours_ago)
    full = {**body, "UpdatedDateUTC": ms_date(at)}
    id = uid(f"{entity} {number}")
    store.put(Record("xero", entity, id, full, number, at.timestamp(), at.timestamp()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "x.sqlite")
    store.set_now(NOW)
    contact = {"ContactID": uid("contact 1"), "Name": "Anna Example"}
    for number in range(1, 8):
        status = "ARCHIVED" if number == 7 else "ACTIVE"
        id = uid(f"contact {number}")
        put(store, "contact", number, number, ContactID=id, Name="Anna", ContactStatus=status)
    day = ms_date(NOW.date())
    line = {"LineItemID": uid("line"), "Description": "Dues", "LineAmount": 30.0, "Quantity": 1.0}
    put(
        store,
        "invoice",
        1,
        3,
        InvoiceID=uid("invoice 1"),
        Type="ACCREC",
        Contact=contact,
        Date=day,
        DueDate=day,
        Total=30.0,
        LineItems=[line],
    )
    note = {"CreditNoteID": uid("credit_note 1"), "Type": "ACCRECCREDIT", "Contact": contact}
    put(store, "credit_note", 1, 2, **note, Date=day, Total=10.0)
    invoice = {"InvoiceID": uid("invoice 1"), "Type": "ACCREC", "CurrencyCode": "EUR"}
    put(store, "payment", 1, 1, PaymentID=uid("payment 1"), Invoice=invoice, Amount=5.0, Date=day)
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(XeroFake(store, per_minute=None)) as running:
        yield running


def trade(server: FakeServer, token: str, auth: tuple[str, str] = BASIC) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return requests.post(f"{server.url}/connect/token", data=form, auth=auth, timeout=5)


def get(
    server: FakeServer, endpoint: str, since: str = "", tenant: str = TENANT, **params: Any
) -> Any:
    form = {"grant_type": "client_credentials"}
    url = f"{server.url}/connect/token"
    token = requests.post(url, data=form, auth=BASIC, timeout=5).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Xero-Tenant-Id": tenant}
    if since:
        headers["If-Modified-Since"] = since
    address = f"{server.url}/api.xro/2.0/{endpoint}"
    return requests.get(address, params=params, headers=headers, timeout=5)


def test_a_refresh_token_works_once_and_half_an_hour_longer(
    server: FakeServer, store: RecordStore
) -> None:
    assert trade(server, "refresh-0", ("sandbox-client", "wrong")).json() == {
        "error": "invalid_client"
    }
    first = trade(server, "refresh-0").json()
    assert first["refresh_token"] == "refresh-1"
    store.set_now(NOW + timedelta(minutes=29))
    assert trade(server, "refresh-0").json()["refresh_token"] == "refresh-2"
    store.set_now(NOW + timedelta(minutes=31))
    refused = trade(server, "refresh-0")
    assert (refused.status_code, refused.json()) == (400, {"error": "invalid_grant"})
    assert trade(server, "refresh-2").status_code == 200


def test_tokens_expire_and_tenants_are_told_apart(server: FakeServer, store: RecordStore) -> None:
    headers = {"Authorization": f"Bearer {trade(server, 'refresh-0').json()['access_token']}"}
    address = f"{server.url}/api.xro/2.0/Invoices"
    store.set_now(NOW + timedelta(minutes=30))
    late = requests.get(address, headers=headers, timeout=5)
    assert late.status_code == 401
    assert late.json()["Detail"].startswith("TokenExpired")
    other = get(server, "Invoices", tenant=TENANT.replace("1", "2"))
    assert (other.status_code, other.json()["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_pages_filters_and_order(server: FakeServer) -> None:
    body = get(server, "Contacts", page=2, pageSize=4).json()
    assert body["pagination"] == {"page": 2, "pageSize": 4, "pageCount": 2, "itemCount": 6}
    names = [row["ContactID"] for row in body["Contacts"]]
    assert names == [uid("contact 2"), uid("contact 1")], "the default order is that of change"
    everyone = get(server, "Contacts", page=1, includeArchived="true").json()
    assert everyone["pagination"]["itemCount"] == 7
    recent = get(server, "Contacts", "2026-06-30T10:00:00", page=1).json()["Contacts"]
    assert [row["ContactID"] for row in recent] == [uid("contact 1")]
    old = get(server, "Contacts", page=1, where="UpdatedDateUTC<DateTime(2026,6,30,7)").json()
    assert old["pagination"]["itemCount"] == 1
    assert get(server, "Invoices").json()["Invoices"][0]["LineItems"] == []


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"page": 0}, "ValidationException"),
        ({"page": "one"}, "ValidationException"),
        ({"where": "Nonsense"}, "QueryParseException"),
        ({"order": "Colour"}, "QueryParseException"),
        ({"per_page": 4}, "QueryParseException"),
    ],
)
def test_errors(server: FakeServer, params: dict[str, Any], kind: str) -> None:
    answer = get(server, "Contacts", **params)
    assert answer.status_code == 400
    assert answer.json()["Type"] == kind


def test_limits(store: RecordStore) -> None:
    with FakeServer(XeroFake(store, per_minute=2)) as server:
        first = get(server, "Contacts", page=1)
        assert first.headers["X-MinLimit-Remaining"] == "1"
        get(server, "Contacts", page=1)
        third = get(server, "Contacts", page=1)
        assert third.status_code == 429
        assert third.headers["X-Rate-Limit-Problem"] == "minute"
        store.set_now(NOW + timedelta(minutes=1))
        assert get(server, "Contacts", page=1).status_code == 200
    with FakeServer(XeroFake(store, per_day=1)) as server:
        get(server, "Contacts", page=1)
        assert get(server, "Contacts", page=1).headers["X-Rate-Limit-Problem"] == "day"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: Xero's OpenAPI description is not here")
    found: dict[str, Any] = json.loads((Path(folder) / SPEC).read_text(encoding="utf-8"))
    return found


def problems(description: dict[str, Any], name: str, body: Any) -> list[str]:
    answer = description["paths"][f"/{name}"]["get"]["responses"]["200"]
    schema = answer["content"]["application/json"]["schema"]
    rooted = {"allOf": [schema], "components": description["components"]}
    found = Draft7Validator(rooted).iter_errors(body)
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


@pytest.mark.parametrize("name", ["Contacts", "Invoices", "CreditNotes", "Payments"])
def test_answers_fit_the_description(
    server: FakeServer, description: dict[str, Any], name: str
) -> None:
    body = get(server, name, page=1, includeArchived="true").json()
    assert body[name]
    assert problems(description, name, body) == []
    schema = description["components"]["schemas"][name]
    element = schema["properties"][name]["items"]["$ref"].rpartition("/")[2]
    known = set(description["components"]["schemas"][element]["properties"])
    unknown = {key for row in body[name] for key in row} - known
    assert unknown == set(), "the fake sends keys that the description does not know"


def test_the_description_does_refuse(server: FakeServer, description: dict[str, Any]) -> None:
    body = get(server, "Invoices", page=1).json()
    body["Invoices"][0] |= {"Total": "30.00", "Status": "OPEN"}
    assert len(problems(description, "Invoices", body)) == 2


def test_requests_fit_the_description(
    server: FakeServer, description: dict[str, Any], tmp_path: Path
) -> None:
    settings = {**QUICK, **xero_settings(server.url)}
    source: Any = build_source("xero", "xero", settings, SourceContext(tmp_path / "state"))
    lake = Lake(tmp_path)
    for _ in ("all", "changes"):
        lake.pull(source)
    lake.extract(source, "invoice", since=NOW - timedelta(days=1), until=NOW)
    source.close()
    shared = description["components"]["parameters"]
    checked = set()
    for request in server.requests:
        path = request.path.removeprefix("/api.xro/2.0")
        if path not in description["paths"]:
            assert path == "/connect/token" or path.strip("/") in ENDPOINTS
            continue  # the pruned description leaves some paths out
        listed = description["paths"][path]["get"]["parameters"]
        given = [shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p for p in listed]
        known = {p["name"] for p in given if p["in"] == "query"}
        assert {name for name, _ in request.query} <= known
        if "if-modified-since" in request.headers:
            assert "If-Modified-Since" in {p["name"] for p in given if p["in"] == "header"}
        checked.add(path)
    assert checked == {"/Contacts", "/Invoices", "/CreditNotes", "/Payments"}

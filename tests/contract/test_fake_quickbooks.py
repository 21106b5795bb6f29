"""The fake QuickBooks: queries, change data capture, tokens, and what fits the description."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cases_quickbooks import quickbooks_settings
from jsonschema import Draft7Validator
from lake import Lake
from vendors import NOW, QUICK

from connectors.registry import SourceContext, build_source
from connectors.testing.fakes.quickbooks import REALM, QuickbooksFake, qbo_time
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

BASIC = ("sandbox-client", "sandbox-secret")
SPEC = "quickbooks-partial.yml"


def put(store: RecordStore, entity: str, id: str, days_ago: float, **body: Any) -> None:
    at = NOW - timedelta(days=days_ago)
    times = {"CreateTime": qbo_time(at), "LastUpdatedTime": qbo_time(at)}
    full = {"Id": id, "SyncToken": "0", **body, "MetaData": times}
    store.put(Record("quickbooks", entity, id, full, int(id), at.timestamp(), at.timestamp()))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "q.sqlite")
    store.set_now(NOW)
    for number in range(1, 6):
        active = number != 5
        put(store, "Customer", str(number), number, DisplayName="Anna", Active=active)
    line = {"Amount": 30.0, "DetailType": "SalesItemLineDetail"}
    customer = {"CustomerRef": {"value": "1"}, "TxnDate": "2026-06-01"}
    put(store, "Invoice", "1", 2, **customer, TotalAmt=30.0, Balance=0, Line=[line])
    link = {"Amount": 30.0, "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}
    put(store, "Payment", "1", 1, **customer, TotalAmt=30.0, Line=[link])
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(QuickbooksFake(store)) as running:
        yield running


def trade(server: FakeServer, token: str) -> Any:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    url = f"{server.url}/oauth2/v1/tokens/bearer"
    return requests.post(url, data=form, auth=BASIC, timeout=5)


def get(server: FakeServer, path: str, access: int = 1, **params: Any) -> Any:
    if access == 1:
        trade(server, "refresh-0")
    headers = {"Authorization": f"Bearer access-{access}"}
    url = f"{server.url}/v3/company/{REALM}/{path}"
    return requests.get(url, params=params, headers=headers, timeout=5)


def query(server: FakeServer, statement: str) -> Any:
    return get(server, "query", query=statement).json()["QueryResponse"]


def test_queries(server: FakeServer) -> None:
    assert query(server, "select count(*) from Customer") == {"totalCount": 4}
    found = query(server, "select Id from Customer where Active in (true, false) orderby Id")
    assert [row["Id"] for row in found["Customer"]] == ["1", "2", "3", "4", "5"]
    assert query(server, "select * from Customer startposition 5") == {}
    edge = qbo_time(NOW - timedelta(days=2))
    late = f"select Id from Customer where MetaData.LastUpdatedTime >= '{edge}'"
    order = "orderby MetaData.LastUpdatedTime startposition 2 maxresults 1"
    found = query(server, f"{late} {order}")
    assert found == {"Customer": [{"Id": "1"}], "startPosition": 2, "maxResults": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from Nothing",
        "drop table Customer",
        "select * from Customer where Name = 'x'",
        "select * from Customer maxresults 1001",
        "select * from Customer where MetaData.LastUpdatedTime >= 'soon'",
    ],
)
def test_queries_that_are_refused(server: FakeServer, statement: str) -> None:
    answer = get(server, "query", query=statement)
    assert answer.status_code == 400
    assert answer.json()["Fault"]["type"] == "ValidationFault"


def test_change_data_capture(server: FakeServer, store: RecordStore) -> None:
    app: Any = server.app
    app.delete("Customer", "2")
    since = qbo_time(NOW - timedelta(days=3))
    body = get(server, "cdc", entities="Customer,Invoice", changedSince=since).json()
    customers, invoices = body["CDCResponse"][0]["QueryResponse"]
    assert [(row["Id"], row.get("status")) for row in customers["Customer"]] == [
        ("3", None),
        ("1", None),
        ("2", "Deleted"),
    ]
    assert len(invoices["Invoice"]) == 1
    early = qbo_time(NOW - timedelta(days=31))
    for entities, moment in (("Customer", early), ("TaxCode", since)):
        refused = get(server, "cdc", entities=entities, changedSince=moment)
        assert refused.status_code == 400


def test_tokens_rotate_once_a_day(server: FakeServer, store: RecordStore) -> None:
    assert trade(server, "refresh-0").json()["refresh_token"] == "refresh-1"
    assert trade(server, "refresh-1").json()["refresh_token"] == "refresh-1"
    assert trade(server, "refresh-0").json() == {"error": "invalid_grant"}
    store.set_now(NOW + timedelta(hours=1))
    expired = get(server, "query", access=2, query="select * from Invoice")
    assert expired.status_code == 401
    assert expired.json()["fault"]["error"][0]["code"] == "3200"
    store.set_now(NOW + timedelta(days=1))
    assert trade(server, "refresh-1").json()["refresh_token"] == "refresh-2"


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: QuickBooks' description is not here")
    text = (Path(folder) / SPEC).read_text(encoding="utf-8")
    # It holds tabs, and takes a payment's line for exactly one of two kinds of expense.
    found: dict[str, Any] = yaml.safe_load(text.replace("\t", "  ").replace("oneOf:", "anyOf:"))
    return found


def problems(description: dict[str, Any], entity: str, body: Any) -> list[str]:
    schema = {"$ref": f"#/components/schemas/{entity}", "components": description["components"]}
    return [error.message[:200] for error in Draft7Validator(schema).iter_errors(body)]


@pytest.mark.parametrize("entity", ["Customer", "Invoice", "Payment"])
def test_entities_fit_the_description(
    server: FakeServer, description: dict[str, Any], entity: str
) -> None:
    rows = query(server, f"select * from {entity}")[entity]
    known = set(description["components"]["schemas"][entity]["properties"])
    for row in rows:
        assert problems(description, entity, row) == []
        assert set(row) <= known
    assert problems(description, entity, {**rows[0], "Id": 1}) != []


def test_requests_fit_the_description(
    server: FakeServer, description: dict[str, Any], tmp_path: Path
) -> None:
    settings = {**QUICK, **quickbooks_settings(server.url)}
    source: Any = build_source("books", "quickbooks", settings, SourceContext(tmp_path / "state"))
    lake = Lake(tmp_path)
    for _ in ("all", "changes"):
        lake.pull(source)
    source.close()
    listed = description["paths"]["/v3/company/{realm-id}/query"]["get"]["parameters"]
    # The description says nothing of minor versions, nor of change data capture.
    known = {p["name"] for p in listed if p["in"] == "query"} | {"minorversion"}
    asked = [request for request in server.requests if request.path.endswith("/query")]
    assert len(asked) > 10
    for request in asked:
        assert request.method == "GET"
        assert {name for name, _ in request.query} == known

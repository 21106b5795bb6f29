"""The fake org refuses what Salesforce refuses."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.salesforce import CLIENT, SalesforceFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

ROOT = "/services/data/v66.0"


class Caller:
    """A session with a token for the fake."""

    def __init__(self, server: FakeServer, session: requests.Session) -> None:
        self.url, self._session = server.url, session
        form = {"grant_type": "client_credentials", "client_id": CLIENT[0]}
        answer = session.post(
            f"{self.url}/services/oauth2/token", {**form, "client_secret": CLIENT[1]}, timeout=5
        )
        self.token = answer.json()
        session.headers["Authorization"] = f"Bearer {self.token['access_token']}"

    def get(self, path: str, **params: Any) -> requests.Response:
        url = self.url + (path if path.startswith("/services") else f"{ROOT}/{path}")
        return self._session.get(url, params=params, timeout=5)

    def post(self, path: str, body: dict[str, Any]) -> requests.Response:
        return self._session.post(f"{self.url}{ROOT}/{path}", json=body, timeout=5)

    def records(self, soql: str, of: str = "query") -> list[str]:
        answer = self.get(of, q=soql)
        assert answer.status_code == 200, answer.text
        return [record["Id"] for record in answer.json()["records"]]

    def refused(self, soql: str) -> str:
        answer = self.get("query", q=soql)
        assert answer.status_code == 400, answer.text
        return str(answer.json()[0]["errorCode"])


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    store = RecordStore(tmp_path / "org.sqlite")
    store.set_now(datetime(2026, 6, 30, tzinfo=UTC))
    rows: list[dict[str, Any]] = [
        {"Id": "c1", "LastName": "O'Example", "AccountId": "a1", "Birthdate": "1980-02-03"},
        {"Id": "c2", "LastName": "beta", "HasOptedOutOfEmail": True},
        {"Id": "c3", "LastName": "Beta", "IsDeleted": True},
    ]
    for sort, row in enumerate(rows):
        at = f"2026-06-0{sort + 1}T10:00:00.000+0000"
        body = {"IsDeleted": False, **row, "SystemModstamp": at}
        store.put(Record("salesforce", "Contact", row["Id"], body, sort, 0, 0))
    account = {"Id": "a1", "Name": "Example e.V.", "IsDeleted": False}
    store.put(Record("salesforce", "Account", "a1", account, 1, 0, 0))
    fake = SalesforceFake(store, page=2, allowance=40)
    with FakeServer(fake) as server, requests.Session() as session:
        yield Caller(server, session)
    store.close()


def test_a_token_comes_without_an_expiry(caller: Caller) -> None:
    assert caller.token["instance_url"] == caller.url
    assert "expires_in" not in caller.token


def test_without_a_token_the_answer_is_a_list_of_errors(caller: Caller) -> None:
    answer = requests.get(f"{caller.url}{ROOT}/limits", timeout=5)
    assert answer.status_code == 401
    assert answer.json()[0]["errorCode"] == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (r"LastName = 'O\'Example'", ["c1"]),
        ("LastName = 'BETA'", ["c2"]),
        ("LastName != 'beta' AND IsDeleted = false", ["c1"]),
        ("Account.Name = 'Example e.V.'", ["c1"]),
        ("AccountId = null", ["c2"]),
        ("AccountId != null", ["c1"]),
        ("Birthdate < 1990-01-01", ["c1"]),
        ("SystemModstamp >= 2026-06-02T10:00:00Z", ["c2"]),
        ("HasOptedOutOfEmail = true OR Id IN ('c1', 'c9')", ["c1", "c2"]),
        ("(Id > 'c1' OR Id = 'c1') AND (LastName = 'beta')", ["c2"]),
    ],
)
def test_conditions(caller: Caller, condition: str, found: list[str]) -> None:
    assert caller.records(f"SELECT Id FROM Contact WHERE {condition}") == found


def test_deleted_records_show_in_query_all_only(caller: Caller) -> None:
    soql = "SELECT Id FROM Contact ORDER BY Id DESC LIMIT 2"
    assert caller.records(soql) == ["c2", "c1"]
    assert caller.records(soql, "queryAll") == ["c3", "c2"]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT * FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Id = 'a' AND Id = 'b' OR Id = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact LIMIT", "MALFORMED_QUERY"),
        ("SELECT Shoe__c FROM Contact", "INVALID_FIELD"),
        ("SELECT Owner.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE SystemModstamp > '2026-06-02'", "INVALID_FIELD"),
        ("SELECT Id FROM Unicorn__c", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE Birthdate < null", "INVALID_QUERY_FILTER_OPERATOR"),
    ],
)
def test_refusals(caller: Caller, soql: str, code: str) -> None:
    assert caller.refused(soql) == code


def test_an_answer_that_is_cut_leads_on_and_counts_them_all(caller: Caller) -> None:
    first = caller.get("queryAll", q="SELECT Id, Account.Name FROM Contact ORDER BY Id").json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (3, False, 2)
    assert first["records"][0]["Account"]["Name"] == "Example e.V."
    assert first["records"][1]["Account"] is None
    rest = caller.get(first["nextRecordsUrl"]).json()
    assert rest["done"]
    assert [record["Id"] for record in rest["records"]] == ["c3"]
    assert "nextRecordsUrl" not in rest


def test_a_count_has_a_total_and_no_records(caller: Caller) -> None:
    body = caller.get("query", q="SELECT COUNT() FROM Contact").json()
    assert body == {"totalSize": 2, "done": True, "records": []}


def test_a_description_names_types_and_parents(caller: Caller) -> None:
    body = caller.get("sobjects/Contact/describe").json()
    fields = {field["name"]: field for field in body["fields"]}
    assert fields["AccountId"]["referenceTo"] == ["Account"]
    assert fields["AccountId"]["relationshipName"] == "Account"
    assert fields["Birthdate"]["type"] == "date"
    assert caller.get("sobjects/Unicorn__c/describe").status_code == 404


def test_the_use_of_the_allowance_is_told_and_kept(caller: Caller) -> None:
    assert caller.get("limits").headers["Sforce-Limit-Info"].startswith("api-usage=1/40;")
    for _ in range(39):
        caller.get("limits")
    answer = caller.get("limits")
    assert answer.status_code == 403
    assert answer.json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


def test_a_job_is_polled_and_its_result_comes_in_parts(caller: Caller) -> None:
    soql = "SELECT Id, Account.Name, HasOptedOutOfEmail FROM Contact"
    job = caller.post("jobs/query", {"operation": "query", "query": soql}).json()
    assert job["state"] == "UploadComplete"
    path = f"jobs/query/{job['id']}"
    assert caller.get(f"{path}/results").status_code == 400
    assert [caller.get(path).json()["state"] for _ in range(2)] == ["InProgress", "JobComplete"]
    first = caller.get(f"{path}/results", maxRecords=1)
    assert first.headers["Sforce-NumberOfRecords"] == "1"
    second = caller.get(f"{path}/results", maxRecords=1, locator=first.headers["Sforce-Locator"])
    assert second.headers["Sforce-Locator"] == "null"
    rows = [next(csv.DictReader(io.StringIO(part.text))) for part in (first, second)]
    assert rows == [
        {"Id": "c1", "Account.Name": "Example e.V.", "HasOptedOutOfEmail": "false"},
        {"Id": "c2", "Account.Name": "", "HasOptedOutOfEmail": "true"},
    ]


@pytest.mark.parametrize(
    "soql", ["SELECT MailingAddress FROM Contact", "SELECT COUNT() FROM Contact"]
)
def test_what_bulk_can_not_do_is_refused(caller: Caller, soql: str) -> None:
    answer = caller.post("jobs/query", {"operation": "query", "query": soql})
    assert answer.status_code == 400

"""The fake CiviCRM: authentication, where, select, paging, counts and errors of APIv4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

KEY = {"X-Civi-Auth": "Bearer sandbox-civicrm-key"}


def contact(number: int, **more: Any) -> Record:
    body = {
        "id": number,
        "contact_type": "Individual",
        "first_name": f"Name{number:02d}",
        "birth_date": None if number % 2 else f"19{number + 60}-01-02",
        "is_deleted": False,
        "modified_date": f"2026-06-{number:02d} 12:00:00",
        "email_primary.email": f"p{number}@example.org",
        "Consent.email_marketing": "granted",
    } | more
    return Record("civicrm", "Contact", str(number), body, number, 0.0, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.put_many(contact(n, **({"is_deleted": True} if n == 3 else {})) for n in range(1, 11))
    store.put(
        Record(
            "civicrm",
            "Membership",
            "1",
            {"id": 1, "contact_id": 1, "status_id:name": "Current", "is_test": False},
            1,
            0.0,
            0.0,
        )
    )
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(CivicrmFake(store)) as running:
        yield running


def call(
    server: FakeServer,
    entity: str = "Contact",
    action: str = "get",
    headers: dict[str, str] | None = None,
    **params: Any,
) -> requests.Response:
    return requests.post(
        f"{server.url}/civicrm/ajax/api4/{entity}/{action}",
        data={"params": json.dumps(params)},
        headers=KEY if headers is None else headers,
        timeout=5,
    )


def ids(server: FakeServer, **params: Any) -> list[int]:
    return [row["id"] for row in call(server, **params).json()["values"]]


def test_credentials(server: FakeServer) -> None:
    wrong = call(server, headers={"X-Civi-Auth": "Bearer nope"})
    assert (wrong.status_code, wrong.text) == (401, "HTTP 401 Invalid credential")
    assert wrong.headers["Content-Type"] == "text/plain"
    assert call(server, headers={}).status_code == 403
    by_param = requests.get(
        f"{server.url}/civicrm/ajax/api4/Contact/get",
        params={"params": "{}", "_authx": "Bearer sandbox-civicrm-key"},
        timeout=5,
    )
    assert by_param.json()["count"] == 9


def test_without_a_limit_everything_comes_and_deleted_ones_do_not(server: FakeServer) -> None:
    answer = call(server).json()
    assert [row["id"] for row in answer["values"]] == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert (answer["count"], answer["countFetched"], answer["countMatched"]) == (9, 9, 9)
    assert (answer["entity"], answer["action"], answer["version"]) == ("Contact", "get", 4)


def test_deleted_ones_come_when_the_where_names_them_or_their_id(server: FakeServer) -> None:
    assert ids(server, where=[["is_deleted", "IN", [True, False]]]) == list(range(1, 11))
    assert ids(server, where=[["is_deleted", "=", True]]) == [3]
    assert ids(server, where=[["id", "=", 3]]) == [3]
    assert ids(server, where=[["id", "IN", [3, 4]]]) == [3, 4]
    assert ids(server, where=[["id", ">", 2], ["id", "<=", 4]]) == [4]


def test_keyset_and_offset_paging(server: FakeServer) -> None:
    found: list[int] = []
    while True:
        page = ids(
            server,
            select=["id"],
            where=[["id", ">", found[-1] if found else 0]],
            orderBy={"id": "ASC"},
            limit=4,
        )
        found += page
        if len(page) < 4:
            break
    assert found == [1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert ids(server, limit=4, offset=4) == [6, 7, 8, 9]
    assert ids(server, limit=2, orderBy={"modified_date": "DESC"}) == [10, 9]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (["first_name", "=", "NAME04"], [4]),
        (["first_name", "!=", "Name04"], [1, 2, 5, 6, 7, 8, 9, 10]),
        (["modified_date", ">=", "2026-06-09"], [9, 10]),
        # The site is in Europe/Berlin: 10:00 UTC is 12:00 there.
        (["modified_date", ">", "2026-06-09T10:00:00+00:00"], [10]),
        (["modified_date", "<", "2026-06-02 12:00:00"], [1]),
        (["modified_date", "<=", "2026-06-02 12:00:00"], [1, 2]),
        (["first_name", "LIKE", "name1%"], [10]),
        (["first_name", "NOT IN", ["Name01", "Name02"]], [4, 5, 6, 7, 8, 9, 10]),
        (["birth_date", "IS NULL"], [1, 5, 7, 9]),
        (["birth_date", "IS NOT NULL"], [2, 4, 6, 8, 10]),
        # SQL: a null is not unequal to anything.
        (["birth_date", "!=", "1962-01-02"], [4, 6, 8, 10]),
        (["id", "BETWEEN", [4, 5]], [4, 5]),
        (["email_primary.email", "CONTAINS", "p10@"], [10]),
        (["OR", [["id", "=", 1], ["first_name", "=", "Name09"]]], [1, 9]),
        (["NOT", [["id", ">", 1]]], [1]),
    ],
)
def test_where(server: FakeServer, clause: list[Any], expected: list[int]) -> None:
    assert ids(server, where=[clause]) == expected


def test_select(server: FakeServer) -> None:
    (row,) = call(server, select=["first_name", "no_such_field"], limit=1).json()["values"]
    assert row == {"id": 1, "first_name": "Name01"}
    (row,) = call(server, limit=1).json()["values"]
    assert "first_name" in row
    assert not any("." in name for name in row)
    (row,) = call(server, select=["email_primary.*", "custom.*"], limit=1).json()["values"]
    assert row["email_primary.email"] == "p1@example.org"
    assert row["Consent.email_marketing"] == "granted"
    (row,) = call(server, "Membership", select=["status_id:name"]).json()["values"]
    assert row == {"id": 1, "status_id:name": "Current"}


def test_row_count(server: FakeServer) -> None:
    answer = call(server, select=["id", "row_count"], limit=2).json()
    assert (answer["count"], answer["countFetched"], answer["countMatched"]) == (9, 2, 9)
    only = call(server, select=["row_count"]).json()
    assert (only["values"], only["countMatched"]) == ([], 9)
    assert "countMatched" not in call(server, select=["id"], limit=2).json()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"where": [["nothing", "=", 1]]}, "Invalid field 'nothing'"),
        ({"where": [["id", "~", 1]]}, "Illegal operator"),
        ({"orderBy": {"nothing": "ASC"}}, "Invalid field 'nothing'"),
        ({"orderBy": {"id": "up"}}, "Invalid sort direction. Cannot order by id up"),
        ({"fields": ["id"]}, "Unknown api parameter: fields"),
    ],
)
def test_errors_are_json_with_500(server: FakeServer, params: dict[str, Any], message: str) -> None:
    answer = call(server, **params)
    assert answer.status_code == 500
    assert answer.json() == {"error_code": 0, "error_message": message, "status": 500}


def test_unknown_and_forbidden_entities(store: RecordStore) -> None:
    with FakeServer(CivicrmFake(store, forbidden=["Case"])) as server:
        unknown = call(server, "Contakt")
        assert unknown.status_code == 500
        assert unknown.json()["error_code"] == "not-found"
        assert call(server, "Case").status_code == 403
        assert call(server, "Contact", "delete").status_code == 403
        get = requests.get(f"{server.url}/civicrm/ajax/api4/Contact/delete", headers=KEY, timeout=5)
        assert get.status_code == 405


def test_errors_with_200_and_without_details(store: RecordStore) -> None:
    fake = CivicrmFake(store, errors_with_200=True, detailed_errors=False)
    with FakeServer(fake) as server:
        answer = call(server, where=[["nothing", "=", 1]])
        assert answer.status_code == 200
        assert answer.json()["error_code"] == "1"
        assert "Error ID" in answer.json()["error_message"]
        assert "nothing" not in answer.text


def names(server: FakeServer, entity: str) -> set[str]:
    return {row["name"] for row in call(server, entity, "getFields").json()["values"]}


def test_get_fields_lets_a_connector_choose_its_cursor(store: RecordStore) -> None:
    with FakeServer(CivicrmFake(store)) as server:
        assert {"modified_date", "email_primary", "Consent.evidence"} <= names(server, "Contact")
        assert "email_primary.email" not in names(server, "Contact")
        assert "modified_date" not in names(server, "Membership")
        only = call(server, "Contact", "getFields", select=["name"]).json()["values"]
        assert only[0] == {"name": "id"}
    older = CivicrmFake(
        store,
        without={"Contact": ["modified_date"]},
        extra_fields={"Contact": ["Consent.sms"]},
    )
    with FakeServer(older) as server:
        assert "modified_date" not in names(server, "Contact")
        assert "Consent.sms" in names(server, "Contact")
        (row,) = call(server, select=["modified_date"], limit=1).json()["values"]
        assert row == {"id": 1}
        assert call(server, where=[["modified_date", ">", "2026-01-01"]]).status_code == 500


def test_a_store_in_the_wrong_order_is_refused_loudly(store: RecordStore) -> None:
    body = contact(11).body
    store.put(Record("civicrm", "Contact", "11", body, 99, 0.0, 0.0))
    with FakeServer(CivicrmFake(store)) as server:
        assert "sort must be the id" in call(server).json()["error_message"]


def test_large_tables_are_read_in_chunks(store: RecordStore) -> None:
    store.put_many(contact(n, modified_date="2026-06-15 00:00:00") for n in range(20, 2_300))
    with FakeServer(CivicrmFake(store)) as server:
        assert len(ids(server, select=["id"])) == 9 + 2_280
        assert ids(server, select=["id"], where=[["id", ">", 2_297]]) == [2_298, 2_299]

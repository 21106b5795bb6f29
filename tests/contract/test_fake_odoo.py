"""The fake Odoo answers as Odoo does: domains, archived records, errors in both interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from vendors import NOW

from connectors.testing.fakes.odoo import OdooFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

HEADERS = {"Authorization": "bearer sandbox-odoo-key", "X-Odoo-Database": "example"}
STAMP = "2026-06-30 12:00:00.500000"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeServer]:
    store = RecordStore(tmp_path / "odoo.sqlite")
    store.set_now(NOW)
    for number in range(1, 5):
        body = {"id": number, "name": f"Example {number}", "write_date": STAMP}
        body |= {"active": number != 4, "parent_id": [1, "Example 1"] if number == 2 else False}
        store.put(Record("odoo", "res.partner", str(number), body, number, 0.0, 0.0))
    with FakeServer(OdooFake(store, forbidden=["event.event"])) as running:
        yield running
    store.close()


def call(server: FakeServer, method: str, model: str = "res.partner", **named: Any) -> Any:
    url = f"{server.url}/json/2/{model}/{method}"
    return requests.post(url, json=named, headers=HEADERS, timeout=5)


def ids(server: FakeServer, domain: list[Any], **named: Any) -> list[int]:
    found = call(server, "search_read", domain=domain, fields=["id"], **named).json()
    return [row["id"] for row in found]


def test_domains(server: FakeServer) -> None:
    assert ids(server, []) == [1, 2, 3]
    assert ids(server, [["active", "=", False]]) == [4]
    assert ids(server, [], context={"active_test": False}) == [1, 2, 3, 4]
    assert ids(server, ["|", ["id", "=", 1], ["parent_id", "=", 1], ["id", ">", 1]]) == [2]
    assert ids(server, ["!", ["id", "in", [1, 2]]], limit=1) == [3]
    assert ids(server, [], order="id desc", offset=1) == [2, 1]


def test_microseconds_are_compared_and_not_shown(server: FakeServer) -> None:
    (row,) = call(server, "search_read", domain=[["id", "=", 1]], fields=["write_date"]).json()
    assert row == {"id": 1, "write_date": "2026-06-30 12:00:00"}
    assert ids(server, [["write_date", "=", row["write_date"]]]) == []
    assert ids(server, [["write_date", ">", row["write_date"]]]) == [1, 2, 3]


def test_empty_is_false(server: FakeServer) -> None:
    (row,) = call(
        server, "search_read", domain=[["id", "=", 1]], fields=["email", "parent_id"]
    ).json()
    assert row == {"id": 1, "email": False, "parent_id": False}


@pytest.mark.parametrize(
    ("model", "method", "named", "status", "name"),
    [
        ("no.model", "search_read", {}, 404, "werkzeug.exceptions.NotFound"),
        ("event.event", "search_read", {}, 403, "odoo.exceptions.AccessError"),
        ("res.partner", "search_read", {"where": []}, 422, "UnprocessableEntity"),
        ("res.partner", "search_read", {"fields": ["nothing"]}, 500, "builtins.ValueError"),
        ("res.partner", "search_read", {"domain": ["|", ["id", "=", 1]]}, 500, "ValueError"),
        ("res.partner", "vanish", {}, 404, "werkzeug.exceptions.NotFound"),
    ],
)
def test_errors(
    server: FakeServer, model: str, method: str, named: dict[str, Any], status: int, name: str
) -> None:
    answer = call(server, method, model, **named)
    assert answer.status_code == status
    assert answer.json()["name"].endswith(name)
    assert answer.json().keys() == {"name", "message", "arguments", "context", "debug"}


def test_json_rpc_reports_errors_with_200(server: FakeServer) -> None:
    def rpc(service: str, method: str, args: list[Any]) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 5}
        answer = requests.post(f"{server.url}/jsonrpc", json=body, timeout=5)
        assert answer.status_code == 200
        assert answer.json()["id"] == 5
        return answer.json()

    assert rpc("common", "version", [])["result"]["server_version_info"][0] == 19
    login = ["example", "warehouse@example.org", "sandbox-odoo-key", {}]
    assert rpc("common", "authenticate", login)["result"] == 2
    assert rpc("common", "authenticate", [*login[:2], "no", {}])["result"] is False
    args = ["example", 2, "no", "res.partner", "search_read", [], {}]
    error = rpc("object", "execute_kw", args)["error"]
    assert error["data"]["name"] == "odoo.exceptions.AccessDenied"


def test_versions_have_their_interfaces(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "other.sqlite")
    for version, json2, rpc in ((18, 404, 200), (22, 200, 404)):
        with FakeServer(OdooFake(store, version=version)) as running:
            assert call(running, "search_read").status_code == json2
            body = {"params": {"service": "common", "method": "version", "args": []}}
            answer = requests.post(f"{running.url}/jsonrpc", json=body, timeout=5)
            assert answer.status_code == rpc
    store.close()

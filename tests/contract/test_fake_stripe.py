"""The fake Stripe: keys, cursors, filters, errors, and answers that fit Stripe's description."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft7Validator

from connectors.testing.fakes.stripe import StripeFake
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
DAY = 86_400
SPEC = "stripe-2023-09-pruned.json"


def at(days_ago: int) -> int:
    return int(NOW.timestamp()) - days_ago * DAY


def record(entity: str, id: str, days_ago: int, **body: Any) -> Record:
    full = {"id": id, "created": at(days_ago)} | body
    return Record("stripe", entity, id, full, 10_000 - days_ago, 0.0, 0.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    store = RecordStore(tmp_path / "s.sqlite")
    store.set_now(NOW)
    store.put_many(
        record("customer", f"cus_{n:02d}", n, email=f"p{n}@example.org", name=None, metadata={})
        for n in range(1, 41)
    )
    store.put(record("customer", "cus_gone", 3, deleted=True))
    store.put_many(
        [
            record(
                "invoice",
                "in_1",
                5,
                customer="cus_01",
                number="N-1",
                status="paid",
                currency="eur",
                total=12_000,
                amount_paid=12_000,
                amount_remaining=0,
                due_date=at(1),
                status_transitions={"paid_at": at(2)},
                metadata={"purpose": "dues", "membership_id": "1"},
                billing_reason="manual",
                lines=[{"amount": 12_000, "description": "Dues"}],
            ),
            record("invoice", "in_2", 4, status="open", total=500, currency="eur"),
            record("subscription", "sub_1", 6, customer="cus_01", items=[{"unit_amount": 500}]),
            record("subscription", "sub_2", 5, customer="cus_02", status="canceled"),
            record("subscription", "sub_3", 4, customer="cus_02", status="incomplete_expired"),
            record("charge", "ch_1", 5, amount=12_000, customer="cus_01", invoice="in_1"),
            record("charge", "ch_2", 4, amount=700, status="failed", failure_code="card_declined"),
            record("refund", "re_1", 2, charge="ch_1", amount=12_000, status="succeeded"),
            record("dispute", "dp_1", 1, charge="ch_1", amount=12_000, status="lost"),
        ]
    )
    customer = {"id": "cus_01", "created": at(1), "email": "p1@example.org"}
    kinds = ("customer.created", "customer.updated", "invoice.paid")
    objects = (customer, customer, {"id": "in_1", "created": at(5), "total": 1, "status": "paid"})
    store.put_many(
        record("event", f"evt_{n:02d}", n, type=kinds[n % 3], data={"object": objects[n % 3]})
        for n in range(1, 41)
    )
    yield store
    store.close()


@pytest.fixture
def server(store: RecordStore) -> Iterator[FakeServer]:
    with FakeServer(StripeFake(store)) as running:
        yield running


def get(server: FakeServer, path: str, key: str = "sk_test_sandbox", **params: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"}
    return requests.get(f"{server.url}/v1/{path}", params=params, headers=headers, timeout=5)


def ids(server: FakeServer, path: str, **params: Any) -> list[str]:
    return [row["id"] for row in get(server, path, **params).json()["data"]]


def test_keys(server: FakeServer) -> None:
    wrong = get(server, "customers", key="sk_test_wrong")
    assert wrong.status_code == 401
    assert wrong.json()["error"]["type"] == "invalid_request_error"
    assert "sk_test_wrong" not in wrong.text
    assert requests.get(server.url + "/v1/customers", timeout=5).status_code == 401
    basic = requests.get(server.url + "/v1/customers", auth=("sk_test_sandbox", ""), timeout=5)
    assert basic.status_code == 200


def test_newest_first_ten_at_a_time(server: FakeServer) -> None:
    body = get(server, "customers").json()
    assert [row["id"] for row in body["data"]] == [f"cus_{n:02d}" for n in range(1, 11)]
    assert (body["object"], body["has_more"], body["url"]) == ("list", True, "/v1/customers")


def test_cursors_walk_the_whole_list(server: FakeServer) -> None:
    seen: list[str] = []
    more: dict[str, str] = {}
    while True:
        body = get(server, "customers", limit=7, **more).json()
        seen += [row["id"] for row in body["data"]]
        if not body["has_more"]:
            break
        more = {"starting_after": seen[-1]}
    assert seen == [f"cus_{n:02d}" for n in range(1, 41)]
    assert ids(server, "customers", limit=3, ending_before="cus_08") == [
        "cus_05",
        "cus_06",
        "cus_07",
    ]
    assert get(server, "customers", limit=3, ending_before="cus_03").json()["has_more"] is False


def test_created_filters(server: FakeServer) -> None:
    window = {"created[gte]": at(4), "created[lt]": at(2)}
    assert ids(server, "customers", **window) == ["cus_03", "cus_04"]
    window = {"created[gt]": at(4), "created[lte]": at(2)}
    assert ids(server, "customers", **window) == ["cus_02", "cus_03"]
    assert ids(server, "customers", created=at(5)) == ["cus_05"]
    # The cursor counts among all objects, the filter only chooses what is shown.
    kept = ids(server, "customers", starting_after="cus_02", **{"created[gte]": at(4)})
    assert kept == ["cus_03", "cus_04"]


def test_events_are_kept_thirty_days_and_filtered_by_type(server: FakeServer) -> None:
    assert len(ids(server, "events", limit=100)) == 30
    assert get(server, "events/evt_31").status_code == 404
    paid = ids(server, "events", limit=100, **{"types[]": ["invoice.paid", "charge.failed"]})
    assert paid == [f"evt_{n:02d}" for n in range(2, 31, 3)]
    assert len(ids(server, "events", limit=100, type="customer.*")) == 20
    literal = ids(server, "events", **{"types[]": ["customer.*"]})
    assert literal == []
    both = get(server, "events", type="invoice.paid", **{"types[]": ["invoice.paid"]})
    assert both.status_code == 400


def test_cancelled_subscriptions_are_listed_when_asked_for(
    server: FakeServer, store: RecordStore
) -> None:
    store.put(record("subscription", "sub_1", 6, customer="cus_01", status="active"))
    assert ids(server, "subscriptions") == ["sub_3", "sub_1"]
    assert ids(server, "subscriptions", status="all") == ["sub_3", "sub_2", "sub_1"]
    assert ids(server, "subscriptions", status="ended") == ["sub_3", "sub_2"]
    assert ids(server, "subscriptions", status="canceled") == ["sub_2"]
    assert ids(server, "subscriptions", status="all", customer="cus_01") == ["sub_1"]


def test_deleted_customers_are_stubs(server: FakeServer) -> None:
    assert "cus_gone" not in ids(server, "customers", limit=100)
    stub = get(server, "customers/cus_gone").json()
    assert stub == {"id": "cus_gone", "object": "customer", "deleted": True}


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        ("customers", {"limit": 101}, 400, "parameter_invalid_integer"),
        ("customers", {"limit": 0}, 400, "parameter_invalid_integer"),
        ("customers", {"limit": "ten"}, 400, "parameter_invalid_integer"),
        ("customers", {"updated": 1}, 400, "parameter_unknown"),
        ("customers", {"created[since]": 1}, 400, "parameter_unknown"),
        ("customers", {"created[gte]": "june"}, 400, "parameter_invalid_integer"),
        ("customers", {"starting_after": "cus_none"}, 400, "resource_missing"),
        ("charges/ch_none", {}, 404, "resource_missing"),
    ],
)
def test_errors(
    server: FakeServer, path: str, params: dict[str, Any], status: int, code: str
) -> None:
    answer = get(server, path, **params)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert answer.headers["Request-Id"].startswith("req_")


def test_unknown_addresses(server: FakeServer) -> None:
    assert get(server, "payouts").status_code == 404
    posted = requests.post(server.url + "/v1/customers", auth=("sk_test_sandbox", ""), timeout=5)
    assert posted.status_code == 404


def test_rate_limit(store: RecordStore) -> None:
    with FakeServer(StripeFake(store, requests_per_second=3)) as server:
        statuses = [get(server, "customers", limit=1).status_code for _ in range(5)]
    assert statuses[:3] == [200, 200, 200]
    assert statuses[3:] == [429, 429]


def test_a_new_object_while_paging_does_not_shift_the_pages(
    server: FakeServer, store: RecordStore
) -> None:
    first = ids(server, "customers", limit=5)
    store.put(record("customer", "cus_new", 0))
    assert ids(server, "customers", limit=2, starting_after=first[-1]) == ["cus_06", "cus_07"]


def as_json_schema(node: Any) -> Any:
    """Plain JSON Schema: `nullable` beside anyOf means null to Stripe, nothing to validators."""
    if isinstance(node, list):
        return [as_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: as_json_schema(value) for key, value in node.items()}
    if plain.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


class Description:
    """Stripe's OpenAPI description: validates answers of the fake."""

    def __init__(self, path: Path) -> None:
        self.document = as_json_schema(json.loads(path.read_text()))

    def errors(self, schema: dict[str, Any], value: Any) -> list[str]:
        rooted = {"allOf": [schema], "components": self.document["components"]}
        found = Draft7Validator(rooted).iter_errors(value)
        return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]

    def answer(self, path: str, status: str = "200") -> dict[str, Any]:
        responses = self.document["paths"][path]["get"]["responses"]
        schema: dict[str, Any] = responses[status]["content"]["application/json"]["schema"]
        return schema

    def component(self, name: str) -> dict[str, Any]:
        return {"$ref": f"#/components/schemas/{name}"}


@pytest.fixture(scope="module")
def description() -> Description:
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: Stripe's OpenAPI description is not here")
    return Description(Path(folder) / SPEC)


@pytest.mark.parametrize(
    "name", ["customers", "subscriptions", "invoices", "charges", "refunds", "events"]
)
def test_lists_fit_the_description(server: FakeServer, description: Description, name: str) -> None:
    body = get(server, name, limit=100).json()
    assert body["data"]
    assert description.errors(description.answer(f"/v1/{name}"), body) == []


def test_disputes_and_single_objects_fit_the_description(
    server: FakeServer, description: Description
) -> None:
    # The description at hand has no path for disputes, but their schema.
    for row in get(server, "disputes").json()["data"]:
        assert description.errors(description.component("dispute"), row) == []
    for id in ("cus_01", "cus_gone"):
        body = get(server, f"customers/{id}").json()
        schema = description.answer("/v1/customers/{customer}")
        assert description.errors(schema, body) == []


def test_event_objects_fit_the_description(server: FakeServer, description: Description) -> None:
    for event in get(server, "events", limit=100).json()["data"]:
        inner = event["data"]["object"]
        assert description.errors(description.component(inner["object"]), inner) == []


def test_errors_fit_the_description(server: FakeServer, description: Description) -> None:
    for answer in (
        get(server, "customers", key="x"),
        get(server, "customers", limit=101),
        get(server, "charges/ch_none"),
    ):
        schema = description.answer("/v1/customers", "default")
        assert description.errors(schema, answer.json()) == []


def test_the_description_does_refuse(server: FakeServer, description: Description) -> None:
    body = get(server, "charges").json()
    body["data"][0]["amount"] = "120.00"
    del body["data"][1]["captured"]
    assert len(description.errors(description.answer("/v1/charges"), body)) == 2

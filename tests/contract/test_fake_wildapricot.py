"""The fake Wild Apricot keeps to the rules its connector relies on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.testing.fakes import wildapricot_records as records
from connectors.testing.fakes.wildapricot import WildApricotFake
from connectors.testing.fakes.wildapricot_filter import FilterError, parse
from connectors.testing.messages import Request
from connectors.testing.store import Record, RecordStore

KNOWN = frozenset({"Id", "Profile last updated", "Status"})
ROW = {"Id": 7, "Profile last updated": "2026-05-04T10:00:00+02:00", "Status": "Active"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    made = RecordStore(tmp_path / "vendor.sqlite")
    yield made
    made.close()


def ask(fake: WildApricotFake, path: str, **params: str) -> tuple[int, Any]:
    headers = {"authorization": "Bearer token-of-19"}
    query = tuple((name.replace("_", "$", 1), value) for name, value in params.items())
    answer = fake.handle(Request("GET", f"/v2.2/accounts/1/{path}", query, headers))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Id in [6,7]", True),
        ("Id in [6]", False),
        ("'Profile last updated' ge 2026-05-04T08:00:00Z", True),
        ("'Profile last updated' gt 2026-05-04T08:00:00Z", False),
        ("'Profile last updated' lt 2026-05-04", False),
        ("Status eq 'active' AND Id eq 8", False),
        ("Status eq 'active' AND (Id eq 8 OR Id eq 7)", True),
        ("Id eq 8 AND Id eq 7 OR Status eq Active", True),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert parse(text, KNOWN)(ROW) is holds


@pytest.mark.parametrize("text", ["Id", "(Id eq 1", "Id eq 1 Id", "Name eq 1", "Id like 1"])
def test_filters_that_can_not_be_read(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text, KNOWN)


def test_a_search_is_asynchronous_unless_asked_otherwise(store: RecordStore) -> None:
    body = records.contact(1, updated="2026-05-04T10:00:00Z", IsArchived=True)
    store.put(Record("wildapricot", "contact", "1", body, 1, 0.0, 0.0))
    fake = WildApricotFake(store, polls=1)
    _, asked = ask(fake, "contacts")
    assert asked["State"] == "Waiting"
    states = [ask(fake, "contacts", resultId=asked["ResultId"])[1] for _ in range(2)]
    assert [state["State"] for state in states] == ["Processing", "Complete"]
    assert len(states[1]["Contacts"]) == 1, "archived contacts are found like the others"
    assert ask(fake, "contacts", _async="false")[1]["Contacts"] == states[1]["Contacts"]
    assert ask(fake, "contacts", _count="true")[1] == {"Count": 1}
    assert ask(fake, "contacts", _async="false", idsOnly="true")[1] == {"ContactIdentifiers": [1]}


@pytest.mark.parametrize(
    "path", ["eventregistrations", "invoices", "paymentAllocations", "auditLogItems"]
)
def test_lists_that_refuse_to_be_asked_for_everything(store: RecordStore, path: str) -> None:
    status, body = ask(WildApricotFake(store), path)
    assert status == 400
    assert body["code"] == "Validation"


def test_a_query_that_is_too_long_is_not_found(store: RecordStore) -> None:
    fake = WildApricotFake(store)
    request = Request("GET", "/v2.2/accounts/1/invoices", (("ids", "1" * 4100),), {})
    assert fake.handle(request).status == 404


def test_voided_invoices_only_when_asked_for(store: RecordStore) -> None:
    body = records.money("Invoice", 1, 7, 10.0, "2026-05-04T10:00:00", VoidedDate="2026-05-05")
    store.put(Record("wildapricot", "invoice", "1", body, 1, 0.0, 0.0))
    fake = WildApricotFake(store)
    assert ask(fake, "invoices", ids="1")[1] == {"Invoices": []}
    assert ask(fake, "invoices", ids="1", includeVoided="true")[1] == {"Invoices": [body]}
    assert ask(fake, "invoices", StartDate="2026-05-05", includeVoided="true")[1]["Invoices"] == []

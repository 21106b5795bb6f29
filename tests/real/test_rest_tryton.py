"""The `rest` kind against a real Tryton, read by nothing but the description in tryton.yml.

Run by `make test-real`. Installs Tryton from PyPI into its own environment the first time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.registry import SourceContext, build_source
from connectors.sources.rest import RestSource

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "contract"))
from lake import Lake
from tryton_server import DATABASE, PASSWORD, RealTryton, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]
DESCRIPTION = Path(__file__).with_name("tryton.yml")


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealTryton]:
    with running(tmp_path_factory.mktemp("tryton")) as server:
        yield server


class Books:
    """An association in Tryton, with what an invoice needs."""

    def __init__(self, tryton: RealTryton) -> None:
        self._tryton = tryton
        create = tryton.create
        euro = {"name": "Euro", "symbol": "EUR", "code": "EUR", "digits": 2}
        self.euro = create("currency.currency", **euro, rounding=_decimal("0.01"))
        own = create("party.party", name="Example Association")
        self.company = create("company.company", party=own, currency=self.euro)
        companies = [["add", [self.company]]]
        tryton.write("res.user", 1, companies=companies, company=self.company)
        mine = {"company": self.company}
        kinds = [
            create("account.account.type", name=name, **mine, **more)
            for name, more in (
                ("Receivable", {"statement": "balance", "assets": True, "receivable": True}),
                ("Revenue", {"statement": "income", "revenue": True}),
            )
        ]
        one = {"code": "1", "reconcile": True, "party_required": True}
        self.due = create("account.account", name="Due", type=kinds[0], **mine, **one)
        self.dues = create("account.account", name="Dues", type=kinds[1], code="2", **mine)
        self.journal = tryton.first("account.journal", ["type", "=", "revenue"])
        self.person = create("party.category", name="Person")
        self.organisation = create("party.category", name="Organisation")

    def party(self, name: str, category: int) -> int:
        address = [["create", [{"street": "Street 1", "city": "Ulm"}]]]
        categories = [["add", [category]]]
        return self._tryton.create(
            "party.party", name=name, categories=categories, addresses=address
        )

    def invoice(self, party: int, price: str) -> int:
        line = {
            "type": "line",
            "description": "Dues 2026",
            "quantity": 1,
            "unit_price": _decimal(price),
            "account": self.dues,
            "currency": self.euro,
            "company": self.company,
        }
        return self._tryton.create(
            "account.invoice",
            type="out",
            company=self.company,
            party=party,
            invoice_address=self._tryton.first("party.address", ["party", "=", party]),
            currency=self.euro,
            journal=self.journal,
            account=self.due,
            invoice_date={"__class__": "date", "year": 2026, "month": 5, "day": 4},
            lines=[["create", [line]]],
        )


def _decimal(text: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": text}


def _source(tryton: RealTryton, folder: Path, password: str = PASSWORD) -> RestSource:
    described: dict[str, Any] = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    settings = {**described, "base_url": f"{tryton.url}/{DATABASE}", "secret": password}
    built = build_source("tryton", "rest", settings, SourceContext(folder / "state"))
    assert isinstance(built, RestSource)
    return built


def test_parties_and_invoices_are_read_and_followed(tryton: RealTryton, tmp_path: Path) -> None:
    books = Books(tryton)
    names = ["Anna", "Ben", "Cleo", "Dora", "Emil"]
    people = {name: books.party(name, books.person) for name in names}
    club = books.party("Example Club", books.organisation)
    invoices = [books.invoice(people[name], f"{n}9.90") for n, name in enumerate(names, start=1)]
    source, lake = _source(tryton, tmp_path), Lake(tmp_path)
    items = source.check()
    assert all(item.ok for item in items), items

    lake.pull(source)
    found = lake.rows(source, "people", ("source_record_id", "last_name", "is_organisation"))
    assert {(r["source_record_id"], r["last_name"]) for r in found} == {
        (str(number), name) for name, number in people.items()
    }
    (organisation,) = lake.rows(source, "organisations", ("source_organisation_id",))
    assert organisation == {"source_organisation_id": str(club)}
    rows = lake.rows(source, "invoices")
    assert [(r["total_minor"], r["currency_code"], r["status"]) for r in rows] == [
        (1000 * n + 990, "EUR", "draft") for n in range(1, 6)
    ]
    assert {str(r["issued_at"]) for r in rows} == {"2026-05-04 00:00:00"}
    assert {r["source_record_id"] for r in rows} == {str(number) for number in people.values()}

    tryton.write("party.party", people["Ben"], name="Benjamin")
    tryton.delete("account.invoice", invoices[-1])
    late = books.party("Fritz", books.person)
    done = lake.pull(source, reconcile="always")
    loaded = done["people"][1]
    assert (loaded.inserted["people"], loaded.updated["people"]) == (1, 1)
    assert done["invoices"][1].deleted["invoices"] == 1
    current = dict(
        tuple(row.values())
        for row in lake.rows(source, "people", ("source_record_id", "last_name"))
    )
    assert current[str(people["Ben"])] == "Benjamin"
    assert current[str(late)] == "Fritz"

    for stream, (_, receipt) in lake.pull(source, reconcile="always").items():
        changed = {**receipt.inserted, **receipt.updated, **receipt.deleted}
        assert not any(changed.values()), (stream, changed)
    source.close()


def test_a_wrong_password_and_a_wrong_field_are_said(tryton: RealTryton, tmp_path: Path) -> None:
    wrong = _source(tryton, tmp_path, "not-the-password")
    assert all("401" in item.detail for item in wrong.check())
    wrong.close()
    described = yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8"))
    described["streams"][1]["body"]["params"][4].append("no_such_field")
    settings = {**described, "base_url": f"{tryton.url}/{DATABASE}", "secret": PASSWORD}
    source = build_source("tryton", "rest", settings, SourceContext(tmp_path / "state"))
    assert isinstance(source, RestSource)
    by_name = {item.name: item for item in source.check()}
    assert not by_name["organisations"].ok
    assert "reports an error" in by_name["organisations"].detail
    source.close()

"""Casting: every declared type, and what does not fit is set aside by name."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from landing_tools import Home, Shop, page, spec

from connectors.errors import ContractError
from connectors.protocol import Column, ColumnType, Cursor


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def at(text: str) -> datetime:
    """A naive UTC moment, as the raw tables hold them."""
    return datetime.fromisoformat(text)


def one(home: Home, kind: ColumnType, value: Any, timezone: str = "UTC") -> Any:
    """The value as it ends up in a raw column of that type, or the reason why it did not."""
    declared = spec(
        columns={"id": Column("integer"), "x": Column(kind)},
        cursor=Cursor("full"),
        timezone=timezone,
    )
    others = [{"id": number, "x": None} for number in range(2, 5)]
    home.sync(Shop([page({"id": 1, "x": value}, *others)], [declared]))
    refused = home.query("select reason from _journey.quarantine")
    if refused:
        return refused[0][0]
    return home.query('select x from shop."order" where id = 1')[0][0]


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("string", "a'b\"c", "a'b\"c"),
        ("string", 5, "5"),
        ("string", "", ""),
        ("integer", 5, 5),
        ("integer", " -7 ", -7),
        ("integer", "5.0", 5),
        ("integer", "", None),
        ("integer", "5.5", "x is not a whole number"),
        ("integer", "five", "x is not a whole number"),
        ("integer", 10**30, "x is not a whole number"),
        ("integer", {"a": 1}, "x is not a whole number"),
        ("number", "1.25", 1.25),
        ("number", "inf", "x is not a number"),
        ("boolean", True, True),
        ("boolean", "0", False),
        ("boolean", "maybe", "x is not true or false"),
        ("date", "2026-02-28", date(2026, 2, 28)),
        ("date", "2026-02-30", "x is not a date"),
        ("date", "infinity", "x is not a date"),
        ("timestamp", "2026-06-30T12:00:00Z", at("2026-06-30T12:00:00")),
        ("timestamp", "2026-06-30T12:00:00+02:00", at("2026-06-30T10:00:00")),
        ("timestamp", "2026-06-30 12:00:00.5+0200", at("2026-06-30T10:00:00.500000")),
        ("timestamp", "2026-06-30 12:00:00", at("2026-06-30T12:00:00")),
        ("timestamp", "2026-06-30", at("2026-06-30T00:00:00")),
        ("timestamp", "30.06.2026", "x is not a date and time"),
        ("timestamp", "epoch", "x is not a date and time"),
        ("unix", 1_780_000_000, at("2026-05-28T20:26:40")),
        ("unix", 1_780_000_000_000, "x is not seconds since 1970"),
        ("money", "12.50", Decimal("12.5")),
        ("money", -12.5, Decimal("-12.5")),
        ("money", "0.0001", Decimal("0.0001")),
        ("money", "0.00001", "x is not an amount with at most 4 decimals"),
        ("money", "12,50", "x is not an amount with at most 4 decimals"),
        ("minor", -1250, -1250),
        ("minor", "12.50", "x is not a whole number of minor units"),
        ("json", {"b": 1, "a": None}, '{"a":null,"b":1}'),
        ("json", "text", '"text"'),
        ("json", None, None),
        ("email", "nobody", "nobody"),
    ],
)
def test_values(home: Home, kind: ColumnType, sent: Any, stored: Any) -> None:
    assert one(home, kind, sent) == stored


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29 01:59:59", at("2026-03-29T00:59:59")),
        ("2026-03-29 02:30:00", at("2026-03-29T01:30:00")),  # the missing hour
        ("2026-03-29 03:00:00", at("2026-03-29T01:00:00")),
        ("2026-10-25 02:30:00", at("2026-10-25T01:30:00")),  # the doubled hour
        ("2026-10-25T02:30:00+02:00", at("2026-10-25T00:30:00")),
        ("2026-10-25 03:00:00", at("2026-10-25T02:00:00")),
    ],
)
def test_local_times_follow_the_same_rule_as_the_mark(
    home: Home, local: str, utc: datetime
) -> None:
    assert one(home, "timestamp", local, "Europe/Berlin") == utc


def test_the_time_zone_is_that_of_the_reading(home: Home) -> None:
    """The loader is told a default declaration; what was landed says how it is to be read."""
    local = Shop(
        [page({"id": 1, "name": "a", "changed": "2026-06-30 12:00:00"})],
        [spec(timezone="Europe/Berlin")],
    )
    receipt = home.extract(local)
    home.load(Shop([], [spec()]), receipt)
    assert home.current("changed") == [(at("2026-06-30T10:00:00"),)]


def test_paths_literal_first_then_nested(home: Home) -> None:
    declared = spec(
        columns={
            "id": Column("integer"),
            "mail": Column("string", path="primary.mail"),
            "status": Column("string", path="status_id:name"),
            "deep": Column("string", path="a.b.c"),
            "second": Column("integer", path="list.1"),
        },
        cursor=Cursor("full"),
    )
    record = {"id": 1, "primary.mail": "x", "primary": {"mail": "y"}, "status_id:name": "New"}
    home.sync(Shop([page({**record, "a": {"b": {"c": "z"}}, "list": [1, 2]})], [declared]))
    assert home.current("mail, status, deep, second") == [("x", "New", "z", 2)]


def test_contact_columns_carry_their_keys(home: Home) -> None:
    declared = spec(
        columns={"id": Column("integer"), "mail": Column("email"), "tel": Column("phone")},
        cursor=Cursor("full"),
    )
    rows = [
        {"id": 1, "mail": "Ada@Example.org", "tel": "030 1234567"},
        {"id": 2, "mail": "", "tel": ""},
        {"id": 3, "mail": "broken@", "tel": "x"},
    ]
    home.sync(Shop([page(*rows)], [declared]), phone_region="DE")
    assert home.current("id, mail, mail_key, tel, tel_e164") == [
        (1, "Ada@Example.org", "ada@example.org", "030 1234567", "+49301234567"),
        (2, None, None, None, None),
        (3, "broken@", None, "x", None),
    ]


def test_all_reasons_of_a_row_are_named(home: Home) -> None:
    declared = spec(
        columns={"id": Column("integer"), "a": Column("integer"), "b": Column("date")},
        cursor=Cursor("full"),
    )
    rows = [{"id": n, "a": 1, "b": "2026-01-01"} for n in range(2, 9)]
    receipt = home.sync(Shop([page({"id": 1, "a": "x", "b": "y"}, *rows)], [declared]))
    assert receipt.quarantined["order"] == 1
    ((reason, record),) = home.query("select reason, record from _journey.quarantine")
    assert reason == "a is not a whole number; b is not a date"
    assert '"a":"x"' in record
    assert len(home.current("id")) == 7


def test_a_column_that_changes_its_type_in_the_declaration_is_refused(home: Home) -> None:
    home.sync(Shop([page({"id": 1, "name": "a"})], [spec(cursor=Cursor("full"))]))
    changed = spec(
        cursor=Cursor("full"), columns={"id": Column("integer"), "name": Column("integer")}
    )
    with pytest.raises(ContractError, match="name is declared BIGINT but stored as VARCHAR"):
        home.sync(Shop([page({"id": 1, "name": 5})], [changed]))


def test_a_new_declared_column_is_added(home: Home) -> None:
    home.sync(Shop([page({"id": 1, "name": "a"})], [spec(cursor=Cursor("full"))]))
    more = spec(
        cursor=Cursor("full"),
        columns={"id": Column("integer"), "name": Column("string"), "size": Column("integer")},
    )
    home.sync(Shop([page({"id": 1, "name": "a", "size": 3})], [more]))
    assert home.current("id, name, size") == [(1, "a", 3)]

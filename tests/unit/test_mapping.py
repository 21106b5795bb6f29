"""A mapping in YAML: fields, constants, translations, numbers and dates of other countries."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.protocol import Column, Cursor
from connectors.sources.mapping import CURSOR, EntityMapping, as_text, mapped_spec

PAYMENT: dict[str, Any] = {
    "entity": "payments",
    "columns": {
        "Nr": "source_payment_id",
        "person.id": "source_record_id",
        "Betrag": "amount_minor",
        "Art": "kind",
        "Datum": "occurred_at",
    },
    "constants": {"currency_code": "EUR"},
    "values": {"kind": {"Zahlung": "payment", "Storno": "refund"}},
    "decimal": ",",
    "amounts": "major",
    "timestamp_format": "%d.%m.%Y",
}


def mapped(**found: Any) -> dict[str, Any]:
    return EntityMapping.model_validate(PAYMENT).record(found)


def test_a_record_of_another_country() -> None:
    made = mapped(
        Nr=7, person={"id": " 12 "}, Betrag="1.234,50", Art="Zahlung", Datum="31.12.2025", extra="x"
    )
    assert made["source_payment_id"] == "7"
    assert made["source_record_id"] == "12"
    assert made["amount_minor"] == "123450"
    assert made["kind"] == "payment"
    assert made["occurred_at"] == "2025-12-31T00:00:00"
    assert made["currency_code"] == "EUR"
    assert made["method"] is None
    assert "x" not in made.values()


def test_what_does_not_fit_goes_on_as_it_is_for_the_quarantine() -> None:
    made = mapped(Nr="7", Betrag="viel", Art="Skonto", Datum="2025-12-31")
    assert (made["amount_minor"], made["kind"], made["occurred_at"]) == (
        *("viel", "Skonto"),
        "2025-12-31",
    )
    assert mapped(Nr="7", Betrag="12,345")["amount_minor"] == "1234.5", "no cent is rounded away"


@pytest.mark.parametrize(("value", "minor"), [(12.5, "1250"), (1234, "123400"), ("12,5", "1250")])
def test_a_typed_number_has_no_decimal_mark(value: Any, minor: str) -> None:
    assert mapped(Nr="7", Betrag=value)["amount_minor"] == minor


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("  a ", "a"),
        (float("nan"), None),
        (3.0, "3"),
        (3.5, "3.5"),
        (True, "true"),
        (date(2026, 1, 2), "2026-01-02"),
        (b"caf\xc3\xa9", "café"),
    ],
)
def test_values_as_text(value: Any, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"entity": "payment"}, "expected one of"),
        ({"columns": {"Nr": "number"}}, "has no column number"),
        ({"columns": {"Nr": "method"}, "values": {}}, "needs its key source_payment_id"),
        ({"constants": {"kind": "payment"}}, "filled more than once"),
        ({"values": {"art": {}}}, "has no column art"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_is_expected(
    change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        EntityMapping.model_validate({**PAYMENT, **change})


def test_a_field_as_cursor_gets_a_column_of_its_own() -> None:
    plain = mapped_spec("payments", Cursor("full"))
    assert CURSOR not in plain.columns
    spec = mapped_spec("payments", Cursor("append_log_id", field="Nr"), cursor_type="integer")
    assert spec.columns[CURSOR] == Column("integer")
    assert spec.cursor.field == CURSOR

"""What of a Xero record is landed, with its dates made readable.

Data flow: record of a list -> landed(stream, record) -> row.

Xero lets nobody choose fields. Bank and tax details, free text (line descriptions, bank statement
texts) and documents of other streams repeated inside a record are left out here, so that they reach
neither landing nor raw.

Dates come as `/Date(1573755038314+0000)/`: milliseconds since 1970 (negative before), and an offset
that says on which clock they were written but does not move the moment. A moment becomes ISO 8601
in UTC; a day (`Date`, `DueDate`, ...) becomes the day on that clock. What can not be read stays as
it came, for the loader to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]

_MS_DATE = re.compile(r"^/Date\((-?\d+)([+-])?(\d{2})?(\d{2})?\)/$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENTS = frozenset(("UpdatedDateUTC",))

_LEFT_OUT_EVERYWHERE = frozenset(
    (
        *("Attachments", "ValidationErrors", "Warnings", "StatusAttributeString", "HasErrors"),
        *("HasValidationErrors", "UpdatedDateUTCString", "DateString", "DueDateString", "Url"),
    )
)
_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "contact": frozenset(
        (
            *("BankAccountDetails", "BatchPayments", "TaxNumber", "TaxNumberType", "Balances"),
            *("PaymentTerms", "XeroNetworkKey", "BrandingTheme", "ContactPersons", "Website"),
            *("Addresses", "Phones", "SkypeUserName"),
        )
    ),
    "payment": frozenset(
        ("BankAccountNumber", "Particulars", "Details", "Reference", "BatchPayment", "Code")
    ),
    "bank_transaction": frozenset(("Reference", "BatchPayment")),
}
_DOCUMENT_LEFT_OUT = frozenset(
    (
        *("Payments", "Prepayments", "Overpayments", "CreditNotes", "InvoiceAddresses"),
        *("BrandingThemeID", "InvoicePaymentServices"),
    )
)
# Of a record named inside another one, only what links the two and says its currency.
_LINKS: Mapping[str, tuple[str, ...]] = {
    "Contact": ("ContactID",),
    "Account": ("AccountID", "Code"),
    "BankAccount": ("AccountID", "Code"),
    "Invoice": ("InvoiceID", "Type", "CurrencyCode", "Contact"),
    "CreditNote": ("CreditNoteID", "Type", "CurrencyCode", "Contact"),
    "Prepayment": ("PrepaymentID", "Type", "CurrencyCode", "Contact"),
    "Overpayment": ("OverpaymentID", "Type", "CurrencyCode", "Contact"),
}
_LINE_LEFT_OUT = frozenset(("Description", "TaxBreakdown"))


def landed(stream: str, record: Mapping[str, Any]) -> Row:
    """The record as it is landed: trimmed, dates as ISO 8601, phone and address flat."""
    hidden = _LEFT_OUT_EVERYWHERE | _LEFT_OUT.get(stream, frozenset())
    if stream not in ("contact", "payment"):
        hidden |= _DOCUMENT_LEFT_OUT
    row = {key: _value(key, value) for key, value in record.items() if key not in hidden}
    if stream == "contact":
        row |= _place(record.get("Addresses")) | {"Phone": _phone(record.get("Phones"))}
    return row


def moment_of(text: Any) -> datetime | None:
    """The moment a `/Date(...)/` names, UTC; None when it is none."""
    found = _MS_DATE.match(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return _EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def day_of(text: str) -> str | None:
    """The day a `/Date(...)/` names, on the clock of its own offset; None when it is none."""
    moment, found = moment_of(text), _MS_DATE.match(text)
    if moment is None or found is None:
        return None
    ahead = timedelta(hours=int(found[3] or 0), minutes=int(found[4] or 0))
    try:
        return (moment + (-ahead if found[2] == "-" else ahead)).date().isoformat()
    except OverflowError:
        return None


def _value(key: str, value: Any) -> Any:
    if isinstance(value, str) and value.startswith("/Date("):
        if key in _MOMENTS:
            moment = moment_of(value)
            return moment.isoformat() if moment else value
        return day_of(value) or value
    if isinstance(value, Mapping):
        kept = _LINKS.get(key, tuple(value))
        return {name: _value(name, value[name]) for name in kept if name in value}
    if isinstance(value, list):
        hidden = _LINE_LEFT_OUT if key == "LineItems" else frozenset[str]()
        return [_item(item, hidden) for item in value]
    return value


def _item(item: Any, hidden: frozenset[str]) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {name: _value(name, value) for name, value in item.items() if name not in hidden}


def _phone(phones: Any) -> str | None:
    """One number: the mobile one before the default one before any other; with its country."""
    given = [p for p in phones or () if isinstance(p, Mapping) and p.get("PhoneNumber")]
    wanted = ("MOBILE", "DEFAULT", "DDI", "OFFICE")
    for kind in wanted:
        for phone in given:
            if phone.get("PhoneType") == kind:
                country = str(phone.get("PhoneCountryCode") or "").strip().lstrip("+")
                parts = (f"+{country}" if country else "", phone.get("PhoneAreaCode"))
                return " ".join(str(p).strip() for p in (*parts, phone["PhoneNumber"]) if p)
    return None


def _place(addresses: Any) -> Row:
    """Street, postal code and town of the street address, else of the postal one."""
    given = {a.get("AddressType"): a for a in addresses or () if isinstance(a, Mapping)}
    filled = [a for kind in ("STREET", "POBOX") if (a := given.get(kind)) and a.get("City")]
    chosen = filled[0] if filled else {}
    return {
        "Street": chosen.get("AddressLine1") or None,
        "PostalCode": chosen.get("PostalCode") or None,
        "City": chosen.get("City") or None,
    }

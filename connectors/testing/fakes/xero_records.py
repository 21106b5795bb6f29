"""Completes stored Xero records to what the Accounting API answers.

Data flow: record body of the store -> complete(entity, body) -> JSON object of the API.

The store holds the fields that matter here, dates already as `/Date(ms+0000)/`; neutral values are
added for others that the API always sends (OpenAPI description 16.1.0). Money is a decimal number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

Body = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = re.compile(r"^/Date\((-?\d+)")


def ms_date(moment: datetime | date) -> str:
    """`/Date(ms+0000)/` of a moment, or of a day's midnight."""
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return f"/Date({(moment - _EPOCH) // timedelta(milliseconds=1)}+0000)/"


def seconds_of(body: Mapping[str, Any]) -> float:
    """When a record was changed, in unix seconds."""
    found = _MS.match(str(body["UpdatedDateUTC"]))
    return int(found[1]) / 1000 if found else 0.0


def complete(entity: str, body: Body) -> Body:
    """The API object of this kind."""
    if entity == "contact":
        return _CONTACT | body
    if entity == "payment":
        return _PAYMENT | body
    money = {"SubTotal": body.get("Total", 0.0), "TotalTax": 0.0, "Total": 0.0}
    filled = _DOCUMENT | money | body
    if entity == "invoice":
        paid = filled.get("AmountPaid", 0.0)
        due = {"AmountPaid": paid, "AmountCredited": 0.0, "AmountDue": filled["Total"] - paid}
        return {"Payments": [], "CreditNotes": [], "IsDiscounted": False} | due | filled
    if entity == "bank_transaction":
        return {"IsReconciled": False} | filled
    credit = {"RemainingCredit": filled["Total"], "Allocations": [], "Payments": []}
    return credit | filled


_CONTACT: Body = {
    "ContactStatus": "ACTIVE",
    "Name": "",
    "Addresses": [],
    "Phones": [],
    "ContactGroups": [],
    "ContactPersons": [],
    "BankAccountDetails": "",
    "IsSupplier": False,
    "IsCustomer": True,
    "HasAttachments": False,
    "HasValidationErrors": False,
}
_PAYMENT: Body = {
    "PaymentType": "ACCRECPAYMENT",
    "Status": "AUTHORISED",
    "CurrencyRate": 1.0,
    "IsReconciled": False,
    "HasAccount": True,
    "HasValidationErrors": False,
}
_DOCUMENT: Body = {
    "Status": "AUTHORISED",
    "LineAmountTypes": "Exclusive",
    "LineItems": [],
    "CurrencyCode": "EUR",
    "CurrencyRate": 1.0,
    "HasAttachments": False,
}

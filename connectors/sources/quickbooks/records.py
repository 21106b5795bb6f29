"""What of a QuickBooks record is landed.

Data flow: entity of a query -> landed(stream, record) -> rows of the stream and its children.

QuickBooks lets nobody choose fields (a query selects all or one). Notes, memos and descriptions,
addresses and e-mail addresses on documents, card and cheque details and tax numbers are left out
here, so that they reach neither landing nor raw. Of a private note only one thing stays: whether it
says that the transaction was voided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]

_LEFT_OUT_EVERYWHERE = frozenset(
    (
        *("domain", "sparse", "SyncToken", "status", "V4IDPseudonym", "PrivateNote"),
        *("CustomerMemo", "Memo", "TxnTaxDetail", "AttachableRef"),
    )
)
_LEFT_OUT: Mapping[str, frozenset[str]] = {
    "customer": frozenset(
        (
            *("Notes", "PrimaryTaxIdentifier", "SecondaryTaxIdentifier", "BusinessNumber", "GSTIN"),
            *("ResaleNum", "TaxExemptionReasonId", "ShipAddr", "AlternatePhone", "Fax", "WebAddr"),
            *("OtherContactInfo", "Balance", "BalanceWithJobs", "OpenBalanceDate", "CCDetail"),
            *("PrintOnCheckName", "FullyQualifiedName"),
        )
    ),
    "item": frozenset(("Description", "PurchaseDesc", "FullyQualifiedName")),
}
_DOCUMENT_LEFT_OUT = frozenset(
    (
        *("BillAddr", "ShipAddr", "ShipFromAddr", "BillEmail", "BillEmailCc", "BillEmailBcc"),
        *("CreditCardPayment", "CheckPayment", "PaymentRefNum", "DeliveryInfo", "InvoiceLink"),
        *("TrackingNum", "TaxExemptionRef", "EInvoiceStatus"),
    )
)
# Of a postal address only what people are compared by; of a customer named on a document the id.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "BillAddr": ("Line1", "PostalCode", "City"),
    "CustomerRef": ("value",),
    "ParentRef": ("value",),
}


def landed(stream: str, record: Mapping[str, Any]) -> Row:
    """The record as it is landed."""
    listed = stream in ("customer", "item")
    hidden = _LEFT_OUT_EVERYWHERE | _LEFT_OUT.get(
        stream, frozenset[str]() if listed else _DOCUMENT_LEFT_OUT
    )
    row = {key: _value(key, value) for key, value in record.items() if key not in hidden}
    if not listed:
        row["Voided"] = str(record.get("PrivateNote") or "").startswith("Voided")
    return row


def payment_lines(record: Mapping[str, Any]) -> list[Row]:
    """What a payment was set against, one row per line and linked transaction."""
    return [
        {
            "payment": record.get("Id"),
            "line": number,
            "txn_type": link.get("TxnType"),
            "txn_id": link.get("TxnId"),
            "amount": line.get("Amount"),
        }
        for number, line in enumerate(record.get("Line") or (), start=1)
        for link in line.get("LinkedTxn") or ()
    ]


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping) and key in _PARTS:
        return {part: value[part] for part in _PARTS[key] if part in value}
    if key == "Line" and isinstance(value, list):
        return [_line(line) for line in value]
    return value


def _line(line: Any) -> Any:
    """A line without its description; a bundle's line holds lines of its own."""
    if not isinstance(line, Mapping):
        return line
    row = {name: value for name, value in line.items() if name != "Description"}
    bundle = row.get("GroupLineDetail")
    if isinstance(bundle, Mapping):
        row["GroupLineDetail"] = {name: _value(name, value) for name, value in bundle.items()}
    return row

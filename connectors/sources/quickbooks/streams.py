"""The streams of a QuickBooks Online source.

Data flow: QuickBooks Online API v3 -> StreamSpec (here) -> source.py -> landing -> raw
`quickbooks.*`.

Facts (Intuit's reference of the entities, of data queries and of change data capture):
- `MetaData.LastUpdatedTime` can be filtered and sorted by, and is told to the second, with an
  offset; every answer tells its own `time`, which becomes the mark.
- a query gives active customers and items only, unless asked for `Active in (true, false)`, and no
  deleted transactions; change data capture tells those of the last 30 days, with status Deleted.
- a voided transaction stays, its amounts are zero and its PrivateNote says Voided.
- a payment's TotalAmt is what was received; its lines say what it was set against. Setting a credit
  memo against an invoice is a payment of nothing. Money given back is a refund receipt.
- money is a decimal number in CurrencyRef, or in the company's own currency where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

# A change can become visible after a later one.
LOOKBACK = timedelta(minutes=10)


def _stream(name: str, columns: Mapping[str, Column], description: str) -> StreamSpec:
    common = typed(
        create_time=("timestamp", "MetaData.CreateTime"),
        last_updated_time=("timestamp", "MetaData.LastUpdatedTime"),
    )
    return StreamSpec(
        name=name,
        primary_key=("id",),
        columns={"id": Column("string", "Id"), **columns, **common},
        cursor=Cursor("updated_since", lookback=LOOKBACK),
        # Change data capture tells what was deleted; comparing ids now and then finds the rest.
        deletes="id_reconcile",
        version="last_updated_time",
        description=description,
    )


_SALE = typed(
    doc_number=("string", "DocNumber"),
    customer_id=("string", "CustomerRef.value"),
    txn_date=("date", "TxnDate"),
    total_amt=("money", "TotalAmt"),
    balance=("money", "Balance"),
    currency_code=("string", "CurrencyRef.value"),
    voided=("boolean", "Voided"),
    line=("json", "Line"),
    custom_field=("json", "CustomField"),
)
_METHOD = typed(payment_method=("string", "PaymentMethodRef.name"))

CUSTOMER = _stream(
    "customer",
    typed(
        display_name=("string", "DisplayName"),
        given_name=("string", "GivenName"),
        family_name=("string", "FamilyName"),
        company_name=("string", "CompanyName"),
        email=("email", "PrimaryEmailAddr.Address"),
        phone=("phone", "PrimaryPhone.FreeFormNumber"),
        mobile=("phone", "Mobile.FreeFormNumber"),
        street=("string", "BillAddr.Line1"),
        postal_code=("string", "BillAddr.PostalCode"),
        city=("string", "BillAddr.City"),
        active=("boolean", "Active"),
        job=("boolean", "Job"),
        parent_id=("string", "ParentRef.value"),
        currency_code=("string", "CurrencyRef.value"),
    ),
    "Customers and their sub-customers, inactive ones included.",
)

INVOICE = _stream(
    "invoice",
    {**_SALE, **typed(due_date=("date", "DueDate"), linked_txn=("json", "LinkedTxn"))},
    "Invoices; paid when their balance is zero.",
)

PAYMENT = _stream(
    "payment",
    {
        **typed(
            customer_id=("string", "CustomerRef.value"),
            txn_date=("date", "TxnDate"),
            total_amt=("money", "TotalAmt"),
            unapplied_amt=("money", "UnappliedAmt"),
            currency_code=("string", "CurrencyRef.value"),
            voided=("boolean", "Voided"),
        ),
        **_METHOD,
    },
    "Money received for invoices or on account; of nothing, where credits were set against them.",
)

PAYMENT_LINE = StreamSpec(
    name="payment_line",
    primary_key=("payment", "line", "txn_type", "txn_id"),
    columns={
        "payment": Column("string"),
        "line": Column("integer"),
        "txn_type": Column("string"),
        "txn_id": Column("string"),
        "amount": Column("money"),
    },
    cursor=Cursor("updated_since"),
    deletes="replace_by_parent",
    parent="payment",
    parent_key=("payment",),
    description="What a payment was set against (Invoice, CreditMemo, ...), and how much of it.",
)

SALES_RECEIPT = _stream(
    "sales_receipt", {**_SALE, **_METHOD}, "Sales that were paid at once, without an invoice."
)

REFUND_RECEIPT = _stream(
    "refund_receipt", {**_SALE, **_METHOD}, "Money given back; amounts are positive."
)

CREDIT_MEMO = _stream(
    "credit_memo",
    {**_SALE, **typed(remaining_credit=("money", "RemainingCredit"))},
    "Credits for customers; no money moves by them.",
)

ITEM = _stream(
    "item",
    typed(
        name=("string", "Name"),
        type=("string", "Type"),
        active=("boolean", "Active"),
        unit_price=("number", "UnitPrice"),
        income_account=("string", "IncomeAccountRef.value"),
    ),
    "What is sold: the items that lines name. A unit price can have seven decimals.",
)

STREAMS: tuple[StreamSpec, ...] = (
    CUSTOMER,
    INVOICE,
    PAYMENT,
    PAYMENT_LINE,
    SALES_RECEIPT,
    REFUND_RECEIPT,
    CREDIT_MEMO,
    ITEM,
)

"""The streams of a Xero source.

Data flow: Xero Accounting API 2.0 -> StreamSpec (here) -> source.py -> landing -> raw `xero.*`.

Facts (the published OpenAPI description, version 16.1.0; developer.xero.com, requests and
responses):
- the header If-Modified-Since takes a time to the second and asks for what was created or changed
  since; pages come by `page` and `pageSize` (at most 1,000) with a `pagination` object.
- nothing disappears: documents get the status VOIDED or DELETED, contacts ARCHIVED, GDPRREQUEST or
  a MergedToContactID.
- `UpdatedDateUTC` does not move for everything: a contact's balances, IsCustomer and IsSupplier,
  and the due date of a document paid in part, can change silently.
- money is a decimal number in the document's CurrencyCode; a payment's is that of what it pays.
- days are days of the organisation; moments are UTC.
Not verified: whether If-Modified-Since includes its own second (the connector asks from one second
earlier).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec, typed

# A change can become visible after a later one.
LOOKBACK = timedelta(minutes=5)


def _stream(name: str, columns: Mapping[str, Column], description: str) -> StreamSpec:
    return StreamSpec(
        name=name,
        primary_key=(f"{name}_id",),
        columns={**columns, "updated_date_utc": Column("timestamp", "UpdatedDateUTC")},
        cursor=Cursor("updated_since", "UpdatedDateUTC", LOOKBACK),
        deletes="none",
        description=description,
    )


def _document(name: str, path: str, description: str, extra: Mapping[str, Column]) -> StreamSpec:
    columns = typed(
        type=("string", "Type"),
        status=("string", "Status"),
        contact_id=("string", "Contact.ContactID"),
        date=("date", "Date"),
        sub_total=("money", "SubTotal"),
        total_tax=("money", "TotalTax"),
        total=("money", "Total"),
        currency_code=("string", "CurrencyCode"),
        line_items=("json", "LineItems"),
    )
    return _stream(name, {f"{name}_id": Column("string", path), **columns, **extra}, description)


_CREDIT = typed(remaining_credit=("money", "RemainingCredit"), allocations=("json", "Allocations"))

CONTACT = _stream(
    "contact",
    typed(
        contact_id=("string", "ContactID"),
        contact_number=("string", "ContactNumber"),
        account_number=("string", "AccountNumber"),
        contact_status=("string", "ContactStatus"),
        merged_to_contact_id=("string", "MergedToContactID"),
        name=("string", "Name"),
        first_name=("string", "FirstName"),
        last_name=("string", "LastName"),
        company_number=("string", "CompanyNumber"),
        email_address=("email", "EmailAddress"),
        phone=("phone", "Phone"),
        street=("string", "Street"),
        postal_code=("string", "PostalCode"),
        city=("string", "City"),
        is_customer=("boolean", "IsCustomer"),
        is_supplier=("boolean", "IsSupplier"),
        contact_groups=("json", "ContactGroups"),
    ),
    "Customers and suppliers, archived ones included (ACTIVE, ARCHIVED, GDPRREQUEST).",
)

INVOICE = _document(
    "invoice",
    "InvoiceID",
    "Sales invoices (ACCREC) and bills (ACCPAY): DRAFT, SUBMITTED, AUTHORISED, PAID, VOIDED,"
    " DELETED.",
    typed(
        invoice_number=("string", "InvoiceNumber"),
        reference=("string", "Reference"),
        due_date=("date", "DueDate"),
        fully_paid_on_date=("date", "FullyPaidOnDate"),
        amount_due=("money", "AmountDue"),
        amount_paid=("money", "AmountPaid"),
        amount_credited=("money", "AmountCredited"),
        repeating_invoice_id=("string", "RepeatingInvoiceID"),
    ),
)

CREDIT_NOTE = _document(
    "credit_note",
    "CreditNoteID",
    "Credit notes to customers (ACCRECCREDIT) and from suppliers (ACCPAYCREDIT).",
    {
        **typed(
            credit_note_number=("string", "CreditNoteNumber"),
            fully_paid_on_date=("date", "FullyPaidOnDate"),
        ),
        **_CREDIT,
    },
)

PAYMENT = _stream(
    "payment",
    typed(
        payment_id=("string", "PaymentID"),
        payment_type=("string", "PaymentType"),
        status=("string", "Status"),
        date=("date", "Date"),
        amount=("money", "Amount"),
        invoice_id=("string", "Invoice.InvoiceID"),
        credit_note_id=("string", "CreditNote.CreditNoteID"),
        prepayment_id=("string", "Prepayment.PrepaymentID"),
        overpayment_id=("string", "Overpayment.OverpaymentID"),
        account_code=("string", "Account.Code"),
        is_reconciled=("boolean", "IsReconciled"),
    ),
    "Payments of invoices, and refunds of credit notes, prepayments and overpayments (AUTHORISED,"
    " DELETED).",
)

BANK_TRANSACTION = _document(
    "bank_transaction",
    "BankTransactionID",
    "Money received and spent without an invoice (AUTHORISED, DELETED, VOIDED).",
    typed(
        bank_account_id=("string", "BankAccount.AccountID"),
        is_reconciled=("boolean", "IsReconciled"),
    ),
)

OVERPAYMENT = _document(
    "overpayment",
    "OverpaymentID",
    "Money received or paid beyond what was owed (AUTHORISED, PAID, VOIDED).",
    _CREDIT,
)

PREPAYMENT = _document(
    "prepayment",
    "PrepaymentID",
    "Money received or paid before there was an invoice (AUTHORISED, PAID, VOIDED).",
    _CREDIT,
)

STREAMS: tuple[StreamSpec, ...] = (
    CONTACT,
    INVOICE,
    CREDIT_NOTE,
    PAYMENT,
    BANK_TRANSACTION,
    OVERPAYMENT,
    PREPAYMENT,
)

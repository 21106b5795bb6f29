"""The streams of a Wild Apricot source.

Data flow: Admin API v2.2 -> StreamSpec (here) -> source.py -> landing -> raw `wildapricot.*`.

Facts (the vendor's description of the Admin API, see client.py):
- contacts: `$filter` on fields of the contact; renewing sets `Renewal date last changed` and not
  `Profile last updated` (seen in published answers), lapsing sets no date at all;
- archived contacts are in every search unless left out on purpose; only they can be deleted;
- event registrations need an event, a contact or ids; there is no search by time of change;
- invoices, payments and refunds: StartDate and EndDate look at the document's date, `ids` names
  some, `idsOnly` lists them; auditLogItems names documents created, changed, voided or deleted;
- amounts are JSON numbers in major units of the account's currency; CreatedDate has no offset (the
  samples agree with UTC), RenewalDue is a local day at midnight without an offset.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, Cursor, StreamSpec
from connectors.sources.wildapricot.records import CONTACT_COLUMNS

LOOKBACK = timedelta(minutes=15)
REGISTRATION_WINDOW = timedelta(days=3)
FINANCE_WINDOW = timedelta(days=30)
EMAIL_WINDOW = timedelta(days=14)

ACCOUNT = StreamSpec(
    name="account",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "name": Column("string", "Name"),
        "currency": Column("string", "Currency.Code"),
        "timezone": Column("string", "TimeZone.ZoneId"),
    },
    cursor=Cursor("full"),
    empty_first_page="error",
    description="The account: one row, with the currency of all amounts.",
)

MEMBERSHIP_LEVEL = StreamSpec(
    name="membership_level",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "name": Column("string", "Name"),
        "type": Column("string", "Type"),
        "public_can_apply": Column("boolean", "PublicCanApply"),
        "membership_fee": Column("money", "MembershipFee"),
        "renewal_kind": Column("string", "RenewalPeriod.Kind"),
        "renews_from_join_date": Column("boolean", "RenewalPeriod.StartFromJoinDate"),
        "is_recurring": Column("boolean", "RenewalPeriod.AutomaticRecurringPayments"),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Membership levels, with the fee of one renewal period.",
)

CONTACT = StreamSpec(
    name="contact",
    primary_key=("id",),
    columns=CONTACT_COLUMNS,
    cursor=Cursor("updated_since", lookback=LOOKBACK),
    deletes="id_reconcile",
    description="Contacts and members, archived ones included and marked.",
)

EVENT = StreamSpec(
    name="event",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "name": Column("string", "Name"),
        "event_type": Column("string", "EventType"),
        "starts_at": Column("timestamp", "StartDate"),
        "ends_at": Column("timestamp", "EndDate"),
        "location": Column("string", "Location"),
        "registration_enabled": Column("boolean", "RegistrationEnabled"),
        "tags": Column("json", "Tags"),
        "checked_in": Column("integer", "CheckedInAttendeesNumber"),
    },
    cursor=Cursor("full"),
    deletes="id_reconcile",
    description="Events.",
)

EVENT_REGISTRATION = StreamSpec(
    name="event_registration",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "event_id": Column("integer", "Event.Id"),
        "contact_id": Column("integer", "Contact.Id"),
        "parent_id": Column("integer", "ParentRegistration.Id"),
        "registration_type": Column("string", "RegistrationType.Name"),
        "first_name": Column("string", "FirstName"),
        "last_name": Column("string", "LastName"),
        "email": Column("email", "Email"),
        "status": Column("string", "Status"),
        "is_guest": Column("boolean", "IsGuestRegistration"),
        "on_waitlist": Column("boolean", "OnWaitlist"),
        "is_checked_in": Column("boolean", "IsCheckedIn"),
        "is_paid": Column("boolean", "IsPaid"),
        "fee": Column("money", "RegistrationFee"),
        "paid": Column("money", "PaidSum"),
        "registered_at": Column("timestamp", "RegistrationDate"),
    },
    cursor=Cursor("created_only", "registered_at", REGISTRATION_WINDOW),
    deletes="id_reconcile",
    description="Registrations per event, guests and the waiting list included.",
)

_DOCUMENT = {
    "id": Column("integer", "Id"),
    "contact_id": Column("integer", "Contact.Id"),
    "value": Column("money", "Value"),
    "document_date": Column("timestamp", "DocumentDate"),
    "created_at": Column("timestamp", "CreatedDate"),
    "updated_at": Column("timestamp", "UpdatedDate"),
}

INVOICE = StreamSpec(
    name="invoice",
    primary_key=("id",),
    columns={
        **_DOCUMENT,
        "document_number": Column("string", "DocumentNumber"),
        "order_type": Column("string", "OrderType"),
        "registration_id": Column("integer", "EventRegistration.Id"),
        "is_paid": Column("boolean", "IsPaid"),
        "paid_amount": Column("money", "PaidAmount"),
        "voided_at": Column("timestamp", "VoidedDate"),
    },
    cursor=Cursor("created_only", "created_at", FINANCE_WINDOW),
    deletes="id_reconcile",
    description="Invoices, voided ones included.",
)

PAYMENT = StreamSpec(
    name="payment",
    primary_key=("id",),
    columns={
        **_DOCUMENT,
        "type": Column("string", "Type"),
        "tender": Column("string", "Tender.Name"),
        "allocated_value": Column("money", "AllocatedValue"),
        "refunded_amount": Column("money", "RefundedAmount"),
    },
    cursor=Cursor("created_only", "created_at", FINANCE_WINDOW),
    deletes="id_reconcile",
    description="Payments received (type InvoicePayment, DonationPayment), positive.",
)

PAYMENT_ALLOCATION = StreamSpec(
    name="payment_allocation",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "payment_id": Column("integer", "PaymentId"),
        "invoice_id": Column("integer", "Invoice.Id"),
        "refund_id": Column("integer", "Refund.Id"),
        "value": Column("money", "Value"),
    },
    cursor=Cursor("created_only", lookback=FINANCE_WINDOW),
    deletes="replace_by_parent",
    parent="payment",
    parent_key=("payment_id",),
    description="What a payment was used for: invoices it settles, refunds taken from it.",
)

REFUND = StreamSpec(
    name="refund",
    primary_key=("id",),
    columns={
        **_DOCUMENT,
        "tender": Column("string", "Tender.Name"),
        "settled_value": Column("money", "SettledValue"),
    },
    cursor=Cursor("created_only", "created_at", FINANCE_WINDOW),
    deletes="id_reconcile",
    description="Refunds, positive.",
)

SENT_EMAIL = StreamSpec(
    name="sent_email",
    primary_key=("id",),
    columns={
        "id": Column("integer", "Id"),
        "subject": Column("string", "Subject"),
        "type": Column("string", "Type"),
        "sending_type": Column("string", "SendingType"),
        "origin_type": Column("string", "Origin.OriginType"),
        "sent_at": Column("timestamp", "SentDate"),
        "is_tracked": Column("boolean", "IsTrackingAllowed"),
        "recipient_count": Column("integer", "RecipientCount"),
    },
    cursor=Cursor("created_only", "sent_at", EMAIL_WINDOW),
    deletes="none",
    description="Sent e-mails, without their text.",
)

SENT_EMAIL_RECIPIENT = StreamSpec(
    name="sent_email_recipient",
    primary_key=("email_id", "email"),
    columns={
        "email_id": Column("integer", "EmailId"),
        "email": Column("email", "Email"),
        "contact_id": Column("integer", "ContactId"),
        "registration_id": Column("integer", "EventRegistrationId"),
        "is_delivered": Column("boolean", "IsDelivered"),
        "is_opened": Column("boolean", "IsOpened"),
        "is_clicked": Column("boolean", "IsClicked"),
    },
    cursor=Cursor("created_only", lookback=EMAIL_WINDOW),
    deletes="replace_by_parent",
    parent="sent_email",
    parent_key=("email_id",),
    description="Who got an e-mail, and whether it arrived, was opened and clicked (no times).",
)

STREAMS: tuple[StreamSpec, ...] = (
    ACCOUNT,
    MEMBERSHIP_LEVEL,
    CONTACT,
    EVENT,
    EVENT_REGISTRATION,
    INVOICE,
    PAYMENT,
    PAYMENT_ALLOCATION,
    REFUND,
    SENT_EMAIL,
    SENT_EMAIL_RECIPIENT,
)

"""What of a Wild Apricot record is landed.

Data flow: record of the API -> contact(), registration(), document()... -> row of a stream.

Contacts and registrations carry every field of the account in a list of {FieldName, SystemCode,
Value}. Only the fields named here are taken out of it: the rest may hold notes, emergency contacts
or anything else an organisation asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.protocol import Column, ColumnType

Row = dict[str, Any]

_CONTACT = (
    *("Id", "FirstName", "LastName", "Organization", "Email", "ProfileLastUpdated"),
    *("MembershipLevel", "MembershipEnabled", "Status"),
)
# System code -> column and type. "RecievingEMailsDisabled" is spelt so by the vendor.
_FIELDS: Mapping[str, tuple[str, ColumnType]] = {
    "IsArchived": ("is_archived", "boolean"),
    "IsMember": ("is_member", "boolean"),
    "IsSuspendedMember": ("is_suspended", "boolean"),
    "ReceiveNewsletters": ("receives_newsletters", "boolean"),
    "ReceiveEventReminders": ("receives_event_reminders", "boolean"),
    "EmailDisabled": ("email_disabled", "boolean"),
    "EmailingDisabledAutomatically": ("email_disabled_automatically", "boolean"),
    "RecievingEMailsDisabled": ("receiving_disabled", "boolean"),
    "CreationDate": ("created_at", "timestamp"),
    "Phone": ("phone", "phone"),
    "MemberSince": ("member_since", "timestamp"),
    "RenewalDue": ("renewal_due", "date"),
    "RenewalDateLastChanged": ("renewal_changed_at", "timestamp"),
    "LevelLastChanged": ("level_changed_at", "timestamp"),
    "BundleId": ("bundle_id", "integer"),
    "MemberRole": ("member_role", "string"),
}
_OWN = ("member_number", "birth_date", "street", "postal_code", "city")
_REGISTRATION = (
    *("Id", "Event", "Contact", "ParentRegistration", "RegistrationType", "Status"),
    *("IsGuestRegistration", "OnWaitlist", "IsCheckedIn", "IsPaid", "RegistrationFee", "PaidSum"),
    "RegistrationDate",
)
_LINKS = {"Event", "Contact", "ParentRegistration", "Invoice", "Refund", "Payment"}
# Free text, people's names beside a link, and addresses of the API itself.
_LEFT_OUT = {
    *("Url", "Memo", "PublicMemo", "Comment", "PublicComment", "OrderDetails", "FieldValues"),
    *("CreatedBy", "UpdatedBy", "Donation", "Body", "ReplyToName", "ReplyToAddress"),
    *("SenderName", "SenderId", "Recipient", "Description", "Details", "Sessions", "InviteeStat"),
}

CONTACT_COLUMNS: dict[str, Column] = {
    "id": Column("integer", "Id"),
    "first_name": Column("string", "FirstName"),
    "last_name": Column("string", "LastName"),
    "organization": Column("string", "Organization"),
    "email": Column("email", "Email"),
    "membership_level_id": Column("integer", "MembershipLevel.Id"),
    "membership_enabled": Column("boolean", "MembershipEnabled"),
    "status": Column("string", "Status"),
    "updated_at": Column("timestamp", "ProfileLastUpdated"),
    **{column: Column(kind) for column, kind in _FIELDS.values()},
    **{column: Column("string") for column in _OWN},
}


def contact(record: Row, own: Mapping[str, str]) -> Row:
    """A contact: its own keys, the system fields, and the fields `own` names, by column."""
    fields = _values(record.get("FieldValues"))
    row = {key: _linked(key, record[key]) for key in _CONTACT if key in record}
    row |= {column: fields.get(code) for code, (column, _) in _FIELDS.items()}
    row |= {column: fields.get(name) for column, name in own.items()}
    # A local day, sent as midnight without an offset.
    row["renewal_due"] = str(row["renewal_due"])[:10] if row["renewal_due"] else None
    return row


def registration(record: Row) -> Row:
    """A registration with the attendee's name and address; nothing else of its form."""
    fields = _values(record.get("RegistrationFields"))
    row = {key: _linked(key, record[key]) for key in _REGISTRATION if key in record}
    return row | {code: fields.get(code) for code in ("FirstName", "LastName", "Email")}


def document(record: Row) -> Row:
    """An invoice, payment, refund, event, level or e-mail without what must not be landed."""
    return {key: _linked(key, value) for key, value in record.items() if key not in _LEFT_OUT}


def allocation(record: Row, payment_id: int) -> Row:
    """What part of a payment settles an invoice or went back as a refund."""
    kept = {key: _linked(key, record.get(key)) for key in ("Id", "Value", "Invoice", "Refund")}
    return {**kept, "PaymentId": payment_id}


def recipient(record: Row, email_id: int) -> Row:
    """One recipient of an e-mail, without the name; the links clicked become yes or no."""
    links = record.get("ClickedLinks") or ()
    kept = ("Email", "ContactId", "EventRegistrationId", "IsDelivered", "IsOpened")
    return {
        **{key: record.get(key) for key in kept},
        "EmailId": email_id,
        "IsClicked": any(bool(link.get("Clicked")) for link in links),
    }


def _linked(key: str, value: Any) -> Any:
    """A link to another record as its id alone: its name is a person's."""
    return {"Id": value.get("Id")} if key in _LINKS and isinstance(value, dict) else value


def _values(fields: Any) -> dict[str, Any]:
    """Values by system code and by title; a choice as its label."""
    found: dict[str, Any] = {}
    for field in fields or ():
        value = field.get("Value")
        plain = value.get("Label") if isinstance(value, dict) else value
        found.setdefault(str(field.get("FieldName")), plain)
        found[str(field.get("SystemCode"))] = plain
    return found

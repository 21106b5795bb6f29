"""Records of the fake Wild Apricot as its Admin API shows them.

Data flow: test -> contact(), invoice()... -> RecordStore -> fake; shapes from the vendor's
description of the Admin API 7.24.0 and published answers (PipedreamHQ/pipedream).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

API = "https://api.wildapricot.org/v2.2/accounts/1"
# System code -> title, as a new account has them.
TITLES: Mapping[str, str] = {
    "IsArchived": "Archived",
    "IsMember": "Member",
    "IsSuspendedMember": "Suspended member",
    "ReceiveEventReminders": "Event announcements",
    "ReceiveNewsletters": "Member emails and newsletters",
    "EmailDisabled": "Email delivery disabled",
    "EmailingDisabledAutomatically": "Email delivery disabled automatically",
    "RecievingEMailsDisabled": "Receiving emails disabled",
    "LastUpdated": "Profile last updated",
    "CreationDate": "Creation date",
    "Notes": "Notes",
    "MemberId": "User ID",
    "FirstName": "First name",
    "LastName": "Last name",
    "Organization": "Organization",
    "Email": "Email",
    "Phone": "Phone",
    "MemberRole": "Member role",
    "MemberSince": "Member since",
    "RenewalDue": "Renewal due",
    "MembershipLevelId": "Membership level ID",
    "RenewalDateLastChanged": "Renewal date last changed",
    "LevelLastChanged": "Level last changed",
    "BundleId": "Bundle ID",
}


def linked(kind: str, id: int | None, name: str | None = None) -> dict[str, Any] | None:
    """A link to another record, with its name where the API gives one."""
    if id is None:
        return None
    return {"Id": id, "Url": f"{API}/{kind}/{id}"} | ({"Name": name} if name else {})


def contact(id: int, *, updated: str, level: int | None = None, **fields: Any) -> dict[str, Any]:
    """A contact; `fields` by system code (custom ones too), those not given are empty."""
    values: dict[str, Any] = {
        **dict.fromkeys(TITLES),
        **{code: False for code in TITLES if TITLES[code].endswith("disabled")},
        "IsArchived": False,
        "IsMember": level is not None,
        "IsSuspendedMember": False,
        "ReceiveEventReminders": True,
        "ReceiveNewsletters": True,
        "EmailingDisabledAutomatically": False,
        "CreationDate": updated,
        "MemberId": id,
        "MembershipLevelId": level,
        **fields,
        "LastUpdated": updated,
    }
    status = values.pop("Status", "Active" if level is not None else None)
    member = {
        "MembershipLevel": linked("MembershipLevels", level, "Level"),
        "MembershipEnabled": not values["IsSuspendedMember"],
        "Status": status,
    }
    first, last = values["FirstName"] or "", values["LastName"] or ""
    return {
        "FirstName": first,
        "LastName": last,
        "Organization": values["Organization"] or "",
        "Email": values["Email"] or "",
        "DisplayName": f"{last}, {first}",
        **(member if level is not None else {}),
        "ProfileLastUpdated": updated,
        "FieldValues": [
            {"FieldName": TITLES.get(code, code), "Value": value, "SystemCode": code}
            for code, value in values.items()
        ],
        "Id": id,
        "Url": f"{API}/Contacts/{id}",
        "IsAccountAdministrator": False,
        "TermsOfUseAccepted": True,
    }


def registration(id: int, event: int, contact: int, at: str, **more: Any) -> dict[str, Any]:
    """A registration; `form` gives the values of its form by system code."""
    form = more.pop("form", {})
    return {
        "Id": id,
        "Url": f"{API}/EventRegistrations/{id}",
        "Event": {"Id": event, "Url": f"{API}/Events/{event}", "Name": f"Event {event}"},
        "Contact": linked("Contacts", contact, "Example, Anna"),
        "DisplayName": "Example, Anna",
        "Organization": "",
        "IsCheckedIn": False,
        "RegistrationFee": 0.0,
        "PaidSum": 0.0,
        "IsPaid": True,
        "RegistrationType": {"Id": 1, "Name": "Ticket"},
        "RegistrationFields": [
            {"FieldName": TITLES.get(code, code), "SystemCode": code, "Value": value}
            for code, value in form.items()
        ],
        "RegistrationDate": at,
        "Memo": "FREETEXT",
        "IsGuestRegistration": False,
        "OnWaitlist": False,
        "ParentRegistration": None,
        "Status": "Free",
        **more,
    }


def money(kind: str, id: int, contact: int, value: float, at: str, **more: Any) -> dict[str, Any]:
    """An invoice, payment or refund made at `at` (UTC, without an offset as the API has it)."""
    return {
        "Id": id,
        "Url": f"{API}/{kind}s/{id}",
        "Value": value,
        "DocumentDate": f"{at}+00:00",
        "Contact": linked("Contacts", contact, "Example, Anna"),
        "CreatedDate": at,
        "CreatedBy": linked("Contacts", contact),
        "UpdatedDate": None,
        "UpdatedBy": None,
        "Comment": "FREETEXT",
        **more,
    }


def audit(id: int, kind: str, document: int, action: str, at: str) -> dict[str, Any]:
    """An entry of the finance log."""
    return {
        "Id": id,
        "Timestamp": at,
        "FirstName": "Anna",
        "LastName": "Example",
        "Email": "anna@example.org",
        "Message": "FREETEXT",
        "Severity": "Information",
        "Document": linked(f"{kind}s", document),
        "DocumentType": kind,
        "DocumentAction": action,
    }

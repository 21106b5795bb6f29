"""The rules of the fake Mailchimp about who may get which status and which values are valid.

Data flow: a member as stored + what a call asks for -> new fields, or a ProblemError.

- PUT needs status_if_new only for a new address; without `status` an existing status stays.
- Setting subscribed on someone who unsubscribed or was cleaned is 400 "Member In Compliance State"
  (answer recorded in mailchimp-for-wordpress 798). An unsubscription made through the API can be
  undone through it: that is the trap, and it works here too (its unsubscribe_reason is BY_ADMIN).
- `pending` for an unsubscribed person sends a confirmation mail and is accepted.
- After actions/delete-permanent the address is 404 (nztim/mailchimp 31) and is refused with
  "Forgotten Email Not Subscribed", `pending` included (mailchimp-for-wordpress 673).
- Unknown merge tags are ignored; a bad value is "Your merge fields were invalid." with one entry of
  `errors` per field (recorded in the tests of grouparoo).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.testing.fakes.mailchimp_common import ProblemError, bad_field, invalid

WRITABLE = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
BY_ADMIN = "N/A (Unsubscribed by admin)"
MergeFields = Mapping[str, tuple[str, bool]]  # tag -> (text|phone|number|date, required)


def check_writable(field: str, status: Any) -> str:
    """A status that may be written; `archived` is only ever read."""
    if status not in WRITABLE:
        raise bad_field(field, "Value is not one of the allowed choices")
    return str(status)


def in_compliance_state(member: Mapping[str, Any], status: str) -> bool:
    """Whether Mailchimp refuses this status for this member."""
    current = member.get("status")
    if current == "cleaned":
        return status in ("subscribed", "pending")
    by_person = member.get("unsubscribe_reason") != BY_ADMIN
    return current == "unsubscribed" and status == "subscribed" and by_person


def compliance_problem(email: str) -> ProblemError:
    detail = (
        f"{email} is in a compliance state due to unsubscribe, bounce, "
        "or compliance review and cannot be subscribed."
    )
    return ProblemError(400, "Member In Compliance State", detail)


def forgotten_problem(email: str) -> ProblemError:
    detail = (
        f"{email} was permanently deleted and cannot be re-imported. "
        "The contact must re-subscribe to get back on the list."
    )
    return ProblemError(400, "Forgotten Email Not Subscribed", detail)


def status_fields(status: str) -> dict[str, Any]:
    """What a status set through the API leaves on the member."""
    return {
        "status": status,
        "unsubscribe_reason": BY_ADMIN if status == "unsubscribed" else None,
    }


def merged_fields(
    fields: MergeFields, body: Mapping[str, Any], current: Mapping[str, Any], *, new: bool
) -> dict[str, Any]:
    """The merge fields after a write; a required one must be there for a new member."""
    given = body.get("merge_fields") or {}
    if not isinstance(given, dict):
        raise bad_field("merge_fields", "Schema describes object, array found instead")
    errors = {}
    merged = dict(current)
    for tag, (kind, required) in fields.items():
        value = given.get(tag, current.get(tag))
        if required and new and value in (None, ""):
            errors[tag] = "Please enter a value"
        elif kind == "number" and tag in given and not _is_number(given[tag]):
            errors[tag] = "Please enter a number"
        elif tag in given:
            merged[tag] = given[tag]
    if errors:
        raise invalid("Your merge fields were invalid.", errors)
    return merged


def address_of(body: Mapping[str, Any]) -> str:
    email = body.get("email_address")
    if not isinstance(email, str) or not email:
        raise bad_field("email_address", "This value should not be blank.")
    name, _, domain = email.rpartition("@")
    if not name or "." not in domain or " " in email:
        raise invalid("Please provide a valid email address.")
    return email


def full_name(merge: Mapping[str, Any]) -> str:
    return f"{merge.get('FNAME', '')} {merge.get('LNAME', '')}".strip()


def _is_number(value: Any) -> bool:
    if value == "":
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True

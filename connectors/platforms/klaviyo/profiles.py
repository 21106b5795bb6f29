"""Klaviyo's profiles as the protocol knows them.

Data flow: profile resource with its subscriptions -> `as_contact` -> PlatformContact; allowed
fields -> `as_attributes` -> what is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.klaviyo.capabilities import CAPABILITIES, SUPPRESSIONS
from connectors.platforms.protocol import PlatformContact, PlatformStatus

_PROPERTY = "properties."


def as_contact(item: Mapping[str, Any]) -> PlatformContact:
    attributes = item.get("attributes")
    given = attributes if isinstance(attributes, Mapping) else {}
    custom = given.get("properties")
    fields = {name: given.get(name) for name in ("first_name", "last_name")}
    if isinstance(custom, Mapping):
        fields.update((f"{_PROPERTY}{name}", value) for name, value in custom.items())
    marketing = _marketing(given)
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(given.get("email") or ""),
        status=_status(marketing),
        fields={name: str(value) for name, value in fields.items() if value is not None},
        changed_at=_changed(given, marketing),
    )


def as_attributes(fields: Mapping[str, str]) -> dict[str, Any]:
    """Attributes of a profile as they are sent; an empty one clears the field."""
    sent: dict[str, Any] = {}
    for name, value in fields.items():
        if name.startswith(_PROPERTY):
            sent.setdefault("properties", {})[name.removeprefix(_PROPERTY)] = value
        else:
            sent[name] = value or None
    return sent


def any_of(field: str, values: Sequence[str]) -> str:
    """A filter on one of several values."""
    return f"any({field},[{','.join(json.dumps(value, ensure_ascii=False) for value in values)}])"


def after(field: str, moment: datetime) -> str:
    """A filter on times after a moment."""
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f"greater-than({field},{text})"


def _marketing(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = attributes
    for name in ("subscriptions", "email", "marketing"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _status(marketing: Mapping[str, Any]) -> PlatformStatus:
    """Every sign of an objection counts; what is not understood is no consent."""
    suppressions, lists = marketing.get("suppression"), marketing.get("list_suppressions")
    if suppressions:
        reasons = [str(one.get("reason")) for one in suppressions if isinstance(one, Mapping)]
        words = {SUPPRESSIONS.get(reason, "unsubscribed") for reason in reasons}
        return "cleaned" if words == {"cleaned"} else "unsubscribed"
    if lists:
        return "unsubscribed"  # whoever left one list is left alone
    status = CAPABILITIES.statuses.get(str(marketing.get("consent")), "unknown")
    if status == "subscribed" and marketing.get("can_receive_email_marketing") is not True:
        return "unknown"
    return status


def _changed(attributes: Mapping[str, Any], marketing: Mapping[str, Any]) -> datetime | None:
    """The newest of the times Klaviyo tells: `updated` alone may not move with an objection."""
    told = [attributes.get("updated"), marketing.get("last_updated")]
    for name in ("suppression", "list_suppressions"):
        told += [one.get("timestamp") for one in marketing.get(name) or []]
    times = [datetime.fromisoformat(str(text)) for text in told if text]
    known = [at if at.tzinfo else at.replace(tzinfo=UTC) for at in times]
    return max(known).astimezone(UTC) if known else None

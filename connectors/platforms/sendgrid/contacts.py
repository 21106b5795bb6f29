"""SendGrid's contacts as the protocol knows them.

Data flow: contact, or row of an export, with what is known of objections -> PlatformContact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.platforms.protocol import PlatformContact
from connectors.platforms.sendgrid.objections import Objections

# All that names a contact; an upsert must have each one that the contact has.
_IDENTIFIERS = ("email", "phone_number_id", "external_id", "anonymous_id")
_FIELDS = ("first_name", "last_name")


def as_contact(item: Mapping[str, Any], objections: Objections) -> PlatformContact:
    """A contact as answered (`id`), or as it is in an export (`contact_id`)."""
    status, objected = objections.of(addresses_of(item))
    changed = _time(item.get("updated_at"))
    times = [at for at in (changed, objected) if at is not None]
    return PlatformContact(
        contact_id=str(item.get("id") or item.get("contact_id") or ""),
        email=str(item.get("email") or ""),
        status=status,
        fields={name: str(item[name]) for name in _FIELDS if item.get(name)},
        changed_at=max(times) if times and changed is not None else objected,
    )


def no_contact(address: str, objections: Objections) -> PlatformContact | None:
    """An address that objects, as a contact by itself; None when it does not object."""
    status, at = objections.of([address])
    # Every one has an id of its own: readers keep contacts by id.
    id = f"objection:{hashlib.sha256(address.encode()).hexdigest()[:32]}"
    return None if at is None else PlatformContact(id, address, status, {}, at)


def addresses_of(item: Mapping[str, Any]) -> Sequence[str]:
    """The first address and the others, in lower case."""
    others = item.get("alternate_emails") or []
    told = others.split(",") if isinstance(others, str) else others
    return [str(one).strip().lower() for one in (item.get("email"), *told) if one]


def identity(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(item[name]) for name in _IDENTIFIERS if item.get(name)}


def same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether it is the contact looked at before, and not one made since."""
    return all(before.get(name) == now.get(name) for name in ("id", "created_at"))


def _time(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

"""HubSpot's contacts as the protocol knows them, and which properties tell of an objection.

Data flow: properties of a contact -> `as_contact` -> PlatformContact with a status of ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.errors import ConfigurationError
from connectors.platforms.hubspot.capabilities import (
    CAPABILITIES,
    NO_WORDS,
    OPT_OUT_ALL,
    UNDELIVERABLE,
)
from connectors.platforms.protocol import PlatformContact, PlatformStatus

Heeded = Literal["any"] | Collection[int]


def properties_to_read(there: Collection[str], fields: Iterable[str]) -> tuple[str, ...]:
    """Properties to ask for, with every opt-out among those the account has (`there`).

    ConfigurationError when the account does not show the opt-out at all: nobody's objection could
    be seen.
    """
    if OPT_OUT_ALL not in there:
        raise ConfigurationError(
            f"the account does not show the property {OPT_OUT_ALL}.",
            todo="Without it nobody's objection can be seen: check the token's scopes.",
        )
    opt_outs = sorted(name for name in there if re.fullmatch(rf"{OPT_OUT_ALL}(_\d+)?", name))
    return ("email", "lastmodifieddate", *UNDELIVERABLE, *fields, *opt_outs)


def as_contact(item: Mapping[str, Any], heeded: Heeded) -> PlatformContact:
    """`heeded`: ids of the subscription types whose opt-out counts; "any": all of them."""
    given = item.get("properties")
    properties = given if isinstance(given, Mapping) else {}
    changed = str(properties.get("lastmodifieddate") or "")
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(properties.get("email") or ""),
        status=_status(properties, heeded),
        fields={name: str(value) for name, value in properties.items() if value is not None},
        changed_at=datetime.fromisoformat(changed).astimezone(UTC) if changed else None,
    )


def objects(preferences: Iterable[Mapping[str, Any]], heeded: Heeded) -> bool:
    """Whether the statuses kept for an address hold an opt-out that counts."""
    return any(
        one.get("status") == "UNSUBSCRIBED"
        # An opt-out from everything names no subscription type.
        and (heeded == "any" or one.get("subscriptionId") in (None, *heeded))
        for one in preferences
    )


def _status(properties: Mapping[str, Any], heeded: Heeded) -> PlatformStatus:
    if OPT_OUT_ALL not in properties:
        return "unknown"  # an answer without the property says nothing about consent
    counts = (
        [name for name in properties if name.startswith(OPT_OUT_ALL)]
        if heeded == "any"
        else [OPT_OUT_ALL, *(f"{OPT_OUT_ALL}_{number}" for number in heeded)]
    )
    if any(_is_yes(properties.get(name)) for name in counts):
        return CAPABILITIES.statuses["opted out"]
    if any(_is_yes(properties.get(name)) for name in UNDELIVERABLE):
        return CAPABILITIES.statuses["bounced"]
    return CAPABILITIES.statuses["not opted out"]


def _is_yes(value: Any) -> bool:
    return value is not None and str(value).strip().lower() not in NO_WORDS

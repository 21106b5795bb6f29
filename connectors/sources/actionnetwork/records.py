"""What of an Action Network record is landed.

Data flow: OSDI resource -> person(), event(), donation(), action() -> row of a stream.

Identifiers are "system:id"; those of Action Network itself start with "action_network:". Messages,
comments, descriptions, referrer data and every custom field that is not named are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import SourceError

Row = dict[str, Any]
OWN = "action_network:"


def id_of(record: Row) -> str:
    """Action Network's own id. SourceError when the record has none."""
    for identifier in record.get("identifiers") or ():
        if str(identifier).startswith(OWN):
            return str(identifier).removeprefix(OWN)
    link = _linked(record, "self")
    if link is None:
        raise SourceError("a record came without an identifier of Action Network.")
    return link


def person(record: Row, custom: Mapping[str, str], systems: Mapping[str, str]) -> Row:
    """A person: primary address and number with their status, one postal address."""
    email, phone = _first(record, "email_addresses"), _first(record, "phone_numbers")
    home = _first(record, "postal_addresses")
    own = record.get("custom_fields") or {}
    foreign = _foreign(record.get("identifiers") or (), systems)
    return {
        **_dated(record),
        "given_name": record.get("given_name"),
        "family_name": record.get("family_name"),
        "email": email.get("address"),
        "email_status": email.get("status"),
        "phone": _international(phone.get("number")),
        "phone_status": phone.get("status"),
        "street": ", ".join(str(line) for line in home.get("address_lines") or () if line),
        "postal_code": home.get("postal_code"),
        "city": home.get("locality"),
        "country": home.get("country"),
        "foreign_system": foreign[0],
        "foreign_id": foreign[1],
        **{column: own.get(name) for column, name in custom.items()},
    }


def event(record: Row) -> Row:
    """An event without its text and address."""
    kept = ("status", "title", "start_date", "end_date", "visibility", "total_accepted")
    return {**_dated(record), **{key: record.get(key) for key in kept}}


def donation(record: Row) -> Row:
    """A donation; the amount is a decimal text in major units."""
    recurrence = record.get("action_network:recurrence") or {}
    payment = record.get("payment") or {}
    return {
        **action(record, "fundraising_page"),
        "amount": record.get("amount"),
        "currency": record.get("currency"),
        "method": payment.get("method"),
        "is_recurring": bool(recurrence.get("recurring")),
        "period": recurrence.get("period"),
    }


def action(record: Row, parent: str, parent_id: str | None = None) -> Row:
    """What a person did: the person, and what it was done on (event, petition, form...)."""
    named = record.get(f"action_network:{parent}_id") or _linked(record, f"osdi:{parent}")
    # The documentation spells the key of a submission's person without "_network".
    person = record.get("action_network:person_id") or record.get("action:person_id")
    return {
        **_dated(record),
        "parent_id": parent_id or named,
        "person_id": person or _linked(record, "osdi:person"),
        "status": record.get("status"),
    }


def _dated(record: Row) -> Row:
    return {
        "id": id_of(record),
        "created_date": record.get("created_date"),
        "modified_date": record.get("modified_date"),
    }


def _first(record: Row, key: str) -> Row:
    """The primary one of a list, else its first, else nothing."""
    found = [one for one in record.get(key) or () if isinstance(one, dict)]
    return next((one for one in found if one.get("primary")), found[0] if found else {})


def _foreign(
    identifiers: Sequence[Any], systems: Mapping[str, str]
) -> tuple[str | None, str | None]:
    for identifier in identifiers:
        prefix, _, id = str(identifier).partition(":")
        if id and prefix in systems:
            return systems[prefix], id
    return None, None


def _international(number: Any) -> str | None:
    """Numbers come in international form without their plus sign (12025550100)."""
    text = str(number).strip() if number else ""
    plain = text.isdigit() and len(text) >= 11 and not text.startswith("0")
    return f"+{text}" if plain else text or None


def _linked(record: Row, rel: str) -> str | None:
    link = (record.get("_links") or {}).get(rel) or {}
    return str(link["href"]).rstrip("/").rpartition("/")[2] if link.get("href") else None

"""How people are reached: by e-mail an address is the contact, by post and phone the person is.

Data flow: Published -> `reached_by` -> the gate's frames for one channel; text -> `contact_key`.

People of one household share a letter box and stay separate people: each of them may get a letter,
and the objection of one is not that of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from activation.address import address_key
from activation.published import Published
from connectors.platforms.protocol import Channel

# Columns of sync_contacts without which nobody can be reached there.
_NEEDED: Mapping[Channel, tuple[str, ...]] = {
    "post": ("street", "postal_code", "city"),
    "phone": ("phone_e164",),
}


def contact_key(contact: str | None, channel: Channel) -> str | None:
    """The form all spellings of one contact share: of an e-mail address, or a member key."""
    if channel == "email":
        return address_key(contact)
    return contact if isinstance(contact, str) and contact.strip() else None


def reached_by(published: Published, channel: Channel) -> Published:
    """The same for one channel: `email` and `email_key` of the contacts name whom to reach.

    By post and phone that is the member key, and nothing where something of the address is missing
    (a published file without those columns reaches nobody).
    """
    if channel == "email":
        return published
    contacts = published.contacts.copy()
    reachable = pd.Series(True, index=contacts.index)
    for name in _NEEDED[channel]:
        given = contacts[name] if name in contacts.columns else pd.Series("", contacts.index)
        reachable &= given.map(lambda text: isinstance(text, str) and text.strip() != "")
    people = published.contacts[["email_key", "member_key"]].dropna()
    contacts["email"] = contacts["member_key"].where(reachable, None)
    contacts["email_key"] = contacts["email"]
    contacts["is_email_shared"] = False
    return replace(
        published, contacts=contacts, suppressions=_of_people(published.suppressions, people)
    )


def _of_people(suppressions: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Suppressions by person only: one that names an e-mail address but nobody is its owners'."""
    named = suppressions[suppressions["member_key"].notna()]
    nameless = suppressions[suppressions["member_key"].isna()].drop(columns="member_key")
    owners = nameless.merge(people, on="email_key")
    found = pd.concat([named, owners[named.columns]]) if len(owners) else named.copy()
    found["email_key"] = None
    return found

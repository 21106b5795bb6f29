"""From decided candidates to what every owned segment should hold, and what is sent per address.

Data flow: gate output + contacts + ReadBack + ledger -> SegmentState per segment, Payload per
address. Pure apart from what was read before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from activation.address import AddressHasher
from activation.consent import SENT
from activation.plan import Payload, SegmentState
from activation.readback import ReadBack
from connectors.platforms.protocol import ConsentProof, PlatformAdapter

# Columns of sync_contacts -> neutral names an adapter may be configured to send.
_FIELDS: Mapping[str, str] = {
    "first_name": "first_name",
    "last_name": "last_name",
    "member_number": "member_number",
    "phone_e164": "phone",
    "street": "street",
    "postal_code": "postal_code",
    "city": "city",
}


@dataclass(frozen=True)
class Desired:
    """What is wanted now. `suppressed`: segment -> reason -> candidates."""

    states: Mapping[str, SegmentState]
    payloads: Mapping[str, Payload]
    candidates: Mapping[str, int]
    suppressed: Mapping[str, Mapping[str, int]]


def desire(
    gated: pd.DataFrame,
    contacts: pd.DataFrame,
    segments: Sequence[str],
    platform: ReadBack,
    delivered: Mapping[str, Mapping[str, str]],
    adapter: PlatformAdapter,
    hasher: AddressHasher,
) -> Desired:
    """States and payloads from the decisions. `delivered` as the ledger has it."""
    sent = gated[gated["decision"] == SENT]
    refused = gated[gated["decision"] != SENT]
    states, suppressed, candidates = {}, {}, {}
    for segment in segments:
        mine = sent[sent["segment_id"] == segment]
        others = refused[refused["segment_id"] == segment]
        states[segment] = SegmentState(
            desired=dict(zip(mine["address"], mine["member_key"], strict=True)),
            held=platform.held.get(segment, {}),
            delivered=delivered.get(segment, {}),
            why_not=dict(zip(others["member_key"], others["reason"], strict=True)),
        )
        suppressed[segment] = {str(k): int(v) for k, v in others["reason"].value_counts().items()}
        candidates[segment] = len(mine) + len(others)
    payloads = _payloads(sent, contacts, platform, adapter, hasher)
    return Desired(states, payloads, candidates, suppressed)


def _payloads(
    sent: pd.DataFrame,
    contacts: pd.DataFrame,
    platform: ReadBack,
    adapter: PlatformAdapter,
    hasher: AddressHasher,
) -> dict[str, Payload]:
    """One payload per address.

    An address that several people share gets nobody's name: the platform is a source too, and a
    name beside a shared address would come back as evidence of who somebody is.
    """
    first = sent.sort_values(["address", "member_key", "segment_id"]).drop_duplicates("address")
    details = contacts.drop_duplicates("member_key").set_index("member_key")
    known = [name for name in _FIELDS if name in details.columns]
    values: dict[Any, dict[Any, Any]] = details[known].to_dict("index")
    is_shared = contacts["is_email_shared"].ne(False) | contacts["email_key"].duplicated(keep=False)
    shared = set(contacts.loc[is_shared, "email_key"])
    found = {}
    for row in first.to_dict("records"):
        there = platform.contact(row["address"])
        mine = {} if row["email_key"] in shared else values[row["member_key"]]
        fields = adapter.render_fields({_FIELDS[name]: _text(mine.get(name)) for name in known})
        if there is not None and row["email_key"] in shared:
            fields = adapter.own_fields(there)
        found[row["address"]] = Payload(
            # An existing contact is named as the platform spells it, or it would be another one.
            email=row["email"] if there is None else there.email,
            fields=fields,
            fingerprint=hasher.fields(fields),
            proof=ConsentProof(
                row["purpose"], row["consented_at"].to_pydatetime(), row["consent_source"]
            ),
        )
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

"""Who should be in which segment: the consent gate, then the contact policy.

Data flow: Published + ReadBack + ledger -> gate -> `restrain` -> candidates with a decision and one
reason each. Hold-outs are written down before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

from activation.address import AddressHasher
from activation.blocks import blocks_for
from activation.consent import SENT, gate
from activation.contact_policy import ContactPolicy, Policy, drawn, restrain
from activation.lease import Lease
from activation.ledger import Ledger
from activation.published import Published
from activation.readback import ReadBack
from activation.segments import Segment


def decide(
    published: Published,
    delivered: Mapping[str, Mapping[str, str]],
    segments: Mapping[str, Segment],
    limits: ContactPolicy,
    platform: ReadBack,
    ledger: Ledger,
    as_of: date,
    left: Mapping[str, frozenset[str]],
    lease: Lease | None,
) -> pd.DataFrame:
    """Every candidate with `decision`, `reason`, `address` (hash) and `is_inside`.

    `left`: who left a segment by themselves since the last push (see ReadBack.left). Without a
    lease (a dry run) nothing is written down. Raises GateInputError when a table the gate needs is
    missing.
    """
    gated = gate(
        published.only(segments),
        published.contacts,
        published.consents,
        published.suppressions,
        published.holds,
        platform.frame(),
        blocks_for(
            ledger, platform.destination, published.contacts, left, channel=platform.channel
        ),
        platform.channel,
    )
    standing = _with_standing(gated, delivered, ledger.hasher)
    since = as_of - timedelta(days=limits.window_days - 1)
    history = ledger.history(platform.destination, since)
    policy = Policy(limits, segments, history, as_of, ledger.hasher.share)
    if lease is not None:
        ledger.remember_arms(lease, drawn(standing, policy), limits.holdout_share, as_of)
    return restrain(standing, policy)


def _with_standing(
    gated: pd.DataFrame, delivered: Mapping[str, Mapping[str, str]], hasher: AddressHasher
) -> pd.DataFrame:
    """Adds `address` (the hash) and `is_inside`: we put this person or address there already."""
    rows = gated.copy()
    is_sent = rows["decision"] == SENT
    rows["address"] = [
        hasher.address(key) if sent else ""
        for key, sent in zip(rows["email_key"], is_sent, strict=True)
    ]
    members = {segment: set(inside.values()) for segment, inside in delivered.items()}
    rows["is_inside"] = [
        address in delivered.get(segment, ()) or member in members.get(segment, ())
        for segment, address, member in zip(
            rows["segment_id"], rows["address"], rows["member_key"], strict=True
        )
    ]
    return rows

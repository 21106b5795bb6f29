"""What the ledger remembers about the addresses of a build, as the gate reads it.

Data flow: Ledger.blocks (keyed hashes) + addresses of the build -> frame for the consent gate.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from activation.channels import contact_key
from activation.ledger import Ledger
from activation.ledger_effects import LEFT
from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.platforms.protocol import Channel


def blocks_for(
    ledger: Ledger,
    destination: str,
    contacts: pd.DataFrame,
    left: Mapping[str, frozenset[str]],
    *,
    channel: Channel = "email",
    clock: Clock = SYSTEM_CLOCK,
) -> pd.DataFrame:
    """email_key, kind, reason, since: blocks in force, of the addresses in `contacts`.

    `left` (segment -> address hashes) are people who left by themselves since the last push: a
    real push has them in the ledger already, a dry run has not.
    """
    keys = {key for email in contacts["email_key"] if (key := contact_key(email, channel))}
    by_hash = {ledger.hasher.address(key): key for key in keys}
    newly = {address for addresses in left.values() for address in addresses}
    rows = [
        (by_hash[address], "compliance", LEFT, clock.now())
        for address in sorted(newly & set(by_hash))
    ]
    rows += [
        (by_hash[block.address], block.kind, block.reason, block.since)
        for block in ledger.blocks(destination)
        if block.address in by_hash and (block.address not in newly or block.kind != "compliance")
    ]
    return pd.DataFrame(rows, columns=["email_key", "kind", "reason", "since"])

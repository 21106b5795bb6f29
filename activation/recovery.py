"""After a crash or a lost answer: what did the platform do? Only reading it can tell.

Data flow: open ledger rows + ReadBack -> `resolve` (pure) -> settlements -> ledger.

An intent was never sent. A row that was sent is done if the platform shows its effect, and is
otherwise left to the next plan, which is made from what the platform holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from activation.lease import Lease
from activation.ledger import Ledger
from activation.ledger_effects import Settlement
from activation.ledger_view import LedgerRow
from activation.readback import ReadBack


def resolve(rows: Sequence[LedgerRow], platform: ReadBack) -> list[Settlement]:
    """The end of every open row, by what the platform holds."""
    return [_end(row, platform) for row in rows]


def recover(
    ledger: Ledger, lease: Lease, platform: ReadBack, *, only_done: bool = False
) -> dict[str, int]:
    """Close every open row (or those whose effect is there); how many ended in which state."""
    rows = ledger.open_rows(lease.destination)
    settlements = resolve(rows, platform)
    if only_done:
        settlements = [done for done in settlements if done.state == "acknowledged"]
    sent = [row for row in rows if row.state == "sent"]
    if sent:
        # On record first: this run does not know what became of them.
        ledger.mark_unknown(lease, sent)
    if settlements:
        ledger.settle(lease, settlements)
    return dict(Counter(settlement.state for settlement in settlements))


def as_if_recovered(
    ledger: Ledger, destination: str, platform: ReadBack
) -> dict[str, dict[str, str]]:
    """What would be delivered after `recover`, without writing: for dry runs."""
    delivered = {name: dict(rows) for name, rows in ledger.delivered(destination).items()}
    for done in resolve(ledger.open_rows(destination), platform):
        row = done.row.row
        if done.state == "acknowledged" and row.op == "add":
            delivered.setdefault(row.segment, {})[row.address] = row.member_key
        elif done.state == "acknowledged" and row.op == "remove":
            delivered.get(row.segment, {}).pop(row.address, None)
    if ledger.is_new(destination):
        for segment, members in strangers(delivered, platform).items():
            delivered.setdefault(segment, {}).update(members)
    return delivered


def strangers(
    delivered: Mapping[str, Mapping[str, str]], platform: ReadBack
) -> dict[str, dict[str, str]]:
    """Members of owned segments the ledger does not know, each with no member key.

    A ledger that never finished a run is new or was lost: then they are taken as ours, because the
    segment's name is; otherwise somebody else added them and they stay.
    """
    return {
        segment: {a: "" for a in members if a not in delivered.get(segment, {})}
        for segment, members in platform.held.items()
    }


def _end(row: LedgerRow, platform: ReadBack) -> Settlement:
    if row.state == "intent":
        return Settlement(row, "superseded", "not_sent")
    if _is_done(row, platform):
        return Settlement(row, "acknowledged", "read_from_platform")
    objection = platform.objection(row.row.address)
    if objection and row.row.op != "remove":
        return Settlement(row, "suppressed", f"platform_{objection}")
    return Settlement(row, "superseded", "not_applied")


def _is_done(row: LedgerRow, platform: ReadBack) -> bool:
    planned = row.row
    is_member = planned.address in platform.held.get(planned.segment, {})
    if planned.op == "add":
        return is_member
    if planned.op == "remove":
        return not is_member
    if planned.op == "create_contact":
        contact = platform.contact(planned.address)
        return contact is not None and contact.status == "subscribed"
    return platform.fingerprint(planned.address) == planned.fingerprint

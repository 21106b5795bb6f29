"""What passing time may change on the stateful platform: only what the simulation owns.

Data flow: record of yesterday, record of today, stored record -> record to write, or None.
"""

from __future__ import annotations

from dataclasses import replace

from connectors.testing.store import Record, RecordStore

GONE = frozenset({"unsubscribed", "cleaned", "archived"})


def merge_member(store: RecordStore, before: Record | None, after: Record) -> Record | None:
    """`after`, adapted to what a client has pushed in between; None: leave the platform alone.

    Only list members and segments can have been touched by a client. Changed fields of a member
    are laid over the stored one; whoever left the list keeps the status that says so.
    """
    if after.vendor != "mailchimp" or after.entity not in ("member", "segment", "segment_member"):
        return after
    stored = store.get(after.vendor, after.entity, after.id)
    if stored is None:
        is_forgotten = store.get(after.vendor, "forgotten", after.id) is not None
        return after if before is None and not is_forgotten else None
    if before is None:
        return None
    changes = {k: v for k, v in after.body.items() if before.body.get(k) != v}
    if stored.body.get("status") in GONE:
        changes = {k: v for k, v in changes.items() if k not in ("status", "unsubscribe_reason")}
    if not changes:
        return None
    updated = max(stored.updated, after.updated)
    return replace(stored, body=stored.body | changes, updated=updated)

"""The streams of a file drop: one per conformed entity, with the contract's columns.

Data flow: contracts.py -> StreamSpec (here) -> source.py -> landing -> raw `filedrop.*`.

A file is read once per content; a later file's row replaces an earlier one's with the same key.
Nothing is deleted because a file no longer has it: a drop is an addition, not a statement of all.
"""

from __future__ import annotations

from connectors.protocol import Column, Cursor, StreamSpec
from connectors.sources.filedrop.contracts import CONTRACTS, primary_key


def streams(timezone: str = "UTC") -> list[StreamSpec]:
    """One stream per entity; times without an offset are read in `timezone`."""
    return [
        StreamSpec(
            name=entity,
            primary_key=(primary_key(entity),),
            columns={name: Column(kind) for name, kind in contract.items()},
            cursor=Cursor("event_log"),
            timezone=timezone,
            description=f"Lines of dropped files mapped to {entity}.",
        )
        for entity, contract in CONTRACTS.items()
    ]


STREAMS = streams()

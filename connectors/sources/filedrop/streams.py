"""The streams of a file drop: one per conformed entity, with the contract's columns.

Data flow: contracts.py -> StreamSpec (here) -> source.py -> landing -> raw `<source>.*`.

A file is read once per content; a later file's row replaces an earlier one's with the same key.
Nothing is deleted because a file no longer has it: a drop is an addition, not a statement of all.
"""

from __future__ import annotations

from connectors.protocol import Cursor, StreamSpec
from connectors.sources.contracts import CONTRACTS, entity_spec


def streams(timezone: str = "UTC") -> list[StreamSpec]:
    """One stream per entity; times without an offset are read in `timezone`."""
    return [
        entity_spec(
            entity,
            Cursor("event_log"),
            timezone=timezone,
            description=f"Lines of dropped files mapped to {entity}.",
        )
        for entity in CONTRACTS
    ]


STREAMS = streams()

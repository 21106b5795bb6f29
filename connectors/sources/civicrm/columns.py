"""How the streams of a CiviCRM source write down their columns and their preferred cursor.

Data flow: names of CiviCRM fields -> Column declarations -> streams.py, components.py.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.protocol import Column, ColumnType, Cursor

# A preference: source.py asks each site once whether the entity has `modified_date`, and reads it
# in full where it has not. One day back covers the doubled hour of the site's local time and
# transactions that end late.
MODIFIED = Cursor("updated_since", "modified_date", timedelta(days=1))


def columns(**types: ColumnType) -> dict[str, Column]:
    """Columns named like their fields."""
    return {name: Column(kind) for name, kind in types.items()}


def named(*fields: tuple[str, ColumnType]) -> dict[str, Column]:
    """Columns for fields whose key has a dot or a colon in it: both become an underscore."""
    return {key.replace(".", "_").replace(":", "_"): Column(kind, path=key) for key, kind in fields}

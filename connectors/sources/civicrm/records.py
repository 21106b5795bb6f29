"""Rows as they are landed: under the declared keys, without what must stay on the site.

Data flow: rows of APIv4 -> shaped() -> Page -> landing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sources.civicrm.client import Row
from connectors.sources.civicrm.settings import CivicrmSettings

CASE_STATUS = "Change Case Status"


def shaped(stream: str, rows: Sequence[Row], settings: CivicrmSettings) -> list[Row]:
    """Rows with mapped fields renamed; contributions with what their money is for."""
    names = {site: path for path, site in settings.field_names.items()}
    renamed = [{names.get(key, key): value for key, value in row.items()} for row in rows]
    if stream == "contribution":
        for row in renamed:
            row["purpose"] = settings.purpose_of(row.get("financial_type_id:name"))
    return renamed


def with_targets(rows: Sequence[Row], subjects: Mapping[Any, Any]) -> list[Row]:
    """Activities with one target (the first; the others beside it) and only the given subjects."""
    for row in rows:
        targets = row.get("target_contact_id")
        if isinstance(targets, list):
            row["target_contact_id"] = targets[0] if targets else None
            if len(targets) > 1:
                row["other_target_contact_ids"] = targets[1:]
        row["subject"] = subjects.get(row["id"])
    return list(rows)

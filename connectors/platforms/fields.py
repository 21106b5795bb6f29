"""Which facts about a person may leave for a platform at all.

Data flow: a platform's settings (its field -> neutral field) -> refused or accepted.
"""

from __future__ import annotations

from collections.abc import Mapping

# In union mode membership itself is special-category data: only what a greeting needs leaves.
UNION_FIELDS: frozenset[str] = frozenset({"first_name"})


def refuse_in_union_mode(fields: Mapping[str, str]) -> None:
    """ValueError naming the fields that may not leave in union mode."""
    refused = sorted(set(fields.values()) - UNION_FIELDS)
    if refused:
        raise ValueError(
            f"fields {', '.join(refused)} may not leave in union mode; allowed: "
            f"{', '.join(sorted(UNION_FIELDS))}"
        )

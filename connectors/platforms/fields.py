"""Which facts about a person may leave for a platform at all.

Data flow: a platform's settings (its field -> neutral field) -> refused or accepted.
"""

from __future__ import annotations

from collections.abc import Mapping

# In union mode membership itself is special-category data: only what a greeting needs leaves.
UNION_FIELDS: frozenset[str] = frozenset({"first_name"})
# A letter or a call needs to reach the person as well.
_TO_REACH: Mapping[str, frozenset[str]] = {
    "email": frozenset(),
    "post": frozenset({"last_name", "street", "postal_code", "city"}),
    "phone": frozenset({"last_name", "phone"}),
}


def refuse_in_union_mode(fields: Mapping[str, str], channel: str = "email") -> None:
    """ValueError naming the fields that may not leave in union mode."""
    allowed = UNION_FIELDS | _TO_REACH[channel]
    refused = sorted(set(fields.values()) - allowed)
    if refused:
        raise ValueError(
            f"fields {', '.join(refused)} may not leave in union mode; allowed: "
            f"{', '.join(sorted(allowed))}"
        )

"""What every landed batch must look like once it is in raw.

Data flow: StreamSpec + tonight's new versions of its rows -> Suite -> `expectations.run`.
A broken key stops the night; an unknown value in a list is only reported, because a vendor may add
one any day and staging maps what it knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.protocol import StreamSpec
from expectations.gx import gxe
from expectations.run import Suite

# Vendor value lists, by kind and stream; see each connector's README for where they are documented.
VALUES: Mapping[tuple[str, str], Mapping[str, tuple[object, ...]]] = {
    ("civicrm", "contact"): {
        "contact_type": ("Individual", "Organization", "Household"),
        "Consent_email_membership": ("granted", "withdrawn"),
        "Consent_email_marketing": ("granted", "withdrawn"),
        "email_primary_on_hold": (0, 1, 2),
    },
    ("civicrm", "membership"): {
        "status_id_name": (
            "Pending",
            "New",
            "Current",
            "Grace",
            "Expired",
            "Cancelled",
            "Deceased",
            "Paused",
        )
    },
    ("civicrm", "case"): {"status_id_name": ("Open", "Resolved")},
    ("civicrm", "participant"): {"status_id_class": ("Positive", "Pending", "Waiting", "Negative")},
    ("civicrm", "contribution"): {
        "contribution_status_id_name": (
            "Completed",
            "Pending",
            "Cancelled",
            "Failed",
            "Refunded",
            "Partially paid",
            "Pending refund",
            "Chargeback",
            "Template",
            "Pending (Processing)",
        )
    },
    ("pretix", "order"): {"status": ("n", "p", "e", "c")},
    ("pretix", "checkin"): {"type": ("entry", "exit")},
    ("stripe", "invoice"): {"status": ("draft", "open", "paid", "void", "uncollectible")},
    ("stripe", "charge"): {"status": ("succeeded", "failed", "pending")},
    ("mailchimp", "member"): {
        "status": (
            "subscribed",
            "unsubscribed",
            "cleaned",
            "pending",
            "transactional",
            "archived",
        )
    },
}


def columns_needed(kind: str, spec: StreamSpec) -> list[str]:
    """The columns of the raw table the suite looks at, without repetition."""
    listed = [name for name in VALUES.get((kind, spec.name), {}) if name in spec.columns]
    return list(dict.fromkeys((*spec.primary_key, *listed, "_row_hash", "_known_from")))


def landed_suite(source: str, kind: str, spec: StreamSpec) -> Suite:
    """The suite for one stream of one source."""
    keys = list(spec.primary_key)
    wanted = columns_needed(kind, spec)
    found: list[Any] = [
        gxe.ExpectTableColumnsToMatchSet(
            column_set=wanted, exact_match=False, notes="every declared column is there"
        )
    ]
    for name in (*keys, "_row_hash", "_known_from"):
        found.append(gxe.ExpectColumnValuesToNotBeNull(column=name, notes="must never be empty"))
    if len(keys) == 1:
        found.append(gxe.ExpectColumnValuesToBeUnique(column=keys[0], notes="one row per key"))
    else:
        found.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=keys, notes="one row per key"))
    for name, values in VALUES.get((kind, spec.name), {}).items():
        if name in spec.columns:
            found.append(
                gxe.ExpectColumnValuesToBeInSet(
                    column=name,
                    value_set=list(values),
                    severity="warning",
                    notes="a value this version does not know",
                )
            )
    return Suite(f"landed.{source}.{spec.name}", found)

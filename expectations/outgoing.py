"""What leaves the house: candidates of segments and the contact data behind them.

Data flow: seg_candidates, sync_contacts, sync_consents of a build -> frames -> Suites.
The consent gate of activation/ decides about each person just before a push; these suites make sure
that what it decides on is sound. Anything wrong here keeps the whole build from being published.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from expectations.gx import gxe
from expectations.run import Suite

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
CONSENT = ("granted", "withdrawn", "suppressed")
REASONS = (
    "opt_in",
    "opt_out",
    "unsubscribed",
    "hard_bounce",
    "complaint",
    "do_not_email",
    "bounced",
)


def candidates_suite(segments: Collection[str]) -> Suite:
    """Frame: seg_candidates. Only known segments, one row per member and segment, a reason each."""
    return Suite(
        "outgoing.candidates",
        [
            *_never_empty("segment_id", "member_key", "purpose", "channel", "reason_json"),
            gxe.ExpectColumnValuesToBeInSet(
                column="segment_id", value_set=sorted(segments), notes="a configured segment"
            ),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["segment_id", "member_key"], notes="once per member and segment"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="purpose", value_set=["membership", "marketing"], notes="a known purpose"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="channel", value_set=["email", "post", "phone"], notes="a known channel"
            ),
        ],
    )


def contacts_suite() -> Suite:
    """Frame: sync_contacts. One row per member; an address is absent or plausible."""
    return Suite(
        "outgoing.contacts",
        [
            *_never_empty("member_key", "is_deceased", "is_erased", "is_email_shared"),
            gxe.ExpectColumnValuesToBeUnique(column="member_key", notes="one row per member"),
            gxe.ExpectColumnValuesToMatchRegex(
                column="email_key", regex=EMAIL, notes="a plausible address"
            ),
        ],
    )


def consents_suite() -> Suite:
    """Frame: sync_consents. One effective consent per member, channel and purpose."""
    return Suite(
        "outgoing.consents",
        [
            *_never_empty("member_key", "channel", "purpose", "status"),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["member_key", "channel", "purpose"], notes="one effective consent"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="status", value_set=list(CONSENT), notes="a known status"
            ),
        ],
    )


def deliverable_suite(segments: Collection[str]) -> Suite:
    """Frame of `deliverable`: who could be sent to by the warehouse's own knowledge.

    `contact_key`: the address by e-mail, the member by post and phone (without an `email_key`).
    """
    return Suite(
        "outgoing.deliverable",
        [
            *_never_empty("segment_id", "member_key", "contact_key"),
            gxe.ExpectColumnValuesToMatchRegex(
                column="email_key", regex=EMAIL, notes="a plausible address"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="consent_status", value_set=["granted"], notes="consent is granted"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="is_suppressed", value_set=[False], notes="nobody suppressed"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="segment_id", value_set=sorted(segments), notes="a configured segment"
            ),
        ],
    )


def suites(segments: Collection[str]) -> Mapping[str, Suite]:
    """Frame name -> suite."""
    return {
        "candidates": candidates_suite(segments),
        "contacts": contacts_suite(),
        "consents": consents_suite(),
        "deliverable": deliverable_suite(segments),
    }


def frames_of(
    candidates: pd.DataFrame, contacts: pd.DataFrame, consents: pd.DataFrame, sent: pd.DataFrame
) -> Mapping[str, pd.DataFrame]:
    """The frames under the names `suites` uses."""
    return {
        "candidates": candidates,
        "contacts": contacts,
        "consents": consents,
        "deliverable": sent,
    }


def _never_empty(*columns: str) -> list[Any]:
    return [
        gxe.ExpectColumnValuesToNotBeNull(column=name, notes="must never be empty")
        for name in columns
    ]

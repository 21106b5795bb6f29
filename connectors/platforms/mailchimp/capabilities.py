"""The capability sheet of Mailchimp (Marketing API 3.0): limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="mailchimp",
    chunk_size=500,
    max_connections=9,
    statuses={
        "subscribed": "subscribed",
        "unsubscribed": "unsubscribed",
        "cleaned": "cleaned",
        "pending": "pending",
        "transactional": "transactional",
        "archived": "archived",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    limits="10 connections at once",
    notes=(
        "Members of static segments are set in bulk; an address that is not in the audience is "
        "ignored there, so nobody is created or subscribed by it.",
        "An archived contact counts as new for status_if_new: it is read first and left alone.",
        "A permanently deleted contact reads as 404 and is refused when created again.",
        "There is no quota and no Retry-After; too many connections give 429 or 403 without JSON.",
    ),
)

# Titles of problem documents that mean "this person may not be written to", as reason codes.
COMPLIANCE_TITLES: Mapping[str, str] = {
    "Member In Compliance State": "compliance_state",
    "Forgotten Email Not Subscribed": "forgotten",
}

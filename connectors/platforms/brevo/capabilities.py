"""The capability sheet of Brevo (API v3): limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: developers.brevo.com/docs/api-limits and /reference (add-contact-to-list,
remove-contact-from-list, create-contact, update-contact); what is not verified says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http.rate_limit import QuotaHeaders
from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="brevo",
    chunk_size=150,
    max_connections=4,
    statuses={
        "allowed": "subscribed",
        "blocklisted": "unsubscribed",
        "left a list": "unsubscribed",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=True,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="10 requests/s and 36,000/h below /contacts (20/s, 60/s on larger plans)",
    notes=(
        "Brevo has one status, emailBlacklisted: it is read, never sent. It does not tell a "
        "bounce from an objection; both mean 'do not write'.",
        "Whoever left a list is not put back: the list is only added to after reading who left "
        "(whether Brevo would let them in again is not verified, so it is taken for granted).",
        "Addresses are kept in lower case and compared letter by letter when lists change: they "
        "are sent in lower case.",
        "Deleting a contact there may delete the objection with it (not verified): the ledger "
        "and the warehouse keep it.",
    ),
)

# Requests a second by plan, below /contacts; times 3600 it is the hourly limit as well.
PER_SECOND: Mapping[str, int] = {"general": 10, "advanced": 20, "extended": 60}

# On every answer (developers.brevo.com/docs/limit-headers); the reset is in seconds.
QUOTA = QuotaHeaders("x-sib-ratelimit-remaining", "x-sib-ratelimit-reset")

COMMANDS = ("{{", "}}", "{%", "%}", "{#", "#}")  # Brevo's template language

# Error codes that concern the account and not one row.
ACCOUNT_CODES = frozenset({"not_enough_credits", "account_under_validation", "permission_denied"})

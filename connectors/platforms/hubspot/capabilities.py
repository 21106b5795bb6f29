"""The capability sheet of HubSpot (CRM v3, lists v3): limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: developers.hubspot.com: usage guidelines (requests per 10 s and per day, search 5 a
second and 10,000 results), lists v3 memberships, communication-preferences v4 (batch reading of
statuses needs Marketing Hub Enterprise), contacts batch/read; legacydocs.hubspot.com
email/update_status (a status belongs to the address, not to the contact); HubSpot/hubspot-api-php
issue 59 (search lags behind writes). Not verified: how many records one membership call takes.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http.rate_limit import QuotaHeaders
from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="hubspot",
    chunk_size=500,
    max_connections=4,
    statuses={
        "not opted out": "subscribed",
        "opted out": "unsubscribed",
        "bounced": "cleaned",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=True,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="100 or 190 requests/10 s by plan, 250,000 to 1,000,000/day; search 5/s",
    notes=(
        "HubSpot ties an opt-out to the address, not to the contact: a contact that was deleted "
        "and made again is still opted out. New addresses are asked for before they are created.",
        "Subscription statuses are read, never written: writing SUBSCRIBED can undo an opt-out "
        "(the API itself has an answer for it, RESUBSCRIBE_OCCURRED).",
        "Search lags behind writes, so it only says what changed; who may be added is read "
        "directly just before adding.",
        "gdpr-delete of an address HubSpot does not know puts it on a blocklist: never called "
        "by a push.",
    ),
)

# On answers to private apps (developers.hubspot.com, usage guidelines). When the day begins anew is
# not told: it ends at midnight of the account's own time zone, so it is tried again in an hour.
QUOTA = QuotaHeaders("X-HubSpot-RateLimit-Daily-Remaining", window=3600)

# Requests a second by plan, a little below the limit per 10 s.
PER_SECOND: Mapping[str, float] = {"free": 9.5, "starter": 9.5, "professional": 18.5}

BATCH = 100  # contacts per batch/read and per page of contacts
MEMBER_PAGE = 250
SEARCH_PAGE = 200
SEARCH_MOST = 10_000  # results one search can page through

OPT_OUT_ALL = "hs_email_optout"
# Properties that say that e-mail does not arrive or is held back; any value but these is a yes.
UNDELIVERABLE = ("hs_email_hard_bounce_reason_enum", "hs_email_bad_address", "hs_email_quarantined")
NO_WORDS = frozenset({"", "false", "no", "0"})
COMMANDS = ("{{", "}}", "{%", "%}", "{#", "#}")  # HubL

"""The capability sheet of Klaviyo (revision 2026-07-15): limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: klaviyo/openapi (stable): add_profiles_to_list, remove_profiles_from_list, get_profiles,
create_profile, bulk_subscribe_profiles; developers.klaviyo.com: rate limits and error handling,
profiles API overview (active profiles include those that never opted in).
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http.rate_limit import QuotaHeaders
from connectors.platforms.protocol import PlatformCapabilities, PlatformStatus

REVISION = "2026-07-15"

CAPABILITIES = PlatformCapabilities(
    kind="klaviyo",
    chunk_size=1000,
    max_connections=4,
    statuses={
        "SUBSCRIBED": "subscribed",
        "NEVER_SUBSCRIBED": "subscribed",
        "UNSUBSCRIBED": "unsubscribed",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="profiles 75/s and 750/min; list members 10/s and 150/min; new lists 150/day",
    notes=(
        "The subscribe endpoint removes UNSUBSCRIBE, SPAM_REPORT and USER_SUPPRESSED suppressions: "
        "it is never called, not even for profiles just made (see the README).",
        "The unsubscribe endpoint unsubscribes from everything whoever is not on the list it "
        "names: leaving a segment never uses it.",
        "A profile that never subscribed may be written to by Klaviyo's own rules; here it counts "
        "as 'nobody objected', and the consent is proven by the warehouse.",
        "204 of a membership call says nothing about its rows: they are read back.",
        "Joining a list may start flows that are triggered by it.",
    ),
)

# The minute's window, told by answers; a 429 has Retry-After instead (developers.klaviyo.com, rate
# limits and error handling). It is told per kind of request, and kept for all of them.
QUOTA = QuotaHeaders("RateLimit-Remaining", "RateLimit-Reset")

# What a suppression means, by its reason; any other reason counts as an objection as well.
SUPPRESSIONS: Mapping[str, PlatformStatus] = {
    "HARD_BOUNCE": "cleaned",
    "INVALID_EMAIL": "cleaned",
    "SPAM_COMPLAINT": "unsubscribed",
    "UNSUBSCRIBE": "unsubscribed",
    "USER_SUPPRESSED": "unsubscribed",
}

PROFILE_PAGE, LIST_PAGE = 100, 10
LOOKUP = 50  # addresses in one filter: they travel in the address line, which must stay short
COMMANDS = ("{{", "}}", "{%", "%}", "{#", "#}")  # Django's template language

"""The capability sheet of ActiveCampaign (API v3): limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: developers.activecampaign.com: rate-limits (5 requests a second for the whole account),
pagination (100 a page, id_greater), update-list-status-for-contact (resubscribing), lists (every
campaign goes to at least one list); help.activecampaign.com, "Contact was previously unsubscribed"
(unsubscriptions are kept by address). There is no call that tags many contacts and nothing else.
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="activecampaign",
    chunk_size=100,
    max_connections=2,
    statuses={
        "no list": "subscribed",
        "0": "pending",
        "1": "subscribed",
        "2": "unsubscribed",
        "3": "cleaned",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="5 requests/s for the whole account; 100 contacts a page",
    notes=(
        "A segment is a tag, never a list: contactLists with status 1 subscribes again whoever "
        "unsubscribed. No request of ours changes a list status.",
        "A new contact is on no list, and campaigns go to lists: an automation of the "
        "organisation puts tagged contacts on one (see the README).",
        "Tags are put on and taken off one contact at a time, a look at 100 of them before: about "
        "5 rows a second, shared with everything else that uses the account.",
        "contact/sync and bulk_import create whoever is not there: never called.",
        "Putting a tag on may start automations that are triggered by it.",
    ),
)

PAGE = 100
COMMANDS = ("%",)  # personalisation tags are written %FIRSTNAME%

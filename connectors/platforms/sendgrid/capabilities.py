"""The capability sheet of SendGrid Marketing Campaigns (API v3): limits, words, traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: twilio/sendgrid-oai, spec/yaml/tsg_mc_contacts_v3.yaml (upserts, jobs, exports, search by
at most 100 addresses), tsg_mc_lists_v3.yaml (removing from a list), tsg_suppressions_v3.yaml;
twilio.com/docs/sendgrid, rate-limits (headers; no numbers are published).
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="sendgrid",
    chunk_size=100,
    max_connections=8,
    # The list an address is on, of those SendGrid does not write to.
    statuses={
        "none": "subscribed",
        "unsubscribes": "unsubscribed",
        "group": "unsubscribed",
        "spam_reports": "unsubscribed",
        "bounces": "cleaned",
        "invalid_emails": "cleaned",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=True,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="told by X-RateLimit headers, unpublished; search 100 addresses, pages of 500",
    notes=(
        "Objections are lists of addresses beside the contacts: an address may object and be no "
        "contact. They are read again before every write; no request of ours deletes from them.",
        "The only way onto a list is an upsert, which makes whoever was deleted meanwhile: who "
        "came to be so is deleted again, and the row counts as not on the list.",
        "An upsert must name all identifiers a contact has: they are looked up just before.",
        "202 says that a job waits. A row is acknowledged when reading shows the change; a job "
        "that takes too long leaves its rows unknown, and the next push reads first.",
        "All contacts are read by an export job: pages of contacts are no longer offered.",
        "New contacts are made one by one, each with a job of its own: a first push is slow.",
        "Joining a list may start automations that are triggered by it.",
    ),
)

COMMANDS = ("{{", "}}")  # handlebars
LONGEST = 50  # characters of first_name and last_name

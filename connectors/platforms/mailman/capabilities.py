"""The capability sheet of Mailman 3: limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: GNU Mailman 3.3.10, mailman/rest (members.py, lists.py, bans.py, addresses.py),
mailman/interfaces/member.py (DeliveryStatus); asked of a running server by tests/real/.
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="mailman",
    chunk_size=100,
    max_connections=2,
    statuses={
        "enabled": "subscribed",
        "by_user": "unsubscribed",
        "by_moderator": "unsubscribed",
        "by_bounces": "cleaned",
        "banned": "unsubscribed",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=False,
    has_request_quota=False,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    leaving_leaves_no_trace=True,
    limits="none of its own; members are added one by one, removed in bulk",
    notes=(
        "A segment is a mailing list, so joining one is a subscription: people are added only with "
        "proof of consent, and nobody who went by themselves is ever added again.",
        "Mailman forgets who left. Whoever was delivered and is no member any more, without our "
        "having removed them, has left: the ledger remembers it for the whole installation.",
        "Members whose delivery is off (by themselves, by bounces, by a moderator) are not taken "
        "off a list: that would delete the fact. They do not count as members any more.",
        "Subscribing an address Mailman does not know creates it, even when it is banned: every "
        "address is looked up first.",
        "Addresses with a slash can not be named in Mailman's paths and are refused.",
        "Lists are made unadvertised, with private archives off and without welcome or goodbye "
        "messages: Mailman would write to everybody who leaves a segment.",
    ),
)

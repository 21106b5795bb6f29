"""The capability sheet of listmonk: limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: knadh/listmonk, queries/subscribers.sql and cmd/subscribers.go; listmonk.app/docs/apis.
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="listmonk",
    chunk_size=100,
    max_connections=4,
    statuses={
        "enabled": "subscribed",
        "disabled": "unsubscribed",
        "blocklisted": "unsubscribed",
        "left a list": "unsubscribed",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    limits="none of its own",
    notes=(
        "People are added to a list without a status: with one, listmonk would set it for those "
        "who have unsubscribed as well.",
        "Who has unsubscribed from a list is not taken off it: that would delete the fact. They "
        "do not count as members any more.",
        "Fields are changed with PATCH: PUT without lists would take a person off all of them.",
        "The API user needs the permission subscribers:sql_query: reading asks with expressions.",
    ),
)

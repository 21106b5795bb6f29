"""The capability sheet of Mautic: limits, words and traps as data.

Data flow: vendor facts -> CAPABILITIES -> chunking, connections and status handling in apply.
Sources: mautic/mautic, app/bundles/LeadBundle/Controller/Api/LeadApiController.php (doNotContact,
duplicates), ListApiController.php (adding, removing), Model/ListModel.php (what a removal keeps),
Entity/DoNotContact.php (reasons), ApiBundle/Controller/FetchCommonApiController.php (filters,
total, batches of 200); mautic/developer-documentation-new, docs/rest_api (contacts, segments).
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="mautic",
    chunk_size=200,
    max_connections=4,
    # The reasons of a "do not contact" entry of the channel email.
    statuses={
        "none": "subscribed",
        "1": "unsubscribed",
        "2": "cleaned",
        "3": "unsubscribed",
    },
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    promise="effectively_once",
    can_remove=True,
    can_read_back=True,
    leaving_leaves_no_trace=True,
    limits="none by default (the installation may set one); batches of 200",
    notes=(
        "doNotContact is only ever read: with reason 0 an edit would take an objection away, as "
        "the request dnc/email/remove does. Neither is ever sent.",
        "Creating an address that is there changes that contact instead: the answer's own "
        "doNotContact decides whether the person may be written to.",
        "Several contacts may have one address. If one of them objects, all of them do.",
        "Taking somebody out of a segment deletes the entry, by whoever it is done: who left by "
        "themselves is known to the ledger alone.",
        "Deleting a contact deletes its objection as well: the ledger keeps what it has seen.",
        "Segments are made without filters and hidden in preference centres; members go in by 200, "
        "out one by one.",
        "Joining a segment may start campaigns whose source it is.",
    ),
)

COMMANDS = ("{", "}")  # tokens are written {contactfield=firstname}
LONGEST = 64  # characters: the default length of a new text field (Entity/LeadField.php)
LOOK = 50  # addresses per request when looking: they are part of the address line

"""The capability sheet of files: what a folder can promise, as data.

Data flow: CAPABILITIES (with the configured channel) -> the gate, chunking, apply.
Sources: OWASP, "CSV Injection" (the characters a formula may begin with).
"""

from __future__ import annotations

from connectors.platforms.protocol import PlatformCapabilities

CAPABILITIES = PlatformCapabilities(
    kind="file",
    chunk_size=1_000_000,
    max_connections=1,
    statuses={"in a file": "subscribed"},
    has_segment_ownership_by_name=True,
    bulk_membership_is_consent_neutral=True,
    has_request_quota=False,
    promise="at_least_once",
    can_remove=True,
    can_read_back=True,
    channel="post",
    transport="files",
    limits="1,048,575 people per XLSX file",
    notes=(
        "One file per segment and day, always with all who are in the segment; no file is written "
        "when nobody came, went or changed.",
        "A file appears whole: it is written beside and renamed (S3 objects appear whole anyway). "
        "Its manifest follows: take a file when its hash is the one the manifest names.",
        "What the house has fetched can not be taken back: tell it to use the newest file only.",
        "A folder keeps no objections: those that reach the house must be recorded in a source.",
        "Cells that would begin a formula get an apostrophe before them, phone numbers too.",
    ),
)

"""Addresses: one key per address, a keyed hash for storing, a mask for showing.

Data flow: address -> `address_key` (matching) -> `AddressHasher` (ledger, plan) | `mask` (people).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from connectors.landing.email_addresses import email_key


def address_key(address: str | None) -> str | None:
    """The form all spellings of one address share, as landing computes it; None if it is none.

    Look-alikes (a Cyrillic letter, say) stay different: they may be somebody else.
    """
    return email_key(address) if isinstance(address, str) else None


def mask(address: str | None) -> str:
    """`a***@e***.org`: enough to recognise one's own test address, not to contact anybody."""
    local, _, domain = (address or "").rpartition("@")
    if not local or not domain:
        return "(no address)"
    host, _, ending = domain.rpartition(".")
    return f"{local[:1]}***@{host[:1] or domain[:1]}***" + (f".{ending}" if host else "")


class AddressHasher:
    """HMAC-SHA256 with a secret key: equal addresses match, nobody can look one up."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the ledger key must have at least 32 bytes")
        self._key = key

    def address(self, key: str) -> str:
        """The hash of an address key (see `address_key`), 32 hex digits."""
        return self._mac(b"address\0" + key.encode("utf-8", "surrogatepass"))

    def fields(self, fields: Mapping[str, str]) -> str:
        """The fingerprint of a contact's fields; independent of their order."""
        text = json.dumps(dict(fields), sort_keys=True, ensure_ascii=True)
        return self._mac(b"fields\0" + text.encode())

    def share(self, segment: str, member_key: str) -> float:
        """A number in [0, 1) for a person and a segment: even over people, the same for ever."""
        drawn = self._mac(b"share\0" + f"{segment}\0{member_key}".encode())
        return int(drawn[:12], 16) / 16**12

    def _mac(self, message: bytes) -> str:
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:32]


def read_or_create_key(path: Path) -> bytes:
    """The secret of the ledger's hashes, made at first use, readable by its owner only.

    Losing it makes the ledger's addresses unreadable for ever: the next push then reads the
    platform back as if the ledger were new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_bytes(32)
        file.write(key.hex())
        file.flush()
        os.fsync(file.fileno())
    return key

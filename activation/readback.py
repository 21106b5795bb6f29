"""What the platform holds now: statuses, fields, and the members of owned segments.

Data flow: PlatformAdapter -> ReadBack (in memory, with addresses) -> gate, plan, apply, recovery.

Statuses are read in full once and then only what changed since; the mark is the platform's own
newest change, never beyond our clock, so that neither clock can hide an unsubscription.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pandas as pd

from activation.address import AddressHasher
from activation.channels import contact_key
from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.platforms.protocol import Channel, PlatformAdapter, PlatformContact, SegmentRef

_OVERLAP = timedelta(minutes=10)


class ReadBack:
    """The platform's contacts and owned segments as last read. Times are UTC."""

    def __init__(
        self, adapter: PlatformAdapter, hasher: AddressHasher, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._adapter, self._hasher, self._clock = adapter, hasher, clock
        self._by_id: dict[str, PlatformContact] = {}
        self._by_address: dict[str, list[str]] = {}
        self._read_at: datetime | None = None
        self.segments: dict[str, SegmentRef] = {}
        self.held: dict[str, dict[str, str]] = {}  # segment -> address hash -> e-mail there
        self.retired: tuple[str, ...] = ()  # owned segments that are no longer configured

    @property
    def destination(self) -> str:
        return self._adapter.destination

    @property
    def channel(self) -> Channel:
        return self._adapter.capabilities.channel

    def read(self, segments: Sequence[str]) -> None:
        """Read everything; raises what the adapter raises (then nothing may be pushed)."""
        found = self._adapter.find_segments(segments)
        self.segments = {name: ref for name, ref in found.items() if name in segments}
        self.retired = tuple(sorted(set(found) - set(segments)))
        self.read_members(segments)
        self._take(self._adapter.read_statuses())

    def read_members(self, segments: Sequence[str]) -> None:
        """Read the members of those segments that exist."""
        for segment in segments:
            members = (
                self._adapter.read_segment(self.segments[segment])
                if segment in self.segments
                else []
            )
            self.held[segment] = {
                address: contact.email
                for contact in members
                if (address := self.hash(contact.email)) is not None
            }

    def refresh(self) -> None:
        """Read the statuses that changed since the last reading."""
        times = [c.changed_at for c in self._by_id.values() if c.changed_at is not None]
        since = min(max(times), self._clock.now()) - _OVERLAP if times else None
        self._take(self._adapter.read_statuses(since))

    def age(self) -> timedelta | None:
        """How old the statuses are; None when they were never read."""
        return None if self._read_at is None else self._clock.now() - self._read_at

    def hash(self, email: str) -> str | None:
        """The keyed hash of an address, None for text that is no address."""
        key = self.key(email)
        return None if key is None else self._hasher.address(key)

    def key(self, email: str) -> str | None:
        """The key of a contact there: of its address, or the member key it is named by."""
        return contact_key(email, self.channel)

    def contact(self, address: str) -> PlatformContact | None:
        """The contact with that address hash; of several spellings the strictest."""
        found = [self._by_id[key] for key in self._by_address.get(address, ())]
        found.sort(key=lambda contact: (contact.status == "subscribed", contact.contact_id))
        return found[0] if found else None

    def objection(self, address: str) -> str:
        """Why the platform objects to writing to this address; "" if it does not (or is new)."""
        contact = self.contact(address)
        return "" if contact is None or contact.status == "subscribed" else contact.status

    def fingerprint(self, address: str) -> str:
        """The fingerprint of the fields the contact has there; "" when it does not exist."""
        contact = self.contact(address)
        if contact is None:
            return ""
        return self._hasher.fields(self._adapter.own_fields(contact))

    def addresses(self) -> Mapping[str, str]:
        """Address hash -> fingerprint of every contact there."""
        return {address: self.fingerprint(address) for address in self._by_address}

    def frame(self) -> pd.DataFrame:
        """Statuses for the gate: email_key, status, changed_at."""
        rows = [(self.key(c.email), c.status, c.changed_at) for c in self._by_id.values()]
        return pd.DataFrame(rows, columns=["email_key", "status", "changed_at"])

    def keys(self) -> dict[str, str]:
        """Address hash -> address key, for every contact there."""
        found = {}
        for contact in self._by_id.values():
            key = self.key(contact.email)
            if key is not None:
                found[self._hasher.address(key)] = key
        return found

    def surely_gone(self, addresses: Collection[str]) -> list[str]:
        """Those no longer there, without archived contacts: the platform hides the memberships of
        these and would show them again, as somebody else's, when the person comes back.
        """
        return [address for address in addresses if self.objection(address) != "archived"]

    @property
    def forgets_leavers(self) -> bool:
        """True when only the ledger can tell who left a segment by themselves."""
        return self._adapter.capabilities.leaving_leaves_no_trace

    def left(self, delivered: Mapping[str, Mapping[str, str]]) -> dict[str, frozenset[str]]:
        """segment -> delivered addresses that are no members any more without our doing: they left.

        Only for a platform that keeps no trace of it. A segment that is gone as a whole tells
        nothing of its members. `delivered` must not hold what we removed (recover first).
        """
        if not self.forgets_leavers:
            return {}
        found = {
            segment: frozenset(delivered.get(segment, {})) - frozenset(members)
            for segment, members in self.held.items()
            if segment in self.segments
        }
        return {segment: addresses for segment, addresses in found.items() if addresses}

    def _take(self, contacts: Sequence[PlatformContact]) -> None:
        self._read_at = self._clock.now().astimezone(UTC)
        for contact in contacts:
            address = self.hash(contact.email)
            if address is None:
                continue
            if contact.contact_id not in self._by_address.get(address, []):
                self._by_address.setdefault(address, []).append(contact.contact_id)
            self._by_id[contact.contact_id] = contact

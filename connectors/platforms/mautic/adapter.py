"""Mautic as a platform: owned segments, new contacts by consent, neutral updates.

Data flow: activation/apply -> MauticAdapter -> contacts, segments -> RowOutcome.

What is sent is an address with allowed fields, or ids to put into or take out of an owned segment.
doNotContact is only ever read, and nothing but PATCH edits a contact: PUT would create one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.mautic.api import MauticApi
from connectors.platforms.mautic.capabilities import CAPABILITIES, COMMANDS, LONGEST, LOOK
from connectors.platforms.mautic.contacts import as_contact, by_address, strictest
from connectors.platforms.mautic.settings import MauticPlatformSettings
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    RowOutcome,
    SegmentRef,
)
from connectors.platforms.rows import (
    NOT_ON_LIST,
    SEGMENT_GONE,
    UNSAID,
    RefusalError,
    addresses,
    by_status,
    each,
    failed,
    harmless,
    joined,
)
from connectors.protocol import CheckItem

Found = dict[str, list[PlatformContact]]  # by lower-case address


class MauticAdapter:
    """One installation. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: MauticPlatformSettings, api: MauticApi) -> None:
        self.name = name
        self.destination = f"mautic:{settings.account}"
        self._settings, self._api = settings, api

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            self._look(["nobody@example.org"])
            fields = self._api.ask("contacts/list/fields").values()
            segments = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        there = {str(f.get("alias")): f for f in fields if isinstance(f, Mapping)}
        # Mautic ignores unknown fields without a word, and merges contacts by unique ones.
        wrong = sorted(
            name
            for name in self._settings.attributes
            if name not in there or there[name].get("isUniqueIdentifer")
        )
        said = f"make {', '.join(wrong)} a field that is not unique, or leave it out of `fields`"
        owned = f"{len(segments)} owned segments (prefix '{self._settings.prefix}')"
        return [
            CheckItem(account, True, "contacts and their objections can be read"),
            CheckItem(f"{self.name} fields", not wrong, said if wrong else "all there"),
            CheckItem(f"{self.name} segments", True, owned),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {name: harmless(values.get(n), COMMANDS, LONGEST) for name, n in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        # Always all of them: an objection does not make a contact look modified.
        contacts = _people(as_contact(item) for item in self._api.contacts())
        if since is None:
            return contacts
        mark = since.astimezone(UTC)
        return [c for c in contacts if c.changed_at is None or c.changed_at > mark]

    def read_contact(self, email: str) -> PlatformContact | None:
        found = self._look([email.lower()]).get(email.lower())
        return strictest(found) if found else None

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._segment_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        # The oldest wins where a name exists twice (an answer was lost while creating it).
        for item in self._api.segments():
            name = str(item.get("name") or "")
            if name.startswith(self._settings.prefix):
                key = by_name.get(name, name)
                found.setdefault(key, SegmentRef(key, str(item["id"]), name))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._segment_name(segment)
        body = {
            "name": name,
            "description": "",
            "isPublished": True,
            "isGlobal": True,  # otherwise only the API user could use it
            "isPreferenceCenter": False,
            "filters": [],
        }
        try:
            made = self._api.ask("segments/new", method="POST", body=body, repeat=False)
            return SegmentRef(segment, str(made["list"]["id"]), name)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        alias = self._api.ask(f"segments/{ref.platform_id}")["list"]["alias"]
        items = self._api.contacts(search=f"segment:{alias}")
        return _people(as_contact(item) for item in items)

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        filled = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                body = {**filled, "email": email.lower()}
                made = self._api.ask("contacts/new", method="POST", body=body)
                # Whoever was made meanwhile was changed instead: only the answer tells whether
                # they object.
                known = as_contact(made.get("contact") or {})
        except JourneyConnectorError as error:
            return failed(email, error)
        return by_status(email, known)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        address = update.email.lower()
        # No address is sent: it would merge contacts. Blanks count only when asked to.
        body = {**update.fields, "overwriteWithBlank": True}
        is_done = False
        try:
            for contact in self._look([address]).get(address, []):
                try:
                    path = f"contacts/{contact.contact_id}/edit"
                    self._api.ask(path, method="PATCH", body=body)
                    is_done = True
                except RefusalError as refusal:
                    if refusal.status != 404:
                        raise
        except JourneyConnectorError as error:
            return failed(update.email, error)
        if not is_done:
            return RowOutcome(update.email, "failed", NOT_ON_LIST)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            there = self._look(asked)
            people = {a: strictest(there[a]) if a in there else None for a in asked}
            found = {a: joined(a, person) for a, person in people.items()}
            ids = {a: p.contact_id for a, p in people.items() if p is not None and found[a] is None}
            if ids:
                body = {"ids": [int(id) for id in ids.values()]}
                path = f"segments/{ref.platform_id}/contacts/add"
                details = self._api.ask(path, method="POST", body=body).get("details")
                said = details if isinstance(details, Mapping) else {}
                found.update({a: _added(a, said.get(id)) for a, id in ids.items()})
        except RefusalError as refusal:
            # Not the fault of a row: Mautic refuses single contacts in `details`.
            reason = SEGMENT_GONE if refusal.status == 404 else "refused"
            return [RowOutcome(email, "failed", reason) for email in emails]
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        return each(emails, found)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            there = self._look(asked)
        except RefusalError:
            return [RowOutcome(email, "failed", "not_readable") for email in emails]
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]

        def one(address: str) -> RowOutcome:
            try:
                for contact in there.get(address, []):
                    self._remove(ref, contact)
            except JourneyConnectorError as error:
                return failed(address, error)
            return RowOutcome(address, "acknowledged")

        with ThreadPoolExecutor(CAPABILITIES.max_connections) as pool:
            return each(emails, dict(zip(asked, pool.map(one, asked), strict=True)))

    def close(self) -> None:
        self._api.close()

    def _remove(self, ref: SegmentRef, contact: PlatformContact) -> None:
        path = f"segments/{ref.platform_id}/contact/{contact.contact_id}/remove"
        try:
            self._api.ask(path, method="POST")
        except RefusalError as refusal:
            if refusal.status != 404:  # the contact or the segment is gone meanwhile
                raise

    def _look(self, addresses: Sequence[str]) -> Found:
        """All contacts with these addresses, read directly and now."""
        # The values of `in` are separated by commas.
        alone = [address for address in addresses if "," in address]
        plain = [address for address in addresses if "," not in address]
        conditions = [("email", "eq", address) for address in alone]
        for start in range(0, len(plain), LOOK):
            conditions.append(("email", "in", ",".join(plain[start : start + LOOK])))
        items = [item for one in conditions for item in self._api.contacts([one])]
        # The database may take similar letters for the same; the addresses themselves decide.
        return by_address(as_contact(item) for item in items)

    def _segment_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"


def _people(contacts: Iterable[PlatformContact]) -> list[PlatformContact]:
    """One per address."""
    return [strictest(same) for same in by_address(contacts).values()]


def _added(address: str, said: object) -> RowOutcome:
    """What the answer says of one contact; `success` of the whole answer is always 1."""
    if not isinstance(said, Mapping):
        return RowOutcome(address, "unknown", UNSAID)
    if said.get("success") is True:
        return RowOutcome(address, "acknowledged")
    # Gone, or of somebody else where the role may not edit those: looked at again next time.
    return RowOutcome(address, "failed", NOT_ON_LIST)

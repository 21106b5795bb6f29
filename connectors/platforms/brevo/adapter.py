"""Brevo as a platform: owned lists in an owned folder, new contacts by consent, neutral updates.

Data flow: activation/apply -> BrevoAdapter -> /contacts, /contacts/lists -> RowOutcome.

What is sent is an address with attributes, or addresses to add to or remove from an owned list. The
words emailBlacklisted, updateEnabled, listIds and all are never sent, so that no request can allow
what somebody has objected to; and nobody is put back on a list they have left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.brevo.api import BrevoApi
from connectors.platforms.brevo.capabilities import CAPABILITIES, COMMANDS
from connectors.platforms.brevo.contacts import as_contact, stamp
from connectors.platforms.brevo.settings import BrevoPlatformSettings
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    Outcome,
    PlatformCapabilities,
    PlatformContact,
    RowOutcome,
    SegmentRef,
)
from connectors.platforms.rows import (
    NOT_ON_LIST,
    SEGMENT_GONE,
    UNSAID,
    KnownContacts,
    RefusalError,
    addresses,
    by_status,
    each,
    failed,
    harmless,
    joined,
)
from connectors.protocol import CheckItem

_LIST_PAGE, _CONTACT_PAGE, _MEMBER_PAGE = 50, 1000, 500
_REFUSED = "refused"


class BrevoAdapter:
    """One account. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: BrevoPlatformSettings, api: BrevoApi) -> None:
        self.name = name
        self.destination = f"brevo:{settings.account}"
        self._settings, self._api = settings, api
        self._known = KnownContacts()
        self._owned: frozenset[int] | None = None

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            answer = self._api.ask("", params={"limit": 1})
            there = {str(a.get("name")) for a in self._api.ask("attributes").get("attributes", [])}
            lists = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        missing = sorted(set(self._settings.attributes) - there)
        where = f"folder '{self._settings.folder}', prefix '{self._settings.prefix}'"
        return [
            CheckItem(account, True, f"{answer.get('count', '?')} contacts"),
            CheckItem(
                f"{self.name} attributes",
                not missing,
                # Brevo would ignore them without a word.
                f"create {', '.join(missing)} in Brevo, or leave them out of `fields`"
                if missing
                else "all there",
            ),
            CheckItem(f"{self.name} lists", True, f"{len(lists)} owned lists ({where})"),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {attribute: harmless(values.get(name), COMMANDS) for attribute, name in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        asked = {} if since is None else {"modifiedSince": stamp(since)}
        self._owned = None
        heeded = self._heeded()
        items = self._api.read_all("", "contacts", asked, most=_CONTACT_PAGE)
        contacts = [as_contact(item, heeded) for item in items]
        if since is None or (self._known.since is not None and since <= self._known.since):
            self._known.take(contacts, SYSTEM_CLOCK.now())
        return contacts

    def read_contact(self, email: str) -> PlatformContact | None:
        try:
            return as_contact(self._api.contact(email.lower()), self._heeded())
        except RefusalError as refusal:
            if refusal.status == 404 and refusal.code == "document_not_found":
                return None
            raise

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        # The oldest wins where a name exists twice (an answer was lost while creating it).
        for item in sorted(self._owned_lists(), key=lambda item: int(item["id"])):
            name = str(item["name"])
            key, count = by_name.get(name, name), item.get("uniqueSubscribers")
            found.setdefault(key, SegmentRef(key, str(item["id"]), name, count))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._list_name(segment)
        try:
            body = {"name": name, "folderId": self._ensure_folder()}
            made = self._api.ask("lists", method="POST", body=body, repeat=False)
            self._owned = None
            return SegmentRef(segment, str(made["id"]), name, 0)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        path = f"lists/{ref.platform_id}/contacts"
        heeded = self._heeded()
        items = self._api.read_all(path, "contacts", {}, most=_MEMBER_PAGE)
        return [as_contact(item, heeded) for item in items]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        attributes = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                try:
                    body = {"email": email.lower(), "attributes": attributes}
                    self._api.ask("", method="POST", body=body)
                    return RowOutcome(email, "acknowledged", status="subscribed")
                except RefusalError:
                    # Somebody else made it meanwhile, or we did and the answer was lost.
                    known = self.read_contact(email)
                    if known is None:
                        raise
        except JourneyConnectorError as error:
            return failed(email, error)
        return by_status(email, known)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        body = {"attributes": dict(update.fields)}
        try:
            self._api.contact(update.email.lower(), method="PUT", body=body)
        except RefusalError as refusal:
            if refusal.status == 404:
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            return failed(update.email, refusal)
        except JourneyConnectorError as error:
            return failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            if self._known.since is not None:
                self.read_statuses(self._known.since)
            found = {address: self._may_join(address) for address in asked}
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        allowed = [address for address, refusal in found.items() if refusal is None]
        found.update(self._change(ref, "add", allowed))
        return each(emails, found)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return each(emails, self._change(ref, "remove", addresses(emails, CAPABILITIES.chunk_size)))

    def close(self) -> None:
        self._api.close()

    def _may_join(self, address: str) -> RowOutcome | None:
        """Why an address may not be put on a list; None when it may."""
        return joined(address, self._known.get(address) or self.read_contact(address))

    def _change(self, ref: SegmentRef, what: str, addresses: list[str]) -> dict[str, RowOutcome]:
        """Change a list and find out what became of every address."""
        if not addresses:
            return {}
        found = self._call(ref, what, addresses)
        unclear = [a for a in addresses if found[a].reason in (UNSAID, _REFUSED)]
        if not unclear:
            return found
        try:
            there = {contact.email.lower() for contact in self.read_segment(ref)}
        except JourneyConnectorError:
            return found  # they stay unknown; the next push reads the platform first
        wrong = [a for a in unclear if (a in there) != (what == "add")]
        refused = [a for a in wrong if found[a].reason == _REFUSED]
        found.update((a, RowOutcome(a, "acknowledged")) for a in unclear)
        if len(refused) > 1:
            # One address Brevo dislikes must not fail, let alone quarantine, the others.
            middle = len(refused) // 2
            found.update(self._change(ref, what, refused[:middle]))
            found.update(self._change(ref, what, refused[middle:]))
            return found
        reason = NOT_ON_LIST if what == "add" else "not_removed"
        for address in wrong:
            is_refused = address in refused
            found[address] = RowOutcome(
                address, "failed", _REFUSED if is_refused else reason, permanent=is_refused
            )
        return found

    def _call(self, ref: SegmentRef, what: str, addresses: list[str]) -> dict[str, RowOutcome]:
        """One bulk call; what its answer leaves open is unknown, as `UNSAID` or `_REFUSED`.

        A 400 says that nobody was changed, for instance because all were on the list already.
        """
        path = f"lists/{ref.platform_id}/contacts/{what}"
        try:
            answer = self._api.ask(path, method="POST", body={"emails": addresses})
        except RefusalError as refusal:
            if refusal.status != 404:
                return {a: RowOutcome(a, "unknown", _REFUSED) for a in addresses}
            # The list is gone, and with it its members.
            end: Outcome = "acknowledged" if what == "remove" else "failed"
            return {a: RowOutcome(a, end, SEGMENT_GONE) for a in addresses}
        except JourneyConnectorError as error:
            return {a: failed(a, error) for a in addresses}
        changed = answer.get("contacts") if isinstance(answer, Mapping) else None
        named = changed.get("success") if isinstance(changed, Mapping) else None
        done = {str(one).lower() for one in named or []}
        return {
            a: RowOutcome(a, "acknowledged") if a in done else RowOutcome(a, "unknown", UNSAID)
            for a in addresses
        }

    # --- owned lists ------------------------------------------------------------------------

    def _folders(self) -> list[int]:
        """Ids of the folders with our name, the oldest first."""
        items = self._api.read_all("folders", "folders", {}, most=_LIST_PAGE)
        return sorted(int(i["id"]) for i in items if i.get("name") == self._settings.folder)

    def _ensure_folder(self) -> int:
        known = self._folders()
        if known:
            return known[0]
        body = {"name": self._settings.folder}
        return int(self._api.ask("folders", method="POST", body=body, repeat=False)["id"])

    def _owned_lists(self) -> list[dict[str, Any]]:
        """Lists in our folder whose name begins as ours do."""
        found = [
            item
            for folder in self._folders()
            for item in self._api.read_all(f"folders/{folder}/lists", "lists", {}, most=_LIST_PAGE)
            if str(item.get("name") or "").startswith(self._settings.prefix)
        ]
        self._owned = frozenset(int(item["id"]) for item in found)
        return found

    def _heeded(self) -> frozenset[int] | None:
        """Ids of the lists whose leaving counts as an objection; None: all lists."""
        if self._settings.heed_left_lists == "any":
            return None
        if self._owned is None:
            self._owned_lists()
        return self._owned

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"

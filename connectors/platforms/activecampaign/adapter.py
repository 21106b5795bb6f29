"""ActiveCampaign as a platform: owned tags, new contacts by consent, neutral updates.

Data flow: activation/apply -> ActiveCampaignAdapter -> contacts, tags, contactTags -> RowOutcome.

What is sent is an address with allowed attributes, or a tag to put on or take off one contact.
List statuses are only ever read: contactLists, contact/sync and imports are never written to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.activecampaign.api import ActiveCampaignApi
from connectors.platforms.activecampaign.capabilities import CAPABILITIES, COMMANDS
from connectors.platforms.activecampaign.contacts import as_contact, tag_links
from connectors.platforms.activecampaign.settings import ActiveCampaignPlatformSettings
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

Found = dict[str, Mapping[str, Any]]  # lower-case address -> contact as answered


class ActiveCampaignAdapter:
    """One account. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(
        self, name: str, settings: ActiveCampaignPlatformSettings, api: ActiveCampaignApi
    ) -> None:
        self.name = name
        self.destination = f"activecampaign:{settings.account}"
        self._settings, self._api = settings, api
        self._known = KnownContacts()

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            self._api.contacts({"email": "nobody@example.org"})
            tags = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        owned = f"{len(tags)} owned tags (prefix '{self._settings.prefix}')"
        return [
            CheckItem(account, True, "contacts and their list statuses can be read"),
            CheckItem(f"{self.name} tags", True, owned),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {name: harmless(values.get(neutral), COMMANDS) for name, neutral in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        asked: dict[str, str] = {}
        if since is not None:
            # By day, in whatever time zone the account counts days; the rest is sorted out here.
            asked["filters[updated_after]"] = (since - timedelta(days=2)).date().isoformat()
        contacts = [self._contact(item) for item in self._api.contacts(asked)]
        if since is not None:
            mark = since.astimezone(UTC)
            contacts = [c for c in contacts if c.changed_at is None or c.changed_at > mark]
        if since is None or (self._known.since is not None and since <= self._known.since):
            self._known.take(contacts, SYSTEM_CLOCK.now())
        return contacts

    def read_contact(self, email: str) -> PlatformContact | None:
        found = self._look([email.lower()]).get(email.lower())
        return None if found is None else self._contact(found)

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._tag_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        for item in sorted(self._api.tags(), key=lambda item: int(item["id"])):
            name = str(item.get("tag") or "")
            if name.startswith(self._settings.prefix) and item.get("tagType") == "contact":
                key = by_name.get(name, name)
                found.setdefault(key, SegmentRef(key, str(item["id"]), name))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._tag_name(segment)
        body = {"tag": {"tag": name, "tagType": "contact", "description": ""}}
        try:
            made = self._api.ask("tags", method="POST", body=body, repeat=False)
            return SegmentRef(segment, str(made["tag"]["id"]), name)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        return [self._contact(item) for item in self._api.contacts({"tagid": ref.platform_id})]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        filled = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                try:
                    body = {"contact": {**filled, "email": email.lower()}}
                    self._api.ask("contacts", method="POST", body=body)
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
        address = update.email.lower()
        try:
            known = self._known.get(address) or self.read_contact(address)
            if known is None:
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            path = f"contacts/{known.contact_id}"
            self._api.ask(path, method="PUT", body={"contact": dict(update.fields)})
        except RefusalError as refusal:
            if refusal.status == 404:
                self._known.forget(address)
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            return failed(update.email, refusal)
        except JourneyConnectorError as error:
            return failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def one(address: str, item: Mapping[str, Any] | None) -> RowOutcome:
            refused = joined(address, None if item is None else self._contact(item))
            if refused is not None or item is None:
                return refused or RowOutcome(address, "failed", NOT_ON_LIST)
            if not tag_links(item, ref.platform_id):
                body = {"contactTag": {"contact": str(item["id"]), "tag": ref.platform_id}}
                try:
                    self._api.ask("contactTags", method="POST", body=body)
                except RefusalError as refusal:
                    if refusal.status != 404:
                        raise
                    return RowOutcome(address, "failed", self._missing(item))
            return RowOutcome(address, "acknowledged")

        return self._each(emails, one)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def one(address: str, item: Mapping[str, Any] | None) -> RowOutcome:
            for link in tag_links(item or {}, ref.platform_id):
                try:
                    self._api.ask(f"contactTags/{link}", method="DELETE")
                except RefusalError as refusal:
                    if refusal.status != 404:  # somebody else took it off meanwhile
                        raise
            return RowOutcome(address, "acknowledged")

        return self._each(emails, one)

    def close(self) -> None:
        self._api.close()

    def _each(
        self,
        emails: Sequence[str],
        change: Callable[[str, Mapping[str, Any] | None], RowOutcome],
    ) -> list[RowOutcome]:
        """Look at all of them now, then change one contact after the other."""
        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            there = self._look(asked)
        except RefusalError:
            # Not the fault of every row: nothing is quarantined for a look that was refused.
            return [RowOutcome(email, "failed", "not_readable") for email in emails]
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]

        def one(address: str) -> RowOutcome:
            try:
                return change(address, there.get(address))
            except JourneyConnectorError as error:
                return failed(address, error)

        with ThreadPoolExecutor(CAPABILITIES.max_connections) as pool:
            found = dict(zip(asked, pool.map(one, asked), strict=True))
        return each(emails, found)

    # --- contacts and tags ------------------------------------------------------------------

    def _look(self, addresses: Sequence[str]) -> Found:
        """By lower-case address, read directly and now: known ones by id, others one by one."""
        ids = {a: known.contact_id for a in addresses if (known := self._known.get(a)) is not None}
        items = self._api.contacts_by_id(list(ids.values())) if len(ids) > 1 else []
        found: Found = {str(item.get("email") or "").lower(): item for item in items}
        # Those not found by id may have been made again, or have another address now.
        for address in addresses:
            if address not in found:
                alone = self._api.contacts({"email": address})
                found.update((str(item.get("email") or "").lower(), item) for item in alone)
        return found

    def _contact(self, item: Mapping[str, Any]) -> PlatformContact:
        return as_contact(item, self._settings.heed_lists)

    def _missing(self, item: Mapping[str, Any]) -> str:
        """What is gone when a tag could not be put on: the contact, or else the tag."""
        is_there = bool(self._api.contacts({"email": str(item.get("email"))}))
        return SEGMENT_GONE if is_there else NOT_ON_LIST

    def _tag_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"

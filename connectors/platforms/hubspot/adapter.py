"""HubSpot as a platform: owned manual lists, new contacts by consent, neutral updates.

Data flow: activation/apply -> HubspotAdapter -> contacts, lists, preferences -> RowOutcome.

What is sent is an address with allowed properties, or record ids to add to or remove from an owned
manual list. Subscription statuses are only ever read; nothing here can write one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.hubspot.api import CONTACTS, HubspotApi
from connectors.platforms.hubspot.capabilities import (
    BATCH,
    CAPABILITIES,
    COMMANDS,
    MEMBER_PAGE,
)
from connectors.platforms.hubspot.contacts import as_contact, objects, properties_to_read
from connectors.platforms.hubspot.settings import HubspotPlatformSettings
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
    KnownContacts,
    RefusalError,
    addresses,
    by_status,
    each,
    failed,
    halved,
    harmless,
    joined,
)
from connectors.protocol import CheckItem

_CONTACT_TYPE = "0-1"


class HubspotAdapter:
    """One account. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: HubspotPlatformSettings, api: HubspotApi) -> None:
        self.name = name
        self.destination = f"hubspot:{settings.account}"
        self._settings, self._api = settings, api
        self._known = KnownContacts()
        self._asked: tuple[str, ...] = ()

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            there = self._api.property_names()
            self._properties(there)
            self._api.ask(CONTACTS, params={"limit": 1})
            lists = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        missing = sorted(set(self._settings.properties) - set(there))
        todo = f"create {', '.join(missing)} in HubSpot, or leave them out of `fields`"
        owned = f"{len(lists)} owned lists (prefix '{self._settings.prefix}')"
        return [
            CheckItem(account, True, "contacts can be read"),
            CheckItem(f"{self.name} properties", not missing, todo if missing else "all there"),
            CheckItem(f"{self.name} lists", True, owned),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.properties.items()
        return {name: harmless(values.get(neutral), COMMANDS) for name, neutral in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.properties}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        if since is None:
            self._asked = ()  # a new subscription type brings a new property
        properties = self._properties()
        items = None if since is None else self._api.search(since, properties)
        if items is None:
            since = None
            asked = {"properties": ",".join(properties)}
            items = self._api.read_all(CONTACTS, asked, most=BATCH)
        contacts = [self._contact(item) for item in items]
        if since is None or (self._known.since is not None and since <= self._known.since):
            self._known.take(contacts, SYSTEM_CLOCK.now())
        return contacts

    def read_contact(self, email: str) -> PlatformContact | None:
        found = list(self._look([email.lower()]).values())
        return found[0] if found else None  # perhaps by a second address of the contact

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        for item in self._owned_lists():
            name = str(item["name"])
            key, size = by_name.get(name, name), (item.get("additionalProperties") or {})
            count = str(size.get("hs_list_size") or "")
            members = int(count) if count.isdigit() else None
            found.setdefault(key, SegmentRef(key, str(item["listId"]), name, members))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._list_name(segment)
        body = {"name": name, "objectTypeId": _CONTACT_TYPE, "processingType": "MANUAL"}
        try:
            made = self._api.ask("crm/v3/lists", method="POST", body=body, repeat=False)
            return SegmentRef(segment, str(made["list"]["listId"]), name, 0)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        ids = sorted(self._member_ids(ref))
        items = self._api.batch_read(ids, self._properties(), by_email=False)
        return [self._contact(item) for item in items]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        properties = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                if self._objects(email):
                    return RowOutcome(email, "suppressed", "platform_unsubscribed")
                try:
                    body = {"properties": {**properties, "email": email.lower()}}
                    self._api.ask(CONTACTS, method="POST", body=body)
                    return RowOutcome(email, "acknowledged", status="subscribed")
                except RefusalError:
                    # Somebody else made it meanwhile, or we did and the answer was lost.
                    known = self.read_contact(email)
                    if known is None:
                        raise
        except JourneyConnectorError as error:
            return failed(email, error)
        if known.email.lower() != email.lower():
            # The second address of somebody: lists would show the first one, for ever changed.
            return RowOutcome(email, "failed", "secondary_address", permanent=True)
        return by_status(email, known)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        address = update.email.lower()
        try:
            known = self._known.get(address) or self.read_contact(address)
            if known is None:
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            path = f"{CONTACTS}/{known.contact_id}"
            self._api.ask(path, method="PATCH", body={"properties": dict(update.fields)})
        except RefusalError as refusal:
            if refusal.status == 404:
                self._known.forget(address)
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            return failed(update.email, refusal)
        except JourneyConnectorError as error:
            return failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change(ref, emails, "add", joined)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def outcome(address: str, known: PlatformContact | None) -> RowOutcome | None:
            return RowOutcome(address, "acknowledged") if known is None else None

        return self._change(ref, emails, "remove", outcome)

    def close(self) -> None:
        self._api.close()

    def _change(
        self,
        ref: SegmentRef,
        emails: Sequence[str],
        what: str,
        end: Callable[[str, PlatformContact | None], RowOutcome | None],
    ) -> list[RowOutcome]:
        """Change a list. `end`: the outcome of an address that is not to be sent, else None."""
        asked = addresses(emails, CAPABILITIES.chunk_size)
        if not asked:
            return []
        try:
            known = self._look(asked)
        except RefusalError:
            # Not the fault of every row: nothing is quarantined for a look that was refused.
            return [RowOutcome(email, "failed", "not_readable") for email in emails]
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        found = {address: end(address, known.get(address)) for address in asked}
        ids = {known[a].contact_id: a for a, outcome in found.items() if outcome is None}
        done = halved(list(ids), lambda part: self._call(ref, what, part)) if ids else {}
        found.update((ids[id], outcome) for id, outcome in done.items())
        return each(emails, found)

    def _call(self, ref: SegmentRef, what: str, ids: Sequence[str]) -> dict[str, RowOutcome]:
        """One bulk call, by record id. Whom the answer does not mention is looked for in the list:
        those who were in it already are ignored without a word. What stays unclear is unknown, for
        the next push to read: taken for failed it would never count as ours.
        """
        is_add = what == "add"
        try:
            done, missing = self._api.change_members(ref.platform_id, what, ids)
        except RefusalError as refusal:
            if refusal.status != 404:
                raise
            return {
                id: RowOutcome("", "failed" if is_add else "acknowledged", SEGMENT_GONE)
                for id in ids
            }
        except JourneyConnectorError as error:
            return {id: failed("", error) for id in ids}
        unsaid = [id for id in ids if id not in done and id not in missing]
        found = {id: RowOutcome("", "acknowledged") for id in ids}
        if is_add:
            found.update((id, RowOutcome("", "failed", NOT_ON_LIST)) for id in missing)
        try:
            there = self._member_ids(ref) if unsaid else set()
            unclear = [id for id in unsaid if (id in there) != is_add]
        except JourneyConnectorError:
            unclear = unsaid
        found.update((id, RowOutcome("", "unknown", UNSAID)) for id in unclear)
        return found

    # --- contacts ---------------------------------------------------------------------------

    def _look(self, addresses: Sequence[str]) -> dict[str, PlatformContact]:
        """By their own lower-case address, read directly: search would lag behind."""
        items = self._api.batch_read(addresses, self._properties(), by_email=True)
        return {contact.email.lower(): contact for contact in map(self._contact, items)}

    def _objects(self, email: str) -> bool:
        """Whether HubSpot keeps an opt-out for an address that no contact has."""
        if not self._settings.ask_preferences:
            return False
        said = self._api.preferences(email.lower())
        return objects(said, self._settings.heed_subscriptions)

    def _properties(self, there: Collection[str] | None = None) -> tuple[str, ...]:
        """Properties to read, opt-outs of all subscription types among them."""
        if not self._asked:
            names = self._api.property_names() if there is None else there
            self._asked = properties_to_read(names, self._settings.properties)
        return self._asked

    def _contact(self, item: Mapping[str, Any]) -> PlatformContact:
        return as_contact(item, self._settings.heed_subscriptions)

    # --- owned lists ------------------------------------------------------------------------

    def _member_ids(self, ref: SegmentRef) -> set[str]:
        path = f"crm/v3/lists/{ref.platform_id}/memberships"
        return {str(i.get("recordId")) for i in self._api.read_all(path, {}, most=MEMBER_PAGE)}

    def _owned_lists(self) -> list[dict[str, Any]]:
        """Manual lists of contacts whose name begins as ours do, the oldest first."""
        owned = [
            item
            for item in self._api.manual_lists()
            if item.get("objectTypeId") == _CONTACT_TYPE
            and item.get("processingType") == "MANUAL"
            and str(item.get("name") or "").startswith(self._settings.prefix)
        ]
        return sorted(owned, key=lambda item: int(item["listId"]))

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"

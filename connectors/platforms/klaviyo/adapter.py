"""Klaviyo as a platform: owned lists, new profiles by consent, neutral updates.

Data flow: activation/apply -> KlaviyoAdapter -> /api/profiles, /api/lists -> RowOutcome.

What is sent is an address with allowed attributes, or profile ids to add to or remove from an owned
list by its relationships, which do not touch consent. The word `subscriptions` and the jobs that
subscribe, unsubscribe, suppress or lift a suppression are never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.klaviyo.api import KlaviyoApi
from connectors.platforms.klaviyo.capabilities import (
    CAPABILITIES,
    COMMANDS,
    LIST_PAGE,
    LOOKUP,
    PROFILE_PAGE,
)
from connectors.platforms.klaviyo.profiles import after, any_of, as_attributes, as_contact
from connectors.platforms.klaviyo.settings import KlaviyoPlatformSettings
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
    halved,
    harmless,
    joined,
)
from connectors.protocol import CheckItem

_SHOWN: Mapping[str, str] = {
    "additional-fields[profile]": "subscriptions",
    "fields[profile]": "email,first_name,last_name,properties,updated,subscriptions",
}
_MARKETING = "subscriptions.email.marketing"
# `updated` is not documented to move with an objection: suppressions are asked for by themselves.
_CHANGES = (
    "updated",
    f"{_MARKETING}.suppression.timestamp",
    f"{_MARKETING}.list_suppressions.timestamp",
)


class KlaviyoAdapter:
    """One account. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: KlaviyoPlatformSettings, api: KlaviyoApi) -> None:
        self.name = name
        self.destination = f"klaviyo:{settings.account}"
        self._settings, self._api = settings, api
        self._known = KnownContacts()

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            self._api.ask("profiles", params={**_SHOWN, "page[size]": 1})
            lists = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        owned = f"{len(lists)} owned lists (prefix '{self._settings.prefix}')"
        return [
            CheckItem(account, True, "profiles and their subscriptions can be read"),
            CheckItem(f"{self.name} lists", True, owned),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {name: harmless(values.get(neutral), COMMANDS) for name, neutral in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        filters = [""] if since is None else [after(field, since) for field in _CHANGES]
        found: dict[str, PlatformContact] = {}
        for one in filters:
            asked = {**_SHOWN, "sort": "created"} | ({"filter": one} if one else {})
            contacts = map(as_contact, self._api.read_all("profiles", asked, most=PROFILE_PAGE))
            found.update((contact.contact_id, contact) for contact in contacts)
        if since is None or (self._known.since is not None and since <= self._known.since):
            self._known.take(list(found.values()), SYSTEM_CLOCK.now())
        return list(found.values())

    def read_contact(self, email: str) -> PlatformContact | None:
        return self._look([email.lower()]).get(email.lower())

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        # The oldest wins where a name exists twice (an answer was lost while creating it).
        for item in self._api.read_all("lists", {"sort": "created"}, most=LIST_PAGE):
            name = str((item.get("attributes") or {}).get("name") or "")
            if name.startswith(self._settings.prefix):
                key = by_name.get(name, name)
                found.setdefault(key, SegmentRef(key, str(item["id"]), name))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._list_name(segment)
        data = {"type": "list", "attributes": {"name": name}}
        try:
            made = self._api.ask("lists", method="POST", data=data, repeat=False)
            return SegmentRef(segment, str(made["data"]["id"]), name)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        path = f"lists/{ref.platform_id}/profiles"
        return [as_contact(i) for i in self._api.read_all(path, _SHOWN, most=PROFILE_PAGE)]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        filled = {name: value for name, value in contact.fields.items() if value}
        attributes = {**as_attributes(filled), "email": email.lower()}
        try:
            known = self.read_contact(email)
            if known is None:
                try:
                    data = {"type": "profile", "attributes": attributes}
                    self._api.ask("profiles", method="POST", data=data)
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
            data = {
                "type": "profile",
                "id": known.contact_id,
                "attributes": as_attributes(update.fields),
            }
            self._api.ask(f"profiles/{known.contact_id}", method="PATCH", data=data)
        except RefusalError as refusal:
            if refusal.status == 404:
                self._known.forget(address)
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            return failed(update.email, refusal)
        except JourneyConnectorError as error:
            return failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change(ref, emails, "POST", joined)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def outcome(address: str, known: PlatformContact | None) -> RowOutcome | None:
            return RowOutcome(address, "acknowledged") if known is None else None

        return self._change(ref, emails, "DELETE", outcome)

    def close(self) -> None:
        self._api.close()

    def _change(
        self,
        ref: SegmentRef,
        emails: Sequence[str],
        method: str,
        end: Callable[[str, PlatformContact | None], RowOutcome | None],
    ) -> list[RowOutcome]:
        """Change a list. `end`: the outcome of an address that is not to be sent, else None."""
        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            known = self._look(asked)
        except RefusalError:
            # Not the fault of every row: nothing is quarantined for a look that was refused.
            return [RowOutcome(email, "failed", "not_readable") for email in emails]
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        found = {address: end(address, known.get(address)) for address in asked}
        ids = {a: known[a].contact_id for a, outcome in found.items() if outcome is None}
        if ids:
            found.update(halved(list(ids), lambda part: self._call(ref, method, part, ids)))
        return each(emails, found)

    def _call(
        self, ref: SegmentRef, method: str, part: Sequence[str], ids: Mapping[str, str]
    ) -> dict[str, RowOutcome]:
        """One bulk call. Its 204 says nothing about its rows: they are looked for in the list. What
        stays unclear is unknown, for the next push to read: taken for failed it would never count
        as ours.
        """
        path = f"lists/{ref.platform_id}/relationships/profiles"
        data = [{"type": "profile", "id": ids[address]} for address in part]
        is_add = method == "POST"
        try:
            self._api.ask(path, method=method, data=data)
        except RefusalError as refusal:
            if refusal.status != 404 or not self._is_gone(ref):
                raise
            word: Outcome = "failed" if is_add else "acknowledged"
            return {a: RowOutcome(a, word, SEGMENT_GONE) for a in part}
        except JourneyConnectorError as error:
            return {a: failed(a, error) for a in part}
        found = {a: RowOutcome(a, "unknown", UNSAID) for a in part}
        try:
            there = self._members(ref, part)
            unclear = [a for a in part if (ids[a] in there) != is_add]
            found.update((a, RowOutcome(a, "acknowledged")) for a in part if a not in unclear)
            gone = set(unclear) - set(self._look(unclear)) if is_add else set()
        except JourneyConnectorError:
            return found
        found.update((a, RowOutcome(a, "failed", NOT_ON_LIST)) for a in gone)
        return found

    # --- profiles and lists -----------------------------------------------------------------

    def _look(self, addresses: Sequence[str]) -> dict[str, PlatformContact]:
        """By lower-case address, read directly and now."""
        found: dict[str, PlatformContact] = {}
        for start in range(0, len(addresses), LOOKUP):
            asked = {**_SHOWN, "filter": any_of("email", addresses[start : start + LOOKUP])}
            items = self._api.read_all("profiles", asked, most=PROFILE_PAGE)
            found.update((c.email.lower(), c) for c in map(as_contact, items))
        return found

    def _members(self, ref: SegmentRef, addresses: Sequence[str]) -> set[str]:
        """Ids of those of the addresses that are in the list."""
        found: set[str] = set()
        path = f"lists/{ref.platform_id}/relationships/profiles"
        for start in range(0, len(addresses), LOOKUP):
            asked = {"filter": any_of("email", addresses[start : start + LOOKUP])}
            items = self._api.read_all(path, asked, most=PROFILE_PAGE)
            found.update(str(item.get("id")) for item in items)
        return found

    def _is_gone(self, ref: SegmentRef) -> bool:
        """Whether it is the list that does not exist, and not one of the profiles."""
        try:
            self._api.ask(f"lists/{ref.platform_id}")
        except RefusalError as refusal:
            return refusal.status == 404
        except JourneyConnectorError:
            return False
        return False

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"

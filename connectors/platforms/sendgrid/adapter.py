"""SendGrid as a platform: owned lists, new contacts by consent, neutral upserts.

Data flow: activation/apply -> SendgridAdapter -> contacts, lists -> RowOutcome.

What is sent is an address with its contact's other identifiers and allowed fields, or a list to
join. Suppressions and unsubscribe groups are only ever read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from connectors.errors import JourneyConnectorError, RetryableError
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
    RefusalError,
    addresses,
    by_status,
    each,
    failed,
    halved,
    harmless,
    joined,
)
from connectors.platforms.sendgrid.api import SendgridApi
from connectors.platforms.sendgrid.capabilities import CAPABILITIES, COMMANDS, LONGEST
from connectors.platforms.sendgrid.contacts import as_contact, identity, no_contact
from connectors.platforms.sendgrid.exports import Exports
from connectors.platforms.sendgrid.objections import Objections
from connectors.platforms.sendgrid.people import People
from connectors.platforms.sendgrid.settings import SendgridPlatformSettings
from connectors.protocol import CheckItem

Item = Mapping[str, Any]


class SendgridAdapter:
    """One account. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(
        self,
        name: str,
        settings: SendgridPlatformSettings,
        api: SendgridApi,
        objections: Objections,
        exports: Exports,
    ) -> None:
        self.name = name
        self.destination = f"sendgrid:{settings.account}"
        self._settings, self._api = settings, api
        self._objections, self._exports = objections, exports
        self._people = People(api)

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        account = f"{self.name} account"
        try:
            self._objections.read()
            count = self._api.ask("marketing/contacts/count").get("contact_count")
            lists = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(account, False, said)]
        owned = f"{len(lists)} owned lists (prefix '{self._settings.prefix}')"
        return [
            CheckItem(account, True, f"{count} contacts; objections can be read"),
            CheckItem(f"{self.name} lists", True, owned),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {name: harmless(values.get(n), COMMANDS, LONGEST) for name, n in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        """With `since` only the objections raised: SendGrid does not tell who else changed."""
        rows = self._exports.rows() if since is None else []
        # After the contacts: an objection raised while they were exported is seen.
        found = {address: no_contact(address, self._objections) for address in self._heard(since)}
        for row in rows:
            found[row["email"].lower()] = as_contact(row, self._objections)
        return [contact for contact in found.values() if contact is not None and contact.email]

    def read_contact(self, email: str) -> PlatformContact | None:
        self._objections.refresh()
        item = self._people.look([email.lower()]).get(email.lower())
        if item is None:
            return no_contact(email.lower(), self._objections)
        return as_contact(item, self._objections)

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        for item in self._lists():
            name = str(item.get("name") or "")
            if name.startswith(self._settings.prefix):
                key, count = by_name.get(name, name), item.get("contact_count")
                found.setdefault(key, SegmentRef(key, str(item["id"]), name, count))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._list_name(segment)
        try:
            made = self._api.ask(
                "marketing/lists", method="POST", body={"name": name}, repeat=False
            )
            return SegmentRef(segment, str(made["id"]), name, 0)
        except (RetryableError, RefusalError):
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        rows = self._exports.rows(ref.platform_id)
        self._objections.refresh()
        return [as_contact(row, self._objections) for row in rows if row["email"]]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        filled = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                self._people.upsert([{"email": email.lower(), **filled}])
                # An objection may have been raised meanwhile, and a job may be done in vain.
                known = self.read_contact(email)
        except JourneyConnectorError as error:
            return failed(email, error)
        return by_status(email, known) if known else RowOutcome(email, "unknown", "not_there_yet")

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        address = update.email.lower()
        try:
            item = self._people.look([address]).get(address)
            if item is None:
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
            made = self._people.upsert([{**update.fields, **identity(item)}])
            if not self._people.still_there({address: item}, made)[address]:
                return RowOutcome(update.email, "failed", NOT_ON_LIST)
        except JourneyConnectorError as error:
            return failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def put(rows: Sequence[str]) -> dict[str, RowOutcome]:
            try:
                made = self._people.upsert([identity(there[a]) for a in rows], ref.platform_id)
            except RefusalError as refusal:
                if refusal.status == 404:
                    return {a: RowOutcome(a, "failed", SEGMENT_GONE) for a in rows}
                raise
            is_there = self._people.still_there({a: there[a] for a in rows}, made)
            open_ = [address for address in rows if is_there[address]]
            inside = self._people.settled(open_, lambda lists: ref.platform_id in lists)
            return {a: _end(a, is_there[a], a in inside, "not_added_yet") for a in rows}

        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            self._objections.refresh()
            refused: dict[str, RowOutcome] = {}
            there = self._people.look(asked, refused)
            found = {a: refused.get(a) or self._may_join(a, there.get(a)) for a in asked}
            allowed = [
                a
                for a in asked
                if found[a] is None and ref.platform_id not in (there[a].get("list_ids") or [])
            ]
            done = {a: RowOutcome(a, "acknowledged") for a in asked if found[a] is None}
            found.update(done)
            found.update(halved(allowed, _alone(put)) if allowed else {})
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        return each(emails, found)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        def take(rows: Sequence[str]) -> dict[str, RowOutcome]:
            ids = ",".join(str(there[address]["id"]) for address in rows)
            path = f"marketing/lists/{ref.platform_id}/contacts"
            try:
                self._api.ask(path, method="DELETE", params={"contact_ids": ids})
            except RefusalError as refusal:
                # The list is gone, or only one of the contacts: then one by one.
                if refusal.status != 404 or len(rows) > 1:
                    raise
                return {rows[0]: RowOutcome(rows[0], "acknowledged")}
            out = self._people.settled(rows, lambda lists: ref.platform_id not in lists)
            return {a: _end(a, True, a in out, "not_removed_yet") for a in rows}

        asked = addresses(emails, CAPABILITIES.chunk_size)
        try:
            there = self._people.look(asked, {})
            inside = [
                a for a in asked if ref.platform_id in (there.get(a, {}).get("list_ids") or [])
            ]
            found: dict[str, RowOutcome | None] = {a: RowOutcome(a, "acknowledged") for a in asked}
            found.update(halved(inside, _alone(take)) if inside else {})
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        return each(emails, found)

    def close(self) -> None:
        self._api.close()

    # --- contacts ---------------------------------------------------------------------------

    def _heard(self, since: datetime | None) -> Sequence[str]:
        """Addresses with an objection, or with one raised since, as SendGrid has them now."""
        if since is None:
            return list(self._objections.read())
        self._objections.refresh()
        return self._objections.raised(since)

    def _may_join(self, address: str, item: Item | None) -> RowOutcome | None:
        if item is None:
            return joined(address, no_contact(address, self._objections))
        return joined(address, as_contact(item, self._objections))

    # --- lists ------------------------------------------------------------------------------

    def _lists(self) -> list[Item]:
        found: list[Item] = []
        token: str | None = ""
        while token is not None:
            asked = {"page_size": 1000, **({"page_token": token} if token else {})}
            answer = self._api.ask("marketing/lists", params=asked)
            found += answer.get("result") or []
            following = str((answer.get("_metadata") or {}).get("next") or "")
            told = parse_qs(urlsplit(following).query).get("page_token")
            token = told[0] if told else None
        return found

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"


def _alone(
    call: Callable[[Sequence[str]], dict[str, RowOutcome]],
) -> Callable[[Sequence[str]], dict[str, RowOutcome]]:
    """Trouble of one part of a halved call is the outcome of its rows, not of all."""

    def part(rows: Sequence[str]) -> dict[str, RowOutcome]:
        try:
            return call(rows)
        except RefusalError:
            raise
        except JourneyConnectorError as error:
            return {address: failed(address, error) for address in rows}

    return part


def _end(address: str, is_there: bool, is_so: bool, reason: str) -> RowOutcome:
    if not is_there:
        return RowOutcome(address, "failed", NOT_ON_LIST)
    return RowOutcome(address, "acknowledged" if is_so else "unknown", "" if is_so else reason)

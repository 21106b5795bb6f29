"""Mailman 3 as a platform: owned mailing lists, new members by consent, removal in bulk.

Data flow: activation/apply -> MailmanAdapter -> /lists, /members, /addresses -> RowOutcome.

A contact is an address; a segment is a mailing list, and being in it is being subscribed. What the
person said is never undone here: an address is looked at before it is subscribed, a membership
whose delivery is off is neither changed nor deleted, and delivery, bans and preferences are never
written. Who left a list is known to the ledger alone (`leaving_leaves_no_trace`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.errors import JourneyConnectorError, RetryableError
from connectors.platforms.mailman.api import MailmanApi, MailmanRefusalError, segment_of
from connectors.platforms.mailman.capabilities import CAPABILITIES
from connectors.platforms.mailman.objections import Objections, known, read_objections
from connectors.platforms.mailman.rows import (
    NAME,
    addresses_of,
    as_contact,
    as_given,
    by_status,
    failed,
    harmless,
    refused,
)
from connectors.platforms.mailman.settings import MailmanPlatformSettings
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    RowOutcome,
    SegmentRef,
)
from connectors.protocol import CheckItem

_MARK = "member-journey"  # the description of a list whose settings are in place
_SILENT_IN_A_ROW = 3  # unanswered requests after which the rest of a call is not sent
# A list of ours writes to its members and takes posts from moderators only; nothing is archived,
# nobody is welcomed or seen off (leaving a segment is no message).
_CONFIG: Mapping[str, Any] = {
    "advertised": "false",
    "archive_policy": "never",
    "member_roster_visibility": "moderators",
    "default_member_action": "hold",
    "default_nonmember_action": "hold",
    "send_welcome_message": "false",
    "send_goodbye_message": "false",
    "admin_notify_mchanges": "false",
    "description": _MARK,
}
_ALLOWED = {"pre_verified": "true", "pre_confirmed": "true", "pre_approved": "true"}
Item = dict[str, Any]


class MailmanAdapter:
    """One installation. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: MailmanPlatformSettings, api: MailmanApi) -> None:
        self.name = name
        self.destination = f"mailman:{settings.account}"
        self._settings, self._api = settings, api
        self._known: dict[str, Item] | None = None  # lower-case address -> as last read
        self._objecting: dict[str, str] = {}  # the same, of those who objected then

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        access, domain = f"{self.name} access", self._settings.domain
        try:
            said = self._api.find("system/versions") or {}
            is_there = self._api.find(f"domains/{segment_of(domain)}") is not None
            lists = self.find_segments([])
        except JourneyConnectorError as error:
            told = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(access, False, told)]
        missing = f"'{domain}' is no mail domain of this Mailman; create it, or correct `domain`"
        return [
            CheckItem(access, True, str(said.get("mailman_version", "unknown version"))),
            CheckItem(f"{self.name} domain", is_there, domain if is_there else missing),
            CheckItem(
                f"{self.name} lists",
                True,
                f"{len(lists)} owned lists (prefix '{self._settings.prefix}')",
            ),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        parts = [harmless(values.get(name)) for name in self._settings.name_parts]
        return {NAME: harmless(" ".join(part for part in parts if part))}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {NAME: contact.fields.get(NAME, "")}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        """Mailman tells no changes: with `since`, who objects now and did not when last read by
        this adapter, or the other way round. New addresses come with a full reading.
        """
        objections = self._objections()
        before = self._known
        if since is None or before is None:
            items = {known(item): item for item in self._api.read_all("addresses")}
            # Somebody may be banned who never was here.
            shown = {*items, *objections.banned, *objections.by_address}
        else:
            items = before
            shown = {
                address
                for address in {*items, *objections.banned, *objections.by_address}
                if objections.status(address) != self._objecting.get(address, "subscribed")
            }
        self._known = items
        statuses = {address: objections.status(address) for address in shown | set(self._objecting)}
        self._objecting = {
            **{a: s for a, s in self._objecting.items() if a not in statuses},
            **{a: s for a, s in statuses.items() if s != "subscribed"},
        }
        return [as_contact(a, items.get(a, {}), objections) for a in sorted(shown)]

    def read_contact(self, email: str) -> PlatformContact | None:
        address = email.lower()
        item = None if "/" in address else self._api.find(f"addresses/{segment_of(address)}")
        if item is not None:
            return as_contact(address, item, self._objections(address))
        if "/" not in address and self._api.find(f"bans/{segment_of(address)}") is not None:
            return PlatformContact(address, address, CAPABILITIES.statuses["banned"])
        return None

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        for item in self._owned_lists():
            if not item.get("description"):
                continue  # made, but its settings are not in place yet: ensure_segment ends that
            name = str(item["list_name"])
            key = by_name.get(name, name)
            found[key] = SegmentRef(key, str(item["list_id"]), name)
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        ready = self.find_segments([segment]).get(segment)
        if ready is not None:
            return ready
        name = self._list_name(segment)
        list_id = f"{name}.{self._settings.domain}"
        if not any(item["list_id"] == list_id for item in self._owned_lists()):
            asked = {"fqdn_listname": f"{name}@{self._settings.domain}"}
            try:
                style = {"style_name": "private-default"}
                self._api.ask("lists", method="POST", form={**asked, **style}, repeat=False)
            except (RetryableError, MailmanRefusalError):
                # The answer may have been lost after the work was done.
                if self._api.find(f"lists/{segment_of(list_id)}") is None:
                    raise
        self._api.ask(f"lists/{segment_of(list_id)}/config", method="PATCH", form=_CONFIG)
        return SegmentRef(segment, list_id, name)

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        """Members who get what is sent to it; those whose delivery is off have left."""
        objections = self._objections()
        off = objections.off.get(ref.platform_id, frozenset())
        items = self._api.read_all(f"lists/{segment_of(ref.platform_id)}/roster/member")
        return [as_contact(known(i), i, objections) for i in items if known(i) not in off]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        """A person of Mailman's, who is on no list."""
        email, address = contact.email, contact.email.lower()
        if "/" in address:
            return RowOutcome(email, "failed", "address_with_slash", permanent=True)
        given = {name: value for name, value in contact.fields.items() if value}
        try:
            there = self.read_contact(address)
            if there is None:
                try:
                    form = {"email": address, **given}
                    self._api.ask("users", method="POST", form=form)
                except MailmanRefusalError:
                    # Somebody else made it meanwhile, or we did and the answer was lost.
                    there = self.read_contact(address)
                    if there is None:
                        raise
                if self._api.find(f"bans/{segment_of(address)}") is not None:
                    return RowOutcome(email, "suppressed", "platform_unsubscribed")
        except JourneyConnectorError as error:
            return failed(email, error)
        if there is None:
            return RowOutcome(email, "acknowledged", status="subscribed")
        return by_status(email, there.status)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        email, address = update.email, update.email.lower()
        if "/" in address:
            return RowOutcome(email, "failed", "address_with_slash", permanent=True)
        try:
            form = {NAME: update.fields[NAME]}
            self._api.ask(f"addresses/{segment_of(address)}", method="PATCH", form=form)
        except MailmanRefusalError as refusal:
            if refusal.status == 404:
                return RowOutcome(email, "failed", "not_on_list")
            return failed(email, refusal)
        except JourneyConnectorError as error:
            return failed(email, error)
        return RowOutcome(email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        addresses = addresses_of(emails)
        found: dict[str, RowOutcome] = {}
        silent = 0
        try:
            objections = self._objections()
            for address in addresses:
                found[address] = self._add(ref, address, objections)
                silent = silent + 1 if found[address].reason == "no_answer" else 0
                if silent == _SILENT_IN_A_ROW:
                    break
        except JourneyConnectorError as error:
            if not found:
                return [failed(email, error) for email in emails]
            found |= {a: failed(a, error) for a in addresses if a not in found}
        # What was not sent is looked up like what got no answer.
        rest = RowOutcome("", "unknown", "no_answer")
        return [as_given(email, found.get(email.lower(), rest)) for email in emails]

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        addresses = addresses_of(emails)
        done = RowOutcome("", "acknowledged")
        found = dict.fromkeys(addresses, done)
        try:
            # Taking off somebody whose delivery is off would delete that it is.
            off = self._objections().off.get(ref.platform_id, frozenset())
            leaving = [address for address in addresses if address not in off]
            if leaving:
                path = f"lists/{segment_of(ref.platform_id)}/roster/member"
                body = self._api.ask(path, method="DELETE", form={"emails": leaving}).body
                # true: taken off; false: was no member. Both are as wanted.
                said = body if isinstance(body, Mapping) else {}
                missing = RowOutcome("", "unknown", "not_in_answer")
                found |= {a: missing for a in leaving if not isinstance(said.get(a), bool)}
        except MailmanRefusalError as refusal:
            if refusal.status != 404:
                return [failed(email, refusal) for email in emails]
            found = dict.fromkeys(addresses, RowOutcome("", "acknowledged", "segment_gone"))
        except JourneyConnectorError as error:
            return [failed(email, error) for email in emails]
        return [as_given(email, found[email.lower()]) for email in emails]

    def close(self) -> None:
        self._api.close()

    def _add(self, ref: SegmentRef, address: str, objections: Objections) -> RowOutcome:
        """Subscribe one known address; what Mailman says to it is the outcome."""
        status = objections.status(address)
        if status != "subscribed":
            return by_status(address, status)
        try:
            # Asked at the last moment: Mailman would make an address it does not know.
            path = f"addresses/{segment_of(address)}"
            if "/" in address or self._api.find(path) is None:
                return RowOutcome(address, "failed", "not_on_list")
            form = {"list_id": ref.platform_id, "subscriber": address, **_ALLOWED}
            form["send_welcome_message"] = "false"
            answer = self._api.ask("members", method="POST", form=form)
        except MailmanRefusalError as refusal:
            return refused(address, refusal)
        except JourneyConnectorError as error:
            return failed(address, error)
        if answer.status == 201:
            return RowOutcome(address, "acknowledged")
        # 202: somebody has to confirm or approve; nothing may do that in their place.
        return RowOutcome(address, "failed", "waits_for_approval")

    def _objections(self, subscriber: str | None = None) -> Objections:
        owned = [str(item["list_id"]) for item in self._owned_lists()]
        heed_all = self._settings.heed_lists == "any"
        return read_objections(self._api, owned, heed_all=heed_all, subscriber=subscriber)

    def _owned_lists(self) -> list[Item]:
        """Lists of our domain whose name begins as ours do."""
        items = self._api.read_all(f"domains/{segment_of(self._settings.domain)}/lists")
        return [i for i in items if str(i.get("list_name")).startswith(self._settings.prefix)]

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"

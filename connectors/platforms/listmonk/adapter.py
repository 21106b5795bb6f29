"""listmonk as a platform: owned private lists, new subscribers by consent, neutral updates.

Data flow: activation/apply -> ListmonkAdapter -> /api/subscribers, /api/lists -> RowOutcome.

A subscription status is never sent: `add` without one leaves whoever has unsubscribed as they are.
`remove` is only asked for people who have not unsubscribed, because it would delete that fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError, RateLimited, RetryableError
from connectors.platforms.listmonk.api import ListmonkApi, ListmonkRefusalError, literal
from connectors.platforms.listmonk.capabilities import CAPABILITIES
from connectors.platforms.listmonk.settings import ListmonkPlatformSettings
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    PlatformStatus,
    RowOutcome,
    SegmentRef,
)
from connectors.protocol import CheckItem

_LONGEST_VALUE = 255
_COMMANDS = ("{{", "}}")  # Go templates
Item = dict[str, Any]


class ListmonkAdapter:
    """One installation. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: ListmonkPlatformSettings, api: ListmonkApi) -> None:
        self.name = name
        self.destination = f"listmonk:{settings.account}"
        self._settings, self._api = settings, api

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        try:
            lists = self.find_segments([])
            self._api.ask("subscribers", params={"query": "subscribers.id = 0", "per_page": 1})
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(f"{self.name} access", False, said)]
        where = f"prefix '{self._settings.prefix}'"
        return [CheckItem(f"{self.name} lists", True, f"{len(lists)} owned lists ({where})")]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.attributes.items()
        return {attribute: _harmless(values.get(name)) for attribute, name in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {name: contact.fields.get(name, "") for name in self._settings.attributes}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        expression = ""
        if since is not None:
            # Leaving a list changes the subscription, not the subscriber.
            moment = literal(since.astimezone(UTC).isoformat(timespec="milliseconds"))
            expression = (
                f"subscribers.updated_at > {moment} OR subscribers.id IN (SELECT"
                f" sl.subscriber_id FROM subscriber_lists sl WHERE sl.updated_at > {moment})"
            )
        heeded = self._heeded()
        return [_contact(item, heeded) for item in self._api.subscribers(expression)]

    def read_contact(self, email: str) -> PlatformContact | None:
        item = self._by_address([email.lower()]).get(email.lower())
        return None if item is None else _contact(item, self._heeded())

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._list_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        for item in self._owned_lists():
            name = str(item["name"])
            key = by_name.get(name, name)
            found.setdefault(key, SegmentRef(key, str(item["id"]), name))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._list_name(segment)
        body = {"name": name, "type": "private", "optin": "single", "tags": ["member-journey"]}
        try:
            made = self._api.ask("lists", method="POST", body=body, repeat=False)
            return SegmentRef(segment, str(made["id"]), name)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        """Members who have not unsubscribed from it; the others have left by themselves."""
        heeded = self._heeded()
        items = self._api.subscribers(list_id=ref.platform_id)
        return [_contact(item, heeded) for item in items if _is_member(item, ref)]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        attributes = {name: value for name, value in contact.fields.items() if value}
        try:
            known = self.read_contact(email)
            if known is None:
                name = " ".join(attributes.values()) or email.lower()
                body = {"email": email.lower(), "name": name, "attribs": attributes, "lists": []}
                try:
                    self._api.ask("subscribers", method="POST", body=body)
                    return RowOutcome(email, "acknowledged", status="subscribed")
                except ListmonkRefusalError:
                    # Somebody else made it meanwhile, or we did and the answer was lost.
                    known = self.read_contact(email)
                    if known is None:
                        raise
        except JourneyConnectorError as error:
            return _failed(email, error)
        return _by_status(email, known)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        email = update.email
        try:
            item = self._by_address([email.lower()]).get(email.lower())
            if item is None:
                return RowOutcome(email, "failed", "not_on_list")
            # All attributes at once: it is not verified that others would be kept.
            attributes = {**(item.get("attribs") or {}), **update.fields}
            path = f"subscribers/{int(item['id'])}"
            self._api.ask(path, method="PATCH", body={"attribs": attributes})
        except JourneyConnectorError as error:
            return _failed(email, error)
        return RowOutcome(email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change(ref, "add", emails)

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        return self._change(ref, "remove", emails)

    def close(self) -> None:
        self._api.close()

    def _change(self, ref: SegmentRef, action: str, emails: Sequence[str]) -> list[RowOutcome]:
        """Look, change those who need it, look again: the answer itself tells nothing of rows."""
        if len(emails) > CAPABILITIES.chunk_size:
            raise ValueError(f"at most {CAPABILITIES.chunk_size} members per call")
        found: dict[str, RowOutcome] = {}
        addresses = list(dict.fromkeys(email.lower() for email in emails))
        try:
            heeded, there = self._heeded(), self._by_address(addresses)
            for address in addresses:
                end = _end(there.get(address), ref, action, heeded)
                if end is not None:
                    found[address] = end
            open_ = [address for address in addresses if address not in found]
            if open_:
                ids = [int(there[address]["id"]) for address in open_]
                body = {"ids": ids, "action": action, "target_list_ids": [int(ref.platform_id)]}
                self._api.ask("subscribers/lists", method="PUT", body=body)
                after = self._by_address(open_)
                for address in open_:
                    end = _end(after.get(address), ref, action, heeded)
                    found[address] = end or RowOutcome(address, "failed", "not_changed")
        except JourneyConnectorError as error:
            for address in addresses:
                found.setdefault(address, _failed(address, error))
        return [replace(found[email.lower()], email=email) for email in emails]

    def _by_address(self, addresses: Sequence[str]) -> dict[str, Item]:
        """Subscribers by address, as listmonk keeps it: in lower case."""
        if not addresses:
            return {}
        known = ", ".join(literal(address) for address in addresses)
        items = self._api.subscribers(f"subscribers.email IN ({known})")
        return {str(item["email"]).lower(): item for item in items}

    def _owned_lists(self) -> list[Item]:
        """Lists whose name begins as ours do, the oldest first."""
        items = self._api.ask("lists", params={"per_page": "all"}).get("results") or []
        owned = [i for i in items if str(i.get("name") or "").startswith(self._settings.prefix)]
        return sorted(owned, key=lambda item: int(item["id"]))

    def _heeded(self) -> frozenset[int] | None:
        """Ids of the lists whose leaving counts as an objection; None: all lists."""
        if self._settings.heed_left_lists == "any":
            return None
        return frozenset(int(item["id"]) for item in self._owned_lists())

    def _list_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"


def _subscriptions(item: Item) -> list[Item]:
    return [one for one in item.get("lists") or [] if isinstance(one, dict)]


def _is_member(item: Item, ref: SegmentRef) -> bool:
    return any(
        str(one.get("id")) == ref.platform_id and one.get("subscription_status") != "unsubscribed"
        for one in _subscriptions(item)
    )


def _contact(item: Item, heeded: Collection[int] | None) -> PlatformContact:
    times = [str(item.get("updated_at") or "")]
    times += [str(one.get("subscription_updated_at") or "") for one in _subscriptions(item)]
    moments = [datetime.fromisoformat(text).astimezone(UTC) for text in times if text]
    attributes = item.get("attribs")
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(item.get("email") or ""),
        status=_status(item, heeded),
        fields={name: str(value) for name, value in attributes.items()}
        if isinstance(attributes, Mapping)
        else {},
        changed_at=max(moments, default=None),
    )


def _status(item: Item, heeded: Collection[int] | None) -> PlatformStatus:
    status = CAPABILITIES.statuses.get(str(item.get("status")), "unknown")
    has_left = any(
        one.get("subscription_status") == "unsubscribed"
        for one in _subscriptions(item)
        if heeded is None or one.get("id") in heeded
    )
    if status == "subscribed" and has_left:
        return CAPABILITIES.statuses["left a list"]
    return status


def _end(
    item: Item | None, ref: SegmentRef, action: str, heeded: Collection[int] | None
) -> RowOutcome | None:
    """The outcome of a row by what listmonk holds; None when it is still to be changed."""
    if action == "remove":
        done = item is None or not _is_member(item, ref)
        return RowOutcome("", "acknowledged") if done else None
    if item is None:
        return RowOutcome("", "failed", "not_on_list")
    outcome = _by_status("", _contact(item, heeded))
    if outcome.outcome != "acknowledged" or _is_member(item, ref):
        return outcome
    return None


def _by_status(email: str, known: PlatformContact) -> RowOutcome:
    if known.status == "subscribed":
        return RowOutcome(email, "acknowledged", status=known.status)
    return RowOutcome(email, "suppressed", f"platform_{known.status}", status=known.status)


def _failed(email: str, error: JourneyConnectorError) -> RowOutcome:
    """The outcome of a row whose call went wrong; errors that concern every row are raised."""
    if isinstance(error, ListmonkRefusalError):
        return RowOutcome(email, "failed", f"refused_{error.status}", permanent=True)
    if isinstance(error, RateLimited):
        return RowOutcome(email, "failed", "throttled")
    if isinstance(error, RetryableError):
        return RowOutcome(email, "unknown", "no_answer")
    raise error


def _harmless(value: str | None) -> str:
    """A field value without template commands, on one line, of limited length."""
    text = " ".join((value or "").split())
    while any(command in text for command in _COMMANDS):
        for command in _COMMANDS:
            text = text.replace(command, "")
    return " ".join(text[:_LONGEST_VALUE].split())

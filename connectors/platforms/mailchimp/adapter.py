"""Mailchimp as a platform: owned static segments, new contacts by consent, neutral updates.

Data flow: activation/apply -> MailchimpAdapter -> /lists/{id}/members, /segments -> RowOutcome.

Only endpoints that are neutral to consent are used: members_to_add and members_to_remove of a
static segment, PATCH of merge fields, and PUT with `status_if_new` after a GET has said 404. The
word `status` is never sent, so no answer to any request can be a re-subscription.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError, RateLimited, RetryableError
from connectors.platforms.mailchimp.api import MailchimpApi, ProblemDocumentError
from connectors.platforms.mailchimp.capabilities import CAPABILITIES, COMPLIANCE_TITLES
from connectors.platforms.mailchimp.settings import MailchimpPlatformSettings
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    RowOutcome,
    SegmentRef,
)
from connectors.protocol import CheckItem

_MEMBER = ("id", "email_address", "status", "merge_fields", "last_changed")
_MEMBER_FIELDS = ",".join([*(f"members.{name}" for name in _MEMBER), "total_items"])
_UNSAID = "not_in_answer"
_SEGMENT_GONE = "segment_gone"
_LONGEST_VALUE = 255  # Mailchimp's limit of a text merge field


class MailchimpAdapter:
    """One audience. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(self, name: str, settings: MailchimpPlatformSettings, api: MailchimpApi) -> None:
        self.name = name
        self.destination = f"mailchimp:{settings.list_id}"
        self._settings, self._api = settings, api

    @property
    def capabilities(self) -> PlatformCapabilities:
        return CAPABILITIES

    def check(self) -> Sequence[CheckItem]:
        audience = f"{self.name} audience"
        try:
            found = self._api.ask("", params={"fields": "id,stats.member_count"})
            count = (found.get("stats") or {}).get("member_count", "?")
            segments = self.find_segments([])
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(audience, False, said)]
        return [
            CheckItem(audience, True, f"{self._settings.list_id}: {count} subscribed contacts"),
            CheckItem(
                f"{self.name} segments",
                True,
                f"{len(segments)} owned segments (prefix '{self._settings.prefix}')",
            ),
        ]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        wanted = self._settings.merge_fields.items()
        return {tag: _harmless(values.get(name)) for tag, name in wanted}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {tag: contact.fields.get(tag, "") for tag in self._settings.merge_fields}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        asked: dict[str, Any] = {"fields": _MEMBER_FIELDS, "sort_field": "timestamp_signup"}
        if since is not None:
            asked["since_last_changed"] = since.astimezone(UTC).isoformat()
        found = self._api.read_all("members", "members", asked)
        # Whether the plain list holds archived contacts is not documented: ask for them as well.
        archived = self._api.read_all("members", "members", {**asked, "status": "archived"})
        members = {str(item["id"]): item for item in [*found, *archived]}
        return [_contact(item) for item in members.values()]

    def read_contact(self, email: str) -> PlatformContact | None:
        try:
            return _contact(self._api.ask(_path(email), params={"fields": ",".join(_MEMBER)}))
        except ProblemDocumentError as problem:
            if problem.status == 404:
                return None
            raise

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        fields = "segments.id,segments.name,segments.member_count,segments.type,total_items"
        asked = {"type": "static", "fields": fields}
        by_name = {self._segment_name(segment): segment for segment in wanted}
        found: dict[str, SegmentRef] = {}
        # The oldest wins where a name exists twice (an answer was lost while creating it).
        items = self._api.read_all("segments", "segments", asked)
        for item in sorted(items, key=lambda item: int(item["id"])):
            name = str(item.get("name") or "")
            if name.startswith(self._settings.prefix):
                key = by_name.get(name, name)
                count = item.get("member_count")
                found.setdefault(key, SegmentRef(key, str(item["id"]), name, count))
        return found

    def ensure_segment(self, segment: str) -> SegmentRef:
        known = self.find_segments([segment]).get(segment)
        if known is not None:
            return known
        name = self._segment_name(segment)
        try:
            made = self._api.ask(
                "segments", method="POST", body={"name": name, "static_segment": []}, repeat=False
            )
            return SegmentRef(segment, str(made["id"]), name, 0)
        except RetryableError:
            # The answer may have been lost after the work was done: look before doing it again.
            known = self.find_segments([segment]).get(segment)
            if known is None:
                raise
            return known

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        asked = {
            "fields": _MEMBER_FIELDS,
            "include_cleaned": "true",
            "include_unsubscribed": "true",
            "include_transactional": "true",
        }
        found = self._api.read_all(f"segments/{ref.platform_id}/members", "members", asked)
        return [_contact(item) for item in found]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        email = contact.email
        try:
            known = self.read_contact(email)
            if known is None:
                body = {
                    "email_address": email,
                    "status_if_new": "subscribed",
                    "merge_fields": dict(contact.fields),
                }
                known = _contact(self._api.ask(_path(email), method="PUT", body=body))
        except JourneyConnectorError as error:
            return _failed(email, error)
        if known.status == "subscribed":
            return RowOutcome(email, "acknowledged", status=known.status)
        return RowOutcome(email, "suppressed", f"platform_{known.status}", status=known.status)

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        body = {"merge_fields": dict(update.fields)}
        try:
            self._api.ask(_path(update.email), method="PATCH", body=body)
        except ProblemDocumentError as problem:
            if problem.status == 404:
                return RowOutcome(update.email, "failed", "not_on_list")
            return _failed(update.email, problem)
        except JourneyConnectorError as error:
            return _failed(update.email, error)
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        outcomes = self._change(ref, "members_to_add", "members_added", emails)
        return self._read_back(ref, outcomes, present="acknowledged", absent="not_on_list")

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        outcomes = self._change(ref, "members_to_remove", "members_removed", emails)
        gone = [
            RowOutcome(outcome.email, "acknowledged", "segment_gone")
            if outcome.reason == _SEGMENT_GONE
            else outcome
            for outcome in outcomes
        ]
        return self._read_back(ref, gone, present="not_removed", absent="acknowledged")

    def close(self) -> None:
        self._api.close()

    def _change(
        self, ref: SegmentRef, asked: str, answered: str, emails: Sequence[str]
    ) -> list[RowOutcome]:
        """One bulk call. Rows the answer does not mention come back with the reason `_UNSAID`."""
        if len(emails) > CAPABILITIES.chunk_size:
            raise ValueError(f"at most {CAPABILITIES.chunk_size} members per call")
        try:
            answer = self._api.ask(
                f"segments/{ref.platform_id}", method="POST", body={asked: list(emails)}
            )
        except ProblemDocumentError as problem:
            if problem.status == 404:
                return [RowOutcome(email, "failed", _SEGMENT_GONE) for email in emails]
            if problem.status == 400 and len(emails) > 1:
                # One address the platform dislikes must not fail, let alone quarantine, the others.
                middle = len(emails) // 2
                return [
                    *self._change(ref, asked, answered, emails[:middle]),
                    *self._change(ref, asked, answered, emails[middle:]),
                ]
            return [_failed(email, problem) for email in emails]
        except JourneyConnectorError as error:
            return [_failed(email, error) for email in emails]
        changed = answer.get(answered) if isinstance(answer, Mapping) else None
        items = changed if isinstance(changed, list) else []
        done = {str(item.get("email_address") or "").lower() for item in items}
        return [
            RowOutcome(email, "acknowledged")
            if email.lower() in done
            else RowOutcome(email, "unknown", _UNSAID)
            for email in emails
        ]

    def _read_back(
        self, ref: SegmentRef, outcomes: list[RowOutcome], *, present: str, absent: str
    ) -> list[RowOutcome]:
        """Decide the rows a 200 did not mention by reading the segment."""
        if not any(outcome.reason == _UNSAID for outcome in outcomes):
            return outcomes
        try:
            there = {contact.email.lower() for contact in self.read_segment(ref)}
        except JourneyConnectorError:
            return outcomes  # they stay unknown; the next push reads the platform first
        decided = []
        for outcome in outcomes:
            if outcome.reason == _UNSAID:
                word = present if outcome.email.lower() in there else absent
                outcome = (
                    RowOutcome(outcome.email, "acknowledged")
                    if word == "acknowledged"
                    else RowOutcome(outcome.email, "failed", word)
                )
            decided.append(outcome)
        return decided

    def _segment_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self._settings.list_id}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"


def _path(email: str) -> str:
    """A member's path by Mailchimp's own id: MD5 of the lower-case address (not a secret)."""
    lowered = email.lower().encode("utf-8", "surrogatepass")
    return f"members/{hashlib.md5(lowered, usedforsecurity=False).hexdigest()}"


def _contact(item: Mapping[str, Any]) -> PlatformContact:
    changed = str(item.get("last_changed") or "")
    fields = item.get("merge_fields")
    return PlatformContact(
        contact_id=str(item.get("id") or ""),
        email=str(item.get("email_address") or ""),
        status=CAPABILITIES.statuses.get(str(item.get("status")), "unknown"),
        fields={tag: str(value) for tag, value in fields.items()}
        if isinstance(fields, Mapping)
        else {},
        changed_at=datetime.fromisoformat(changed).astimezone(UTC) if changed else None,
    )


def _failed(email: str, error: JourneyConnectorError) -> RowOutcome:
    """The outcome of a row whose call went wrong; errors that concern every row are raised."""
    if isinstance(error, ProblemDocumentError):
        compliance = COMPLIANCE_TITLES.get(error.title)
        if compliance is not None:
            return RowOutcome(email, "suppressed", compliance)
        reason = "_".join(error.title.lower().split()) or "refused"
        return RowOutcome(email, "failed", f"{reason}_{error.status}", permanent=True)
    if isinstance(error, RateLimited):
        return RowOutcome(email, "failed", "throttled")
    if isinstance(error, RetryableError):
        return RowOutcome(email, "unknown", "no_answer")
    raise error


def _harmless(value: str | None) -> str:
    """A field value in which nothing is a merge tag, on one line, within Mailchimp's length."""
    text = " ".join((value or "").split())
    while "*|" in text or "|*" in text:
        text = text.replace("*|", "").replace("|*", "")
    # Nothing at the edges either: a platform that trims it would look changed every night.
    return " ".join(text[:_LONGEST_VALUE].split())

"""Files for print and phone houses: who is in a segment stands in its newest file.

Data flow: activation/apply -> FileAdapter -> table (CSV, XLSX) -> Outbox: <name>_<day>.csv, then
its manifest <name>_<day>.json.

A contact is a person named by member key; what a file holds of them is the configured columns.
There is nothing in a folder that could subscribe anybody: the gate alone decides who is written.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import ConfigurationError, JourneyConnectorError, ShortReadError, SourceError
from connectors.platforms.file.capabilities import CAPABILITIES
from connectors.platforms.file.outbox import Outbox
from connectors.platforms.file.settings import FilePlatformSettings
from connectors.platforms.file.table import People, harmless, read_table, write_table
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformCapabilities,
    PlatformContact,
    RowOutcome,
    SegmentRef,
)
from connectors.protocol import CheckItem

_MANIFEST = re.compile(r"(?P<name>.+)_(?P<day>\d{4}-\d{2}-\d{2})\.json")


class FileAdapter:
    """One folder. Implements connectors.platforms.protocol.PlatformAdapter."""

    def __init__(
        self,
        name: str,
        settings: FilePlatformSettings,
        outbox: Outbox,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.name = name
        self.destination = f"file:{settings.account}"
        self._settings, self._outbox, self._clock = settings, outbox, clock
        self._capabilities = replace(CAPABILITIES, channel=settings.channel)
        self._how = "xlsx" if settings.format == "xlsx" else settings.delimiter
        self._new: People = {}  # created, and in no file yet

    @property
    def capabilities(self) -> PlatformCapabilities:
        return self._capabilities

    def check(self) -> Sequence[CheckItem]:
        folder = f"{self.name} folder"
        try:
            problem = self._outbox.problem()
            files = 0 if problem else len(self._newest())
        except JourneyConnectorError as error:
            said = " ".join(part for part in (error.message, error.todo) if part)
            return [CheckItem(folder, False, said)]
        return [CheckItem(folder, problem is None, problem or f"{files} segments have files")]

    # --- fields -----------------------------------------------------------------------------

    def render_fields(self, values: Mapping[str, str | None]) -> dict[str, str]:
        return {c: harmless(values.get(name)) for c, name in self._settings.shown.items()}

    def own_fields(self, contact: PlatformContact) -> dict[str, str]:
        return {column: contact.fields.get(column, "") for column in self._settings.shown}

    # --- reading ----------------------------------------------------------------------------

    def read_statuses(self, since: datetime | None = None) -> list[PlatformContact]:
        """Everybody in a newest file: a folder knows no changes and no objections."""
        del since
        people = dict(self._new)
        for name in self._newest():
            people |= self._people(name)
        return [_contact(key, people[key]) for key in sorted(people)]

    def read_contact(self, email: str) -> PlatformContact | None:
        return next((c for c in self.read_statuses() if c.contact_id == email), None)

    def find_segments(self, wanted: Sequence[str]) -> dict[str, SegmentRef]:
        by_name = {self._file_name(segment): segment for segment in wanted}
        return {
            by_name.get(name, name): SegmentRef(by_name.get(name, name), name, name)
            for name in self._newest()
        }

    def ensure_segment(self, segment: str) -> SegmentRef:
        """The segment; its first file is written with its first members."""
        name = self._file_name(segment)
        return SegmentRef(segment, name, name)

    def read_segment(self, ref: SegmentRef) -> list[PlatformContact]:
        people = self._people(ref.platform_id)
        return [_contact(key, people[key]) for key in sorted(people)]

    # --- writing ----------------------------------------------------------------------------

    def create_contact(self, contact: NewContact) -> RowOutcome:
        """Keeps what will stand in the files; a person in no segment stands nowhere."""
        self._new[contact.email] = dict(contact.fields)
        return RowOutcome(contact.email, "acknowledged", status="subscribed")

    def update_fields(self, update: FieldUpdate) -> RowOutcome:
        """Writes today's file of every segment the person is in."""
        found = update.email in self._new
        if found:
            self._new[update.email] = dict(update.fields)
        try:
            for name in self._newest():
                people = self._people(name)
                if update.email in people:
                    self._write(name, {**people, update.email: dict(update.fields)})
                    found = True
        except ConfigurationError:
            raise
        except SourceError:
            return RowOutcome(update.email, "unknown", "no_answer")
        if not found:
            return RowOutcome(update.email, "failed", "not_on_list")
        return RowOutcome(update.email, "acknowledged")

    def add_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        known = {contact.contact_id: dict(contact.fields) for contact in self.read_statuses()}
        there = {email: known[email] for email in emails if email in known}
        outcomes = self._change(ref, emails, {**self._people(ref.platform_id), **there})
        return [
            outcome
            if outcome.email in there
            else RowOutcome(outcome.email, "failed", "not_on_list")
            for outcome in outcomes
        ]

    def remove_members(self, ref: SegmentRef, emails: Sequence[str]) -> list[RowOutcome]:
        left = set(emails)
        people = self._people(ref.platform_id)
        return self._change(ref, emails, {k: v for k, v in people.items() if k not in left})

    def close(self) -> None:
        """Nothing to close."""

    def _change(self, ref: SegmentRef, emails: Sequence[str], people: People) -> list[RowOutcome]:
        if len(emails) > self._capabilities.chunk_size:
            raise ValueError(f"at most {self._capabilities.chunk_size} members per call")
        try:
            self._write(ref.platform_id, people)
        except ConfigurationError:
            raise
        except SourceError:
            return [RowOutcome(email, "unknown", "no_answer") for email in emails]
        return [RowOutcome(email, "acknowledged") for email in emails]

    # --- files ------------------------------------------------------------------------------

    def _newest(self) -> dict[str, str]:
        """Name of each owned segment -> the day of its newest file."""
        found: dict[str, str] = {}
        for file in self._outbox.names():
            told = _MANIFEST.fullmatch(file)
            if told and told["name"].startswith(self._settings.prefix):
                found[told["name"]] = max(told["day"], found.get(told["name"], ""))
        return found

    def _people(self, name: str) -> People:
        """Who stands in the newest file of a segment; ShortReadError when it is not as written."""
        day = self._newest().get(name)
        if day is None:
            return {}
        manifest = self._manifest(f"{name}_{day}.json")
        content = self._outbox.read(str(manifest.get("file")))
        written = (manifest.get("sha256"), manifest.get("previous_sha256"))
        if content is None or _hash(content) not in written:
            raise ShortReadError(
                f"{manifest.get('file')} is gone or was changed since it was written.",
                todo="Put it back as it was; or delete it with its manifest, and the whole segment"
                " is written anew.",
            )
        return read_table(content, str(manifest.get("format")))

    def _manifest(self, file: str) -> Mapping[str, Any]:
        try:
            manifest = json.loads(self._outbox.read(file) or b"")
        except ValueError:
            manifest = None
        if not isinstance(manifest, dict):
            raise ShortReadError(f"{file} can not be read.", todo="Restore it, or delete it.")
        return manifest

    def _write(self, name: str, people: People) -> None:
        """Today's file with these people and its manifest; nothing when it holds them already.

        A crash in between leaves what was there before: a new file counts from its manifest on,
        and a manifest that is rewritten names the file that is still there as well.
        """
        newest = self._newest().get(name)
        if newest is not None and self._people(name) == people:
            return
        # Never before the newest one: that would be the one that counts.
        today = self._clock.now().astimezone(ZoneInfo(self._settings.timezone)).date().isoformat()
        stem = f"{name}_{max(today, newest or today)}"
        file = f"{stem}.{self._settings.format}"
        columns = list(self._settings.shown)
        content = write_table(people, columns, self._how)
        manifest = {
            "file": file,
            "format": self._how,
            "rows": len(people),
            "columns": ["id", *columns],
            "sha256": _hash(content),
            "written_at": self._clock.now().isoformat(timespec="seconds"),
        }
        before = self._outbox.read(file) if newest == stem[-10:] else None
        if before is not None:
            manifest["previous_sha256"] = _hash(before)
        told = json.dumps(manifest, indent=1).encode()
        parts = [(file, content), (f"{stem}.json", told)]
        for each, written in parts if before is None else reversed(parts):
            self._outbox.write(each, written)

    def _file_name(self, segment: str) -> str:
        if not self._settings.has_neutral_names:
            return f"{self._settings.prefix}{segment}"
        code = hashlib.sha256(f"{self.destination}:{segment}".encode()).hexdigest()
        return f"{self._settings.prefix}{code[:10]}"


def _contact(key: str, fields: Mapping[str, str]) -> PlatformContact:
    return PlatformContact(key, key, CAPABILITIES.statuses["in a file"], fields)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""CiviCRM as a source: seven streams over APIv4.

Data flow: CivicrmSource.pages() -> CivicrmClient.get() in id order -> Page -> engine.

Every stream is read in id order (`where id > last`), which inserts, changes and deletes can not
shift, and which needs no offset. Streams with `modified_date` add `modified_date >= since`. Three
things make that complete:
- the engine caps the mark at the site's clock when the reading began, so that a row changed while
  later pages were read is read again next time;
- the next read starts a day before the mark (streams.py), which covers the doubled hour in autumn;
- if contacts went to the trash since the last read, a merge may have moved activities to another
  contact without changing their `modified_date`: the activities are then read in full.
A site whose entity lacks `modified_date` (asked through getFields) is read in full every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import JourneyConnectorError
from connectors.http.client import Usage
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import Place, failed
from connectors.sources.civicrm.client import CivicrmClient, Row
from connectors.sources.civicrm.settings import CivicrmSettings
from connectors.sources.civicrm.streams import ENTITIES, STREAMS

_SPECS = {spec.name: spec for spec in STREAMS}
# Flags that `get` filters to 0 unless `where` names them (GetActionDefaultsProvider.php).
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "contact": ("is_deleted",),
    "membership": ("is_test",),
    "case": ("is_deleted",),
    "activity": ("is_deleted", "is_test"),
}
# A lower id can be committed after a higher one was read: go back so many ids each time.
ID_OVERLAP = 200
CASE_STATUS = "Change Case Status"


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: `round` 0 is the slice, 1 everything (after a merge); ids > `after`."""

    round: int = 0
    after: int = 0


class CivicrmSource:
    """One CiviCRM site. Building it does no I/O."""

    def __init__(self, name: str, settings: CivicrmSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = CivicrmClient(name, settings, context)
        self._zone = ZoneInfo(settings.site_timezone)

    @property
    def usage(self) -> Usage:
        """Requests and bytes so far."""
        return self._client.usage

    def close(self) -> None:
        self._client.close()

    def streams(self) -> Sequence[StreamSpec]:
        """All streams, with the site's own time zone."""
        return [replace(spec, timezone=self._settings.site_timezone) for spec in STREAMS]

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, by which cursor, and which declared fields the site lacks."""
        items = []
        for spec in STREAMS:
            entity = ENTITIES[spec.name]
            try:
                known = self._client.fields(entity, spec.name)
                self._client.get(entity, select=["id"], where=[], limit=1, stream=spec.name)
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
                continue
            missing = [f for f in self._site_fields(spec) if not _known(f, known)]
            detail = f"readable; {self._cursor_in_words(spec, known)}"
            if missing:
                detail += (
                    f"; not on this site, so empty: {', '.join(missing)}"
                    " (map differently named ones with field_names)"
                )
            items.append(CheckItem(spec.name, True, detail))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages in id order; each can be resumed after."""
        spec = _SPECS[request.stream]
        if spec.cursor.kind == "updated_since":
            yield from self._changed(spec, request)
            return
        start = _Position.parse(request.position)
        if spec.cursor.kind == "append_log_id" and request.mark and not request.position:
            start = _Position(after=max(0, int(request.mark) - ID_OVERLAP))
        yield from self._round(spec, [], start)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids the site has now, the trash included, in chunks."""
        after = 0
        while True:
            rows = self._client.get(
                ENTITIES[stream],
                select=["id"],
                where=[*self._base(stream), ["id", ">", after]],
                limit=self._settings.page_size,
                stream=stream,
            ).values
            if rows:
                yield [(row["id"],) for row in rows]
                after = int(rows[-1]["id"])
            if len(rows) < self._settings.page_size:
                return

    def _changed(self, spec: StreamSpec, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        if not self._has_modified(spec):
            yield from self._round(spec, [], position)
            return
        where = []
        if request.since is not None:
            where.append(["modified_date", ">=", self._local(request.since)])
        if request.until is not None:
            where.append(["modified_date", "<", self._local(request.until)])
        if position.round == 0:
            yield from self._round(spec, where, position)
            if not self._merge_suspected(spec, request):
                return
            position = _Position(round=1)
        yield from self._round(spec, [], position)

    def _round(self, spec: StreamSpec, where: Sequence[Any], position: _Position) -> Iterator[Page]:
        """All records that match, from `position` on; a page shorter than asked for is the last."""
        size, after = self._settings.page_size, position.after
        while True:
            found = self._client.get(
                ENTITIES[spec.name],
                select=self._site_fields(spec),
                where=[*self._base(spec.name), *where, ["id", ">", after]],
                limit=size,
                stream=spec.name,
            )
            token = f"{position.round}:id>{after}"
            after = int(found.values[-1]["id"]) if found.values else after
            yield Page(
                rows={spec.name: self._shaped(spec, found.values)},
                token=token,
                position=_Position(position.round, after).text(),
                server_time=found.server_time,
            )
            if len(found.values) < size:
                return

    def _shaped(self, spec: StreamSpec, rows: Sequence[Row]) -> list[Row]:
        """Rows under the declared keys; of several targets the first, and only needed subjects."""
        names = {site: path for path, site in self._settings.field_names.items()}
        shaped = [{names.get(key, key): value for key, value in row.items()} for row in rows]
        if spec.name != "activity":
            return shaped
        subjects = self._subjects(shaped)
        for row in shaped:
            targets = row.get("target_contact_id")
            if isinstance(targets, list):
                row["target_contact_id"] = targets[0] if targets else None
                if len(targets) > 1:
                    row["other_target_contact_ids"] = targets[1:]
            row["subject"] = subjects.get(row["id"])
        return shaped

    def _subjects(self, rows: Sequence[Row]) -> dict[Any, Any]:
        """Subjects of case-status rows only: elsewhere a subject is free text about a person."""
        wanted = [row["id"] for row in rows if row.get("activity_type_id:name") == CASE_STATUS]
        if not wanted:
            return {}
        found = self._client.get(
            "Activity",
            select=["id", "subject"],
            where=[*self._base("activity"), ["id", "IN", wanted]],
            limit=len(wanted),
            stream="activity",
        )
        return {row["id"]: row.get("subject") for row in found.values}

    def _merge_suspected(self, spec: StreamSpec, request: Request) -> bool:
        """True when contacts went to the trash since the last read, so that rows may have moved."""
        if spec.name != "activity" or request.mark is None or request.since is None:
            return False  # not an incremental read
        trashed = self._client.get(
            "Contact",
            select=["id"],
            where=[
                ["is_deleted", "=", True],
                ["modified_date", ">=", self._local(request.since)],
            ],
            limit=1,
            stream=spec.name,
        )
        return bool(trashed.values)

    def _base(self, stream: str) -> list[Any]:
        flags: list[Any] = [[flag, "IN", [False, True]] for flag in _FLAGS.get(stream, ())]
        if stream == "activity":
            flags.append(["activity_type_id:name", "IN", list(self._settings.activity_types)])
        return flags

    def _site_fields(self, spec: StreamSpec) -> list[str]:
        """What to select: every declared column under the site's own name, but no subject."""
        paths = [column.path or name for name, column in spec.columns.items()]
        return [self._settings.field_names.get(path, path) for path in paths if path != "subject"]

    def _has_modified(self, spec: StreamSpec) -> bool:
        return "modified_date" in self._client.fields(ENTITIES[spec.name], spec.name)

    def _cursor_in_words(self, spec: StreamSpec, known: frozenset[str]) -> str:
        if spec.cursor.kind == "append_log_id":
            return "incremental by id"
        if spec.cursor.kind == "full":
            return "read in full each time, compared by row hash"
        if "modified_date" in known:
            return "incremental by modified_date"
        return "no modified_date on this site: read in full each time, compared by row hash"

    def _local(self, moment: datetime) -> str:
        """A moment as the site writes it: local time, no offset."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def _known(field: str, known: frozenset[str]) -> bool:
    """Is the field on the site? Joined fields are listed by their join, option fields bare."""
    plain = field.partition(":")[0]
    return plain in known or plain.partition(".")[0] in known

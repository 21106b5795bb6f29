"""CiviCRM as a source: people, memberships, cases, events and money over APIv4.

Data flow: CivicrmSource.pages() -> CivicrmClient.get() in id order -> Page -> engine.

Every stream is read in id order (`where id > last`), which inserts, changes and deletes can not
shift, and which needs no offset. Streams with `modified_date` add `modified_date >= since`. Three
things make that complete:
- the engine caps the mark at the site's clock when the reading began, so that a row changed while
  later pages were read is read again next time;
- the next read starts a day before the mark (streams.py), which covers the doubled hour in autumn;
- if contacts went to the trash since the last read, a merge may have moved rows to another contact
  without changing their `modified_date`: activities, whose contacts lie in a table of their own,
  and standing orders of sites before CiviCRM 5.43 are then read in full. The other entities with
  the field have it dated by the database, whoever changes the row.
Where a site's entity lacks `modified_date`, `settled` says so before a stream is read (getFields,
asked once): it is then read in full and compared by row hash. A component that is switched off has
no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Cursor, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.civicrm.client import CivicrmClient, Row
from connectors.sources.civicrm.components import COMPONENTS, MODIFIED_SINCE
from connectors.sources.civicrm.records import CASE_STATUS, shaped, with_targets
from connectors.sources.civicrm.settings import CivicrmSettings
from connectors.sources.civicrm.streams import ENTITIES, STREAMS

_SPECS = {spec.name: spec for spec in STREAMS}
# Flags that `get` filters to 0 unless `where` names them (GetActionDefaultsProvider.php).
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "contact": ("is_deleted",),
    "membership": ("is_test",),
    "case": ("is_deleted",),
    "activity": ("is_deleted", "is_test"),
    "event": ("is_template",),
    "participant": ("is_test",),
    "contribution": ("is_test", "is_template"),
    "contribution_recur": ("is_test",),
}
# Streams whose rows a merge can move without changing their `modified_date`.
_MOVED_SILENTLY = ("activity", "contribution_recur")
# Columns that are not selected: one is asked for apart, the other is ours.
_NOT_SELECTED = ("subject", "purpose")
# A lower id can be committed after a higher one was read: go back so many ids each time.
ID_OVERLAP = 200


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: `round` 0 is the slice, 1 everything (after a merge); ids > `after`."""

    round: int = 0
    after: int = 0


class CivicrmSource(ClientSource[CivicrmClient]):
    """One CiviCRM site. Building it does no I/O."""

    def __init__(self, name: str, settings: CivicrmSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = CivicrmClient(name, settings, context)
        self._zone = ZoneInfo(settings.site_timezone)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams but the excluded ones, with the site's own time zone."""
        return [
            replace(spec, timezone=self._settings.site_timezone)
            for spec in STREAMS
            if spec.name not in self._settings.exclude
        ]

    def settled(self, spec: StreamSpec) -> StreamSpec:
        """The spec as this site allows it: read in full where there is no `modified_date`."""
        if spec.cursor.kind != "updated_since" or self._is_absent(spec.name):
            return spec
        return spec if self._has_modified(spec) else replace(spec, cursor=Cursor("full"))

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, by which cursor, and which declared fields the site lacks."""
        items = []
        for spec in self.streams():
            entity = ENTITIES[spec.name]
            try:
                if self._is_absent(spec.name):
                    items.append(CheckItem(spec.name, True, _absent_in_words(spec.name)))
                    continue
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
        if self._is_absent(spec.name):
            return
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
        while not self._is_absent(stream):
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
        found = shaped(spec.name, rows, self._settings)
        return with_targets(found, self._subjects(found)) if spec.name == "activity" else found

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
        if spec.name not in _MOVED_SILENTLY or request.mark is None or request.since is None:
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
        if stream == "relationship":
            kinds = list(self._settings.relationship_types)
            flags.append(["relationship_type_id:name", "IN", kinds])
        return flags

    def _site_fields(self, spec: StreamSpec) -> list[str]:
        """What to select: the declared columns under the site's own names."""
        paths = [column.path or name for name, column in spec.columns.items()]
        names = self._settings.field_names
        return [names.get(path, path) for path in paths if path not in _NOT_SELECTED]

    def _is_absent(self, stream: str) -> bool:
        return stream in COMPONENTS and self._client.lacks(ENTITIES[stream], stream)

    def _has_modified(self, spec: StreamSpec) -> bool:
        return "modified_date" in self._client.fields(ENTITIES[spec.name], spec.name)

    def _cursor_in_words(self, spec: StreamSpec, known: frozenset[str]) -> str:
        if spec.cursor.kind == "append_log_id":
            return "incremental by id"
        if spec.cursor.kind == "full":
            return "read in full each time, compared by row hash"
        if "modified_date" in known:
            return "incremental by modified_date"
        since = MODIFIED_SINCE.get(ENTITIES[spec.name])
        version = f" (it came with CiviCRM {since})" if since else ""
        return (
            f"no modified_date on this site{version}: read in full each time, compared by row hash"
        )

    def _local(self, moment: datetime) -> str:
        """A moment as the site writes it: local time, no offset."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def _absent_in_words(stream: str) -> str:
    entity = ENTITIES[stream]
    return f"this site has no {entity} ({COMPONENTS[stream]} is switched off): nothing to read"


def _known(field: str, known: frozenset[str]) -> bool:
    """Is the field on the site? Joined fields are listed by their join, option fields bare."""
    plain = field.partition(":")[0]
    return plain in known or plain.partition(".")[0] in known

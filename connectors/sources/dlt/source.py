"""A dlt resource as a source: its items, filtered by their own time of change.

Data flow: Request -> function(arguments, since) -> items -> rows mapped -> Page -> engine.

Items come in any order and a resource can not go on in the middle: an interrupted read begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from connectors.errors import ConfigurationError, JourneyConnectorError, SourceError
from connectors.landing.fields import as_moment, value_at
from connectors.protocol import CheckItem, Column, Cursor, Offer, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import failed
from connectors.sources.contracts import primary_key
from connectors.sources.dlt.resources import items_of, judged, load_function, resources_of
from connectors.sources.dlt.settings import DltMapping, DltSettings
from connectors.sources.mapping import CURSOR, DELETED, as_text, flagged, mapped_spec


class DltSource:
    """One function that gives a resource or source of dlt. Building it does no I/O."""

    def __init__(self, name: str, settings: DltSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._home = context.home
        self._streams = {stream.entity: stream for stream in settings.streams}
        self._keys: dict[str, list[str]] = {}

    def close(self) -> None:
        """Nothing to close: a resource holds what it needs while it is read."""

    def streams(self) -> Sequence[StreamSpec]:
        """The mapped entities, as configured."""
        return [self._spec(stream) for stream in self._settings.streams]

    def check(self) -> Sequence[CheckItem]:
        """Whether dlt, the function and each resource are there; nothing is asked of the system."""
        try:
            found = resources_of(self._made())
        except JourneyConnectorError as error:
            return [failed("function", error)]
        items = [CheckItem("function", True, f"gives {len(found)} resources")]
        for entity, stream in self._streams.items():
            try:
                name = self._named(stream, found)
            except JourneyConnectorError as error:
                items.append(failed(entity, error))
                continue
            how = "read in full each time"
            if stream.cursor.kind == "updated_since":
                by = f", asked for by {stream.since_argument}" if stream.since_argument else ""
                how = f"what is new by {stream.cursor.field}{by}"
            items.append(CheckItem(entity, True, f"resource {name}; {how}"))
        return items

    def offers(self) -> Sequence[Offer]:
        """Resources that no entity is mapped from."""
        found = resources_of(self._made())
        read = {self._named(stream, found) for stream in self._streams.values()}
        return [Offer(name, "resource") for name in sorted(found) if name not in read]

    def pages(self, request: Request) -> Iterator[Page]:
        """The items that count, in the resource's order; no page can be resumed after."""
        stream = self._streams[request.stream]
        if stream.cursor.kind == "full" and (request.since or request.until):
            raise SourceError(
                "has no time of change: a slice of time can not be read.",
                todo="Read it anew as a whole, with --full.",
            )
        keys: list[str] = []
        rows: list[dict[str, Any]] = []
        number = 0
        for item in self._items(stream, request.since):
            record = self._landed(item, stream)
            if stream.deletes == "id_reconcile":
                keys.append(str(record[primary_key(stream.entity)]))
            if not self._counts(record, request):
                continue
            rows.append(record)
            if len(rows) >= self._settings.page_size:
                yield Page({stream.entity: rows}, token=str(number))
                rows, number = [], number + 1
        if rows:
            yield Page({stream.entity: rows}, token=str(number))
        if request.since is None or stream.since_argument is None:
            self._keys[stream.entity] = keys

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The keys of the read that has just seen everything, or else of another one."""
        mapping = self._streams[stream]
        keys = self._keys.pop(stream, None)
        if keys is None:
            key = primary_key(stream)
            keys = [str(self._landed(item, mapping)[key]) for item in self._items(mapping, None)]
        yield [(key,) for key in keys]

    def _items(self, stream: DltMapping, since: datetime | None) -> Iterator[Mapping[str, Any]]:
        try:
            found = self._made(stream, since)
            yield from items_of(found, self._named(stream, resources_of(found)))
        except Exception as error:
            # Whatever the resource's code raises has a meaning here, and nothing of it is shown.
            raise judged(error) from None

    def _made(self, stream: DltMapping | None = None, since: datetime | None = None) -> Any:
        """The resource or source, made anew: one that was iterated has nothing left to give."""
        arguments = self._settings.called_with()
        if stream is not None and stream.since_argument is not None and since is not None:
            arguments[stream.since_argument] = since.astimezone(UTC).isoformat()
        function = self._function
        try:
            return function(**arguments)
        except Exception as error:
            raise judged(error) from None

    def _named(self, stream: DltMapping, found: Mapping[str, Any]) -> str:
        if stream.resource is None and len(found) == 1:
            return next(iter(found))
        if stream.resource in found:
            return str(stream.resource)
        raise ConfigurationError(
            f"there is no resource {stream.resource!r}."
            if stream.resource
            else "the source has several resources.",
            todo=f"Set `resource` to one of: {', '.join(sorted(found))[:500]}.",
        )

    @cached_property
    def _function(self) -> Any:
        return load_function(self._settings.function, self._home)

    def _landed(self, item: Mapping[str, Any], stream: DltMapping) -> dict[str, Any]:
        made = stream.record(item)
        if stream.cursor.field is not None:
            made[CURSOR] = as_text(value_at(item, stream.cursor.field))
        if stream.deleted_field is not None:
            said = as_text(value_at(item, stream.deleted_field))
            made[DELETED] = said not in (None, "false", "False", "0")
        return made

    def _counts(self, record: Mapping[str, Any], request: Request) -> bool:
        """Whether it lies in the slice; what has no readable time of change always counts."""
        if request.since is None and request.until is None:
            return True
        moment = as_moment(record[CURSOR], Column("timestamp"), self._settings.timezone)
        if moment is None:
            return True
        after = request.since is None or moment >= request.since
        return after and (request.until is None or moment < request.until)

    def _spec(self, stream: DltMapping) -> StreamSpec:
        said = stream.cursor
        spec = mapped_spec(
            stream.entity,
            Cursor(said.kind, said.field, timedelta(hours=said.lookback_hours)),
            timezone=self._settings.timezone,
            description=f"Items of a dlt resource, mapped to {stream.entity}.",
        )
        spec = replace(spec, deletes=stream.deletes)
        if stream.deleted_field is None:
            return spec
        return flagged(spec)

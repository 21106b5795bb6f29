"""A Singer tap as a source: one run per entity, with that entity's stream selected.

Data flow: Request (state) -> tap -> SCHEMA, RECORD, STATE -> rows mapped -> Page -> engine.

Facts (docs/SPEC.md, SYNC_MODE.md, DISCOVERY_MODE.md of singer-io/getting-started): a STATE may be
given back once all records before it are stored; what it means is the tap's business; types of
messages are read without regard to case, and unknown ones are allowed.

Entities do not share a run. Each has its own state, is read, resumed and repeated by itself, and
the failure of one stream does not hold up the others; a tap whose streams have a parent reads the
parent once for each.

The mark is the last STATE before the end of a run that ended well. A page's position is the last
STATE all of whose records are landed: an interrupted run goes on there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import uuid4

from connectors.errors import ConfigurationError, JourneyConnectorError, SourceError
from connectors.landing.fields import value_at
from connectors.protocol import CheckItem, Cursor, Offer, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import failed
from connectors.sources.contracts import primary_key
from connectors.sources.mapping import DELETED, as_text, flagged, mapped_spec
from connectors.sources.singer.catalog import entry_of, fields_of, missing_fields, name_of, selected
from connectors.sources.singer.process import Tap
from connectors.sources.singer.settings import SingerMapping, SingerSettings


class SingerSource:
    """One tap. Building it does no I/O."""

    def __init__(self, name: str, settings: SingerSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._home = context.home
        self._streams = {stream.entity: stream for stream in settings.streams}
        self._tap = Tap(name, settings, home=context.home, state_dir=context.state_dir)
        self._keys: dict[str, list[str]] = {}

    def close(self) -> None:
        """Nothing to close: a tap lives as long as a read."""

    def streams(self) -> Sequence[StreamSpec]:
        """The mapped entities, as configured."""
        return [self._spec(stream) for stream in self._settings.streams]

    def check(self) -> Sequence[CheckItem]:
        """Whether the tap starts and describes its streams, then each stream's fields."""
        try:
            catalog = self._catalog
        except JourneyConnectorError as error:
            return [failed("tap", error)]
        if catalog is None:
            return [CheckItem("tap", True, "started without a catalog: nothing can be checked")]
        items = [CheckItem("tap", True, f"describes {len(catalog['streams'])} streams")]
        for entity, stream in self._streams.items():
            try:
                selected(catalog, stream)
            except JourneyConnectorError as error:
                items.append(failed(entity, error))
                continue
            entry = entry_of(catalog, stream.stream) or {}
            missing = missing_fields(entry.get("schema"), stream)
            how = "the tap's state" if stream.replication == "incremental" else "full each time"
            items.append(
                CheckItem(entity, False, f"{stream.stream} has no field {', '.join(missing)}")
                if missing
                else CheckItem(entity, True, f"reads {stream.stream}; cursor: {how}")
            )
        return items

    def offers(self) -> Sequence[Offer]:
        """Streams of the tap that no entity is mapped from."""
        catalog = self._catalog
        read = {stream.stream for stream in self._streams.values()}
        return [
            Offer(name_of(entry), f"{len(fields_of(entry.get('schema')))} fields")
            for entry in (catalog or {"streams": []})["streams"]
            if not read & {entry.get("stream"), entry.get("tap_stream_id")}
        ]

    def pages(self, request: Request) -> Iterator[Page]:
        """The records of one run of the tap, from the state of the position or the mark on."""
        stream = self._streams[request.stream]
        if request.since is not None or request.until is not None:
            raise SourceError(
                "a tap can not read a slice of time.",
                todo="Read it anew as a whole, with --full, or set the tap's own start date.",
            )
        begun = request.position or (None if request.full else request.mark)
        pile = _Pile(stream, self._settings.page_size, begun)
        keys: list[str] = []
        for message in self._messages(stream, begun):
            if message["type"] == "STATE":
                pile.state(message.get("value"))
            elif message["type"] == "RECORD" and message.get("stream") == stream.stream:
                record = landed(message.get("record"), stream)
                if stream.deletes == "id_reconcile":
                    keys.append(str(record[primary_key(stream.entity)]))
                pile.rows.append(record)
            yield from pile.pages(at_state=message["type"] == "STATE")
        yield from pile.rest()
        if stream.deletes == "id_reconcile" and begun is None:
            self._keys[stream.entity] = keys

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The keys of the run that has just brought everything, or else of another one."""
        keys = self._keys.pop(stream, None)
        if keys is None:
            mapping = self._streams[stream]
            keys = [
                str(landed(message.get("record"), mapping)[primary_key(stream)])
                for message in self._messages(mapping, None)
                if message["type"] == "RECORD" and message.get("stream") == mapping.stream
            ]
        yield [(key,) for key in keys]

    def _messages(self, stream: SingerMapping, begun: str | None) -> Iterator[dict[str, Any]]:
        """The run's messages, held against what its schemas promise."""
        catalog = self._catalog
        chosen = selected(catalog, stream) if catalog is not None else None
        state = json.loads(begun)["state"] if begun else None
        described: set[str] = set()
        for message in self._tap.messages(chosen, state):
            name = message.get("stream")
            if message["type"] == "SCHEMA":
                described.add(str(name))
                missing = missing_fields(message.get("schema"), stream)
                if name == stream.stream and missing:
                    raise ConfigurationError(
                        f"the tap's stream {name} has no field {', '.join(missing)}.",
                        todo="Correct the mapping in config/sources.yml; the mark stays.",
                    )
            elif message["type"] == "BATCH":
                raise SourceError(
                    "the tap hands over files (BATCH), which are not read.",
                    todo="Switch its `batch_config` off.",
                )
            elif message["type"] == "RECORD" and name not in described:
                raise SourceError(
                    f"a record of {name} came before any SCHEMA of it.",
                    todo="The tap does not follow the Singer specification; the mark stays.",
                )
            yield message
        if stream.stream not in described:
            raise SourceError(
                f"the tap ended well without ever describing its stream {stream.stream}.",
                todo="Check `stream`, `also`, and what the tap's account may see.",
            )

    @cached_property
    def _catalog(self) -> dict[str, Any] | None:
        said = self._settings.catalog
        if said == "none":
            return None
        if said == "discover":
            return self._tap.discover()
        try:
            found = json.loads((self._home / said).read_text(encoding="utf-8"))
            return {"streams": list(found["streams"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"`catalog: {said}` is no readable catalog.",
                todo="Expected the file that the tap's --discover wrote.",
            ) from error

    def _spec(self, stream: SingerMapping) -> StreamSpec:
        spec = mapped_spec(
            stream.entity,
            Cursor("full" if stream.replication == "full_table" else "event_log"),
            timezone=self._settings.timezone,
            description=f"Records of the tap's stream {stream.stream}, mapped to {stream.entity}.",
        )
        spec = replace(spec, deletes=stream.deletes)
        if stream.deleted_field is None:
            return spec
        return flagged(spec)


class _Pile:
    """Rows not yet landed, and the states around them."""

    def __init__(self, stream: SingerMapping, size: int, begun: str | None) -> None:
        self.rows: list[dict[str, Any]] = []
        self._stream, self._size = stream, size
        self._run, self._number = uuid4().hex[:8], 0  # pages of one run are never the same ones
        self._safe = begun  # the last state all of whose records are on a page
        self._state: str | None = None  # a newer one, whose records are all on a page or the pile

    def state(self, value: Any) -> None:
        self._state = json.dumps({"state": value}, separators=(",", ":"))

    def pages(self, *, at_state: bool) -> Iterator[Page]:
        """A page, if there is enough: at a state, or, when none comes, at twice the size."""
        if len(self.rows) >= self._size * (1 if at_state else 2):
            yield self._page()

    def rest(self) -> Iterator[Page]:
        """What is left at the end of the run."""
        if self.rows or self._state is not None:
            yield self._page()

    def _page(self) -> Page:
        """The whole pile; the newest state counts from this page on."""
        state, self._state = self._state, None
        self._safe = state or self._safe
        rows, self.rows = self.rows, []
        self._number += 1
        token = f"{self._run}#{self._number}"
        return Page({self._stream.entity: rows}, token=token, position=self._safe, mark=state)


def landed(found: Any, stream: SingerMapping) -> dict[str, Any]:
    """The contract record of a RECORD's content, with its mark of deletion."""
    if not isinstance(found, Mapping):
        raise SourceError(f"a RECORD of {stream.stream} holds no object.")
    made = stream.record(found)
    if stream.deleted_field is not None:
        said = as_text(value_at(found, stream.deleted_field))
        made[DELETED] = said not in (None, "false", "False", "0")
    return made

"""A described API as a source.

Data flow: RestSource.pages() -> RestClient.ask() -> walk() -> mapped records -> Page -> engine.

An interrupted read goes on only where that is safe: at the last id, or at a token the description
calls resumable. Everything else (pages, offsets, links, one list per record of another) is read
again from the start of its slice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from connectors.errors import JourneyConnectorError, SourceError
from connectors.protocol import CheckItem, Offer, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.contracts import primary_key
from connectors.sources.rest.client import RestClient
from connectors.sources.rest.description import StreamDescription
from connectors.sources.rest.selectors import MISSING, Row, find
from connectors.sources.rest.settings import RestSettings
from connectors.sources.rest.streams import EACH, landed, spec_of, whole, written
from connectors.sources.rest.template import fields_in
from connectors.sources.rest.walking import Step, until_still, walk


@dataclass(frozen=True)
class _Place(Place):
    """Where a read stands: the token of the next page, or that there is none."""

    at: str | None = None
    done: bool = False


class RestSource(ClientSource[RestClient]):
    """One described API. Building it does no I/O."""

    def __init__(self, name: str, settings: RestSettings, context: SourceContext) -> None:
        self.name = name
        self._zone = settings.timezone
        self._described = {stream.entity: stream for stream in settings.streams}
        self._client = RestClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """The described entities, in the order of the description."""
        return [spec_of(stream, self._zone) for stream in self._described.values()]

    def check(self) -> Sequence[CheckItem]:
        """The first page of every stream: can it be read, and does it have what is mapped."""
        items = []
        for stream in self._described.values():
            try:
                items.append(self._checked(stream))
            except JourneyConnectorError as error:
                items.append(failed(stream.entity, error))
        return items

    def offers(self) -> Sequence[Offer]:
        """The fields of each first page's records that nothing is made of."""
        found = []
        for stream in self._described.values():
            used = _fields_used(stream)
            seen = sorted({path for row in self._first_page(stream)[0] for path in _paths(row)})
            found += [
                Offer(f"{stream.entity}: {path}", "a field that is not mapped")
                for path in seen
                if path not in used
            ]
        return found

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; `position` only where the description allows going on from it."""
        stream = self._described[request.stream]
        place = _Place.parse(request.position)
        if place.done:
            return
        start = place.at or self._after_log(stream, request)
        values = self._values(stream, request)
        for each in self._each(stream):
            landed_before: set[int] = set()
            for number, step in self._steps(stream, {**values, "each": each}, start, each):
                rows = [self._row(stream, row, each) for row in step.rows]
                if number > 1:  # a second walk brings only what the first one did not
                    rows = [row for row in rows if _digest(row) not in landed_before]
                if stream.paginate.moves:
                    landed_before.update(map(_digest, rows))
                yield Page(
                    rows={stream.entity: rows},
                    token=_token(step, number, each),
                    position=_position(stream, step),
                    expected_total=None if stream.for_each else step.total,
                    server_time=step.server_time,
                )

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All current keys: the whole list is read for them."""
        described = self._described[stream]
        key = primary_key(stream)
        for each in self._each(described):
            for _, step in self._steps(described, {"each": each}, None, each):
                yield [(self._row(described, row, each)[key],) for row in step.rows]

    def _steps(
        self, stream: StreamDescription, values: Mapping[str, Any], start: str | None, each: Any
    ) -> Iterator[tuple[int, Step]]:
        def once() -> Iterator[Step]:
            links = stream.paginate.by in ("next_link", "link_header")
            for step in walk(partial(self._client.ask, stream), stream, values, start):
                yield self._without_key(step) if links else step

        if not stream.paginate.moves:
            return ((1, step) for step in once())
        key = primary_key(stream.entity)
        return until_still(once, lambda row: str(self._row(stream, row, each)[key]))

    def _row(self, stream: StreamDescription, row: Row, each: Any) -> dict[str, Any]:
        return landed(whole(row, stream, each), stream)

    def _values(self, stream: StreamDescription, request: Request) -> dict[str, Any]:
        form = stream.cursor.format
        return {
            name: value
            for name, value in (
                ("since", written(request.since, form, self._zone)),
                ("until", written(request.until, form, self._zone, up=True)),
            )
            if value is not None
        }

    def _after_log(self, stream: StreamDescription, request: Request) -> str | None:
        """The id after which an append log goes on, as a token."""
        if stream.cursor.kind != "append_log_id" or request.mark is None:
            return None
        if not request.mark.lstrip("-").isdigit():
            return None  # a mark from when the description followed times
        return json.dumps(int(request.mark) - stream.cursor.overlap)

    def _each(self, stream: StreamDescription) -> Iterator[Any]:
        """What the stream is read for; a single None without `for_each`."""
        said = stream.for_each
        if said is None:
            yield None
        elif said.stream is None:
            yield from said.values or []
        else:
            other = self._described[said.stream]
            seen: set[Any] = set()
            for _, step in self._steps(other, {}, None, None):
                for row in step.rows:
                    found = find(whole(row, other), str(said.field))
                    if not isinstance(found, str | int):
                        raise SourceError(
                            f"a record of {said.stream} has no `for_each.field: {said.field}`.",
                            todo="Correct `field`.",
                        )
                    if found not in seen:
                        seen.add(found)
                        yield found

    def _without_key(self, step: Step) -> Step:
        """Tokens are kept in landing, and some systems repeat the key in their links."""
        clean = self._client.without_key
        return replace(step, token=clean(step.token), next=step.next and clean(step.next))

    def _first_page(self, stream: StreamDescription) -> tuple[list[dict[str, Any]], bool]:
        """(records of the first page as the system has them, whether more follow).

        Of `for_each` only the first few are tried.
        """
        for each in islice(self._each(stream), 5):
            for _, step in self._steps(stream, {"each": each}, None, each):
                if step.rows or stream.for_each is None:
                    rows = [whole(row, stream, each) for row in step.rows]
                    return rows, step.next is not None
                break
        return [], False

    def _checked(self, stream: StreamDescription) -> CheckItem:
        rows, more = self._first_page(stream)
        for row in rows:
            landed(row, stream)
        if not rows:
            return CheckItem(stream.entity, stream.empty == "ok", "can be read; no records yet")
        unseen = [
            name for name in stream.columns if all(find(row, name) is MISSING for row in rows)
        ]
        keys = [name for name, target in stream.pairs() if target == primary_key(stream.entity)]
        said = f"{len(rows)} records on the first page, {'more' if more else 'none'} after it"
        said += f"; {_in_words(stream)}"
        if unseen:
            said += f"; in none of them: {', '.join(unseen)}"
        return CheckItem(stream.entity, not set(keys) & set(unseen), said)


def _token(step: Step, number: int, each: Any) -> str:
    parts = ([] if each is None else [str(each)]) + ([] if number == 1 else [f"walk {number}"])
    return ":".join([*parts, step.token or "start"])


def _position(stream: StreamDescription, step: Step) -> str | None:
    """How to go on after the page; None: not safely."""
    if stream.for_each or not (stream.paginate.by == "last_id" or stream.paginate.resumable):
        return None
    return _Place(at=step.next, done=step.next is None).text()


def _in_words(stream: StreamDescription) -> str:
    said = stream.cursor
    if said.kind == "full":
        return "read in full each time"
    words = {
        "updated_since": "what changed by",
        "created_only": f"of the last {said.window.days} days by",
        "append_log_id": "what was added, by",
    }
    return f"{words[said.kind]} {said.field}"


def _digest(row: Mapping[str, Any]) -> int:
    return hash(json.dumps(row, sort_keys=True, default=str))


def _fields_used(stream: StreamDescription) -> set[str]:
    used = {EACH, *stream.columns, *stream.compose}
    used |= {name for made in stream.compose.values() for name in fields_in(made)}
    named = (stream.cursor.field, stream.deletes.field, stream.paginate.field)
    return used | {name for name in named if name is not None}


def _paths(row: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted paths of a record's single values; a list counts as one."""
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            yield from _paths(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"

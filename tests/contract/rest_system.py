"""A served API, a lake to read it into, and the ways of paging, for the tests of the `rest` kind.

Data flow: RestFake (or a function of the test's own) -> FakeServer -> RestSource -> Lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cases_rest import PEOPLE
from lake import Lake
from vendors import QUICK

from connectors.protocol import Request as Wanted
from connectors.registry import SourceContext, build_source
from connectors.sources.rest import RestSource
from connectors.testing.fakes.rest import RestFake
from connectors.testing.messages import Request, Response
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
Answer = Callable[[Request], Any]


@dataclass
class System:
    """A served API, a lake, and sources that are closed in the end."""

    url: str
    server: FakeServer
    store: RecordStore
    folder: Path
    lake: Lake
    opened: list[RestSource] = field(default_factory=list)

    def source(self, *streams: dict[str, Any], **settings: Any) -> RestSource:
        described = [{**PEOPLE, "records": "data", **stream} for stream in streams]
        wanted = {"base_url": self.url, **QUICK, "streams": described, **settings}
        built = build_source("crm", "rest", wanted, SourceContext(self.folder / "state"))
        assert isinstance(built, RestSource)
        self.opened.append(built)
        return built

    def people(self, source: RestSource, *columns: str) -> list[Any]:
        rows = self.lake.rows(source, "people", columns or ("source_record_id",))
        found = [tuple(row.values()) for row in rows]
        return [row[0] for row in found] if len(columns) < 2 else found

    def add(self, number: int, minute: int | None = None, **more: Any) -> None:
        at = START + timedelta(minutes=number if minute is None else minute)
        body = {"id": number, "name": {"last": f"Example {number}"}, "town": "Ulm"}
        stamps = {"joined": at.isoformat(), "changed": at.isoformat()}
        moment = at.timestamp()
        self.store.put(
            Record(
                *("rest", "contact", str(number), {**body, **stamps, **more}, number),
                *(moment, moment),
            )
        )


@contextmanager
def serving(folder: Path, handle: Answer | None = None) -> Iterator[System]:
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(START + timedelta(days=1))
    fake = RestFake(store)

    class App:
        def handle(self, request: Request) -> Response:
            found = handle(request) if handle else fake.handle(request)
            return found if isinstance(found, Response) else Response.of_json(found)

    with FakeServer(App()) as server:
        system = System(server.url, server, store, folder, Lake(folder))
        try:
            yield system
        finally:
            for source in system.opened:
                source.close()
            store.close()


@contextmanager
def eleven_people(folder: Path) -> Iterator[System]:
    """The fake with eleven contacts."""
    with serving(folder) as system:
        for number in range(1, 12):
            system.add(number)
        yield system


WAYS: dict[str, dict[str, Any]] = {
    "page": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "total": "meta.total",
        "paginate": {"by": "page", "size": 4},
    },
    "page without a total": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "paginate": {"by": "page", "size": 4},
    },
    "a size the system cuts": {
        "path": "page/contact",
        "params": {"page": "{page}", "limit": "{limit}"},
        "paginate": {"by": "page", "size": 5000},
    },
    "offset": {
        "path": "/offset/contact",
        "params": {"offset": "{offset}", "limit": "{limit}"},
        "paginate": {"by": "offset", "size": 4, "more": "meta.more"},
    },
    "an offset beyond a size the system cuts": {
        "path": "offset/contact",
        "params": {"offset": "{offset}", "limit": "{limit}"},
        "paginate": {"by": "offset", "size": 5000},
    },
    "next link": {
        "path": "next/contact",
        "params": {"limit": "{limit}"},
        "paginate": {"by": "next_link", "selector": "links.next", "size": 4},
    },
    "link header": {
        "path": "header/contact",
        "params": {"limit": "{limit}"},
        "records": ".",
        "paginate": {"by": "link_header", "size": 4},
    },
    "token": {
        "path": "token/contact",
        "method": "POST",
        "body": {"params": {"limit": "{limit}", "cursor": "{cursor}"}},
        "records": "result.items",
        "paginate": {"by": "token", "selector": "result.next_cursor", "size": 4},
    },
    "last id": {
        "path": "after/contact",
        "params": {"after": "{last_id}", "limit": "{limit}"},
        "paginate": {"by": "last_id", "field": "id", "size": 4},
    },
}
ONCE = {"path": "list"}


def whole_of(stream: str) -> Wanted:
    """What the engine asks for when it reads everything."""
    return Wanted(stream=stream, full=True)

"""One vendor for a quirk test: a store, a fake server in front of it, sources, and a lake.

Data flow: test puts records -> RecordStore -> fake server -> source -> Lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lake import Lake
from vendors import NOW, QUICK

from connectors.registry import SourceContext, build_source
from connectors.testing.faults import Faults
from connectors.testing.messages import App, RecordedRequest
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore


class VendorSite:
    """The vendor's records, its server, and everything read from it."""

    def __init__(self, kind: str, server: FakeServer, store: RecordStore, folder: Path) -> None:
        self.kind, self.server, self.store, self.folder = kind, server, store, folder
        self.lake = Lake(folder)
        self._sources: list[Any] = []

    def put(self, entity: str, id: str, sort: int, body: dict[str, Any], parent: str = "") -> None:
        record = Record(self.kind, entity, id, body, sort, float(sort), float(sort), parent or None)
        self.store.put(record)

    def source(self, **settings: Any) -> Any:
        wanted = {"base_url": self.server.url, **QUICK, **settings}
        context = SourceContext(self.folder / "state")
        self._sources.append(build_source(self.kind, self.kind, wanted, context))
        return self._sources[-1]

    def asked(self, path: str) -> list[RecordedRequest]:
        """The requests for exactly that path, in order."""
        return [request for request in self.server.requests if request.path == path]

    def close(self) -> None:
        for source in self._sources:
            source.close()


@contextmanager
def site(
    kind: str, folder: Path, app: Callable[[RecordStore], App], faults: Faults | None = None
) -> Iterator[VendorSite]:
    """A running vendor, closed with everything it opened."""
    store = RecordStore(folder / "vendor.sqlite")
    store.set_now(NOW)
    with FakeServer(app(store), faults=faults) as server:
        made = VendorSite(kind, server, store, folder)
        try:
            yield made
        finally:
            made.close()
            store.close()

"""A fake Salesforce org with a handful of records, for its own tests.

Data flow: Org.put(...) -> RecordStore -> SalesforceFake -> SalesforceSource -> Lake.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lake import Lake
from vendors import NOW, QUICK

from connectors.registry import SourceContext, build_source
from connectors.sources.salesforce.source import SalesforceSource
from connectors.testing.fakes.salesforce import CLIENT, SalesforceFake
from connectors.testing.faults import Faults
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore


def stamp(text: str) -> str:
    """2026-06-01 10:00:00 -> as Salesforce writes it."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Org:
    """A store, a server in front of it, sources that read it, and a lake."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.lake = folder, Lake(folder)
        self.store = RecordStore(folder / "salesforce.sqlite")
        self.store.set_now(NOW)
        self._servers: list[FakeServer] = []
        self._sources: list[SalesforceSource] = []

    def put(self, object: str, id: str, modified: str = "2026-06-01 10:00:00", **body: Any) -> None:
        """A record; `modified` is its time of change."""
        moment = stamp(modified)
        given = {"Id": id, "IsDeleted": False, "CreatedDate": stamp("2026-01-01 00:00:00")}
        full = {**given, "LastModifiedDate": moment, "SystemModstamp": moment, **body}
        self.store.put(
            Record("salesforce", object, id, full, self.store.count("salesforce", object), 0, 0)
        )

    def contacts(self, count: int, **more: Any) -> None:
        """So many contacts c001, c002, ..., one a minute."""
        for number in range(1, count + 1):
            at = f"2026-06-01 10:{number:02d}:00"
            self.put("Contact", f"c{number:03d}", at, LastName=f"Example {number}", **more)

    def source(
        self, fake: dict[str, Any] | None = None, faults: Faults | None = None, **settings: Any
    ) -> SalesforceSource:
        self.fake = SalesforceFake(self.store, **(fake or {}))
        self.server = FakeServer(self.fake, faults=faults).start()
        self._servers.append(self.server)
        wanted = {
            "base_url": self.server.url,
            "client_id": CLIENT[0],
            "client_secret": CLIENT[1],
            "map": "npsp",
            "page_size": 3,
            "poll_seconds": 0.01,
            **QUICK,
            **settings,
        }
        return self.again(wanted)

    def again(self, settings: dict[str, Any]) -> SalesforceSource:
        """A source of the running server, as a new process would build it."""
        self.settings = settings
        context = SourceContext(self.folder / "data" / "state")
        built = build_source("crm", "salesforce", settings, context)
        assert isinstance(built, SalesforceSource)
        self._sources.append(built)
        return built

    def asked(self, of: str = "/queryAll") -> list[str]:
        """The queries sent to `of` so far."""
        return [str(r.param("q")) for r in self.server.requests if r.path.endswith(of)]

    def paths(self) -> list[str]:
        """What was asked for, without the root of the API."""
        return [r.path.rpartition("/v66.0/")[2] or r.path for r in self.server.requests]

    def close(self) -> None:
        for source in self._sources:
            source.close()
        for server in self._servers:
            server.stop()
        self.store.close()

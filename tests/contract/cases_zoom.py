"""Zoom as conformance cases: webinars with registrants in full, reports by a re-read window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

from vendors import QUICK, Body, Case, Key, StoreVendor, case, z

from connectors.protocol import Source
from connectors.registry import build_source
from connectors.testing.fakes.zoom import ZoomFake
from connectors.testing.faults import Faults
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

HOST = "host_A"


class Zoom(StoreVendor):
    vendor = kind = "zoom"
    error_in_200: ClassVar[Body] = {"code": 300, "message": "Something about Anna Example"}
    settings: ClassVar[Body] = {
        "account_id": "sandbox-account",
        "client_id": "sandbox-client",
        "client_secret": "sandbox-zoom-secret",
    }

    def __init__(
        self, store: RecordStore, server: FakeServer, faults: Faults, folder: Path
    ) -> None:
        super().__init__(store, server, faults, folder)
        # Reports reach back from the real today: the vendor's clock is set close to it.
        store.set_now(datetime.now(UTC).replace(microsecond=0) - timedelta(hours=6))
        store.put(Record("zoom", "user", HOST, {"id": HOST}, 1, 0.0, 0.0))

    def source(self) -> Source:
        url = self.server.url
        wanted = {"base_url": url, "oauth_url": url, **QUICK, **self.settings}
        self._opened.append(build_source(self.kind, self.kind, wanted, self._context))
        return self._opened[-1]

    def parent_of(self, body: Body) -> str:
        return HOST


class ZoomWebinar(Zoom):
    entity, stream, column = "webinar", "webinar", "topic"
    page_path = r"/registrants\?"
    spoiled: ClassVar[Body] = {"duration": "long"}
    lacks = frozenset({"delete", "fixed_key", "loop", "tie"})

    def insert(self) -> Key:
        id = f"8{self.next_number():09d}"
        body = {"id": int(id), "uuid": f"{id}==", "host_id": HOST, "topic": f"Webinar {id}"}
        self.put(id, {**body, "start_time": z(self.store.now())}, "new")
        person = {"id": f"R{id}", "email": f"p{id}@example.org", "status": "approved"}
        self.store.put(Record("zoom", "registrant", f"R{id}", person, 1, 0.0, 0.0, id))
        return (id,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class ZoomInstance(Zoom):
    entity, stream, column = "instance", "instance", "topic"
    page_path = r"/report/webinars/"
    spoiled: ClassVar[Body] = {"duration": "long"}
    lacks = frozenset({"delete", "fixed_key", "loop"})

    def insert(self) -> Key:
        number = self.next_number()
        uuid = f"/u{number:03d}//x==" if number % 2 else f"u+{number:03d}/x=="
        body = {"uuid": uuid, "id": 8_000_000_000 + number, "topic": f"Webinar {number}"}
        self.put(uuid, body, "new")
        stay = {"user_id": "1", "join_time": z(self.store.now()), "duration": 60}
        self.store.put(Record("zoom", "participant", f"P{number}", stay, 1, 0.0, 0.0, uuid))
        return (uuid,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        # A past webinar is only corrected in place; its time changes where a test says so.
        if how == "changed":
            return body
        return {**body, "start_time": z(at), "end_time": z(at)}


CASES: dict[str, Case] = {
    "zoom_webinar": case(ZoomWebinar, ZoomFake, records=4),
    "zoom_instance": case(ZoomInstance, ZoomFake, records=5),
}

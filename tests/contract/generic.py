"""A tiny made-up vendor for the conformance suite itself: things, in pages by key.

Data flow: RecordStore -> ThingsApp -> FakeServer -> ThingsSource -> engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.errors import SourceError
from connectors.http.client import HttpClient
from connectors.http.pagination import PageAnswer, keyset_pages
from connectors.http.retry import RetryPolicy
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec
from connectors.testing import messages
from connectors.testing.faults import Faults
from connectors.testing.server import FakeServer
from connectors.testing.store import Record, RecordStore

SIZE = 10
SPEC = StreamSpec(
    name="thing",
    primary_key=("id",),
    columns={
        "id": Column("integer"),
        "name": Column("string"),
        "weight": Column("integer"),
        "email": Column("email", path="contact.email"),
        "changed": Column("timestamp"),
    },
    cursor=Cursor("updated_since", field="changed", lookback=timedelta(minutes=5)),
    deletes="id_reconcile",
    empty_first_page="error",
)


class ThingsApp:
    """GET /things?after=&limit=&since= -> {"things": [...]} in order of id; GET /ids -> all."""

    def __init__(self, store: RecordStore) -> None:
        self.store = store

    def handle(self, request: messages.Request) -> messages.Response:
        date = {"Date": self.store.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if request.path == "/ids":
            ids = [int(r.id) for r in self.store.query("things", "thing")]
            return messages.Response.of_json(ids, headers=date)
        since = request.param("since")
        found = self.store.query(
            "things",
            "thing",
            after_sort=int(request.param("after") or -1),
            updated_since=datetime.fromisoformat(since).timestamp() if since else None,
            limit=int(request.param("limit") or SIZE),
        )
        return messages.Response.of_json({"things": [r.body for r in found]}, headers=date)


class ThingsSource:
    """Reads the app's things."""

    name = "things"

    def __init__(self, url: str) -> None:
        self._client = HttpClient(
            url,
            source=self.name,
            retry=RetryPolicy(attempts=3, base=0.01),
            vendor_error=lambda _status, body: (
                SourceError("the vendor reports an error.")
                if isinstance(body, dict) and "error" in body
                else None
            ),
        )

    def close(self) -> None:
        self._client.close()

    def streams(self) -> Sequence[StreamSpec]:
        return [SPEC]

    def check(self) -> Sequence[CheckItem]:
        return [CheckItem("things", True, "can be read")]

    def pages(self, request: Request) -> Iterator[Page]:
        since = request.since.isoformat() if request.since else None
        time: datetime | None = None

        def fetch(after: str | None, limit: int) -> PageAnswer:
            nonlocal time
            answer = self._client.json(
                "things", params={"after": after, "limit": limit, "since": since}
            )
            time = answer.server_time
            return PageAnswer(answer.body["things"])

        start = request.position
        for token, page in keyset_pages(fetch, size=SIZE, key=lambda r: str(r["id"]), start=start):
            # The last page has a position too: who resumes after it asks for one more, empty page.
            position = str(page.records[-1]["id"]) if page.records else start
            yield Page({"thing": page.records}, token=token, position=position, server_time=time)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield [(value,) for value in self._client.json("ids").body]


@dataclass
class ThingsVendor:
    """35 things; the clock moves with every change."""

    store: RecordStore
    server: FakeServer
    faults: Faults
    stream: str = "thing"
    column: str = "name"
    page_path: str = "^/things"
    error_in_200: dict[str, Any] = field(default_factory=lambda: {"error": {"code": "E1"}})
    lacks: frozenset[str] = frozenset()
    sources: list[ThingsSource] = field(default_factory=list)

    def source(self) -> ThingsSource:
        self.sources.append(ThingsSource(self.server.url))
        return self.sources[-1]

    def records(self) -> dict[tuple[str, ...], str]:
        return {(r.id,): r.body["name"] for r in self.store.query("things", "thing")}

    def insert(self) -> tuple[str, ...]:
        number = max((r.sort for r in self.store.query("things", "thing")), default=0) + 1
        self._put(number, {"id": number, "name": f"thing {number}", "weight": 5})
        return (str(number),)

    def change(self, key: tuple[str, ...]) -> None:
        body = self._body(key)
        self._put(int(key[0]), {**body, "name": body["name"] + "*"})

    def delete(self, key: tuple[str, ...]) -> None:
        self.store.delete("things", "thing", key[0])

    def spoil(self, key: tuple[str, ...]) -> None:
        self._put(int(key[0]), {**self._body(key), "weight": "heavy"})

    def tie(self, keys: Sequence[tuple[str, ...]]) -> None:
        latest = max(r.updated for r in self.store.query("things", "thing"))
        for key in keys:
            self._put(int(key[0]), self._body(key), datetime.fromtimestamp(latest, UTC))

    def _body(self, key: tuple[str, ...]) -> dict[str, Any]:
        record = self.store.get("things", "thing", key[0])
        assert record is not None
        return record.body

    def _put(self, number: int, body: dict[str, Any], at: datetime | None = None) -> None:
        if at is None:
            at = self.store.now() + timedelta(seconds=1)
            self.store.set_now(at)
        body = {
            **body,
            "contact": {"email": f" Thing{number}@Example.org"},
            "changed": at.isoformat(),
        }
        moment = at.timestamp()
        self.store.put(Record("things", "thing", str(number), body, number, moment, moment))


@contextmanager
def things(folder: Path) -> Iterator[ThingsVendor]:
    """A running vendor with 35 things."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "things.sqlite")
    store.set_now(datetime(2026, 6, 30, 12, tzinfo=UTC))
    faults = Faults()
    with FakeServer(ThingsApp(store), faults=faults) as server:
        vendor = ThingsVendor(store, server, faults)
        for _ in range(35):
            vendor.insert()
        try:
            yield vendor
        finally:
            for source in vendor.sources:
                source.close()
            store.close()

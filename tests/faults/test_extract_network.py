"""A network that misbehaves under a whole extraction: deadlines, and the page is fetched again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import BatchReceipt, extract
from connectors.errors import QuotaExhausted, RetryableError
from connectors.http.client import HttpClient, Timeouts
from connectors.http.retry import RetryPolicy
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec
from connectors.testing import messages
from connectors.testing.faults import Faults, Rule
from connectors.testing.server import FakeServer

SPEC = StreamSpec(
    name="thing",
    primary_key=("id",),
    columns={"id": Column("integer")},
    cursor=Cursor("full"),
)


class FivePages:
    """/things?page=0..4, ten things each."""

    def handle(self, request: messages.Request) -> messages.Response:
        page = int(request.param("page") or 0)
        things = [{"id": 10 * page + n} for n in range(10)]
        return messages.Response.of_json(things if page < 5 else [])


class Things:
    name = "things"

    def __init__(self, url: str) -> None:
        self.client = HttpClient(
            url,
            source=self.name,
            timeouts=Timeouts(connect=1.0, read=0.3, total=2.0),
            retry=RetryPolicy(attempts=3, base=0.01, longest_wait=5.0),
        )

    def streams(self) -> Sequence[StreamSpec]:
        return [SPEC]

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        for number in range(int(request.position or 0), 5):
            rows = self.client.json("things", params={"page": number}).body
            yield Page({"thing": rows}, token=str(number), position=str(number + 1))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield from ()


class Night:
    """A server, its faults, and what has been read from it."""

    def __init__(self, folder: Path, server: FakeServer) -> None:
        self.landing, self.raw = Landing(folder / "landing"), folder / "raw.duckdb"
        self.server = server

    def read(self) -> BatchReceipt:
        source = Things(self.server.url)
        with source.client:
            return extract(source, "thing", landing=self.landing, states=SyncStates(self.raw))

    def asked(self) -> list[str | None]:
        return [request.param("page") for request in self.server.requests]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with FakeServer(FivePages(), faults=Faults()) as server:
        yield Night(tmp_path, server)


ONCE: dict[str, Callable[[Rule], object]] = {
    "reset": lambda rule: rule.reset(),
    "lost": lambda rule: rule.lost(),
    "silent": lambda rule: rule.timeout(1.0),
    "half closed": lambda rule: rule.half_closed(1.0),
    "half an answer": lambda rule: rule.truncated(),
    "web page": lambda rule: rule.html(),
    "unavailable": lambda rule: rule.status(503),
    "told to wait": lambda rule: rule.rate_limited(0.1),
}


@pytest.mark.parametrize("fault", sorted(ONCE))
def test_a_passing_fault_costs_one_more_request(night: Night, fault: str) -> None:
    ONCE[fault](night.server.faults.on("page=2"))
    receipt = night.read()
    assert receipt.rows == {"thing": 50}
    assert night.asked() == ["0", "1", "2", "2", "3", "4"]


@pytest.mark.parametrize("fault", sorted(ONCE))
def test_a_lasting_fault_keeps_the_finished_pages(night: Night, fault: str) -> None:
    ONCE[fault](night.server.faults.on("page=2").every())
    with pytest.raises(RetryableError) as caught:
        night.read()
    assert str(caught.value).startswith("things.thing: ")
    assert night.asked() == ["0", "1", "2", "2", "2"]
    batch = night.landing.unfinished("things", "thing")
    assert batch is not None
    assert batch.rows() == {"thing": 20}
    night.server.faults.clear()
    receipt = night.read()
    assert receipt.resumed
    assert receipt.rows == {"thing": 50}
    assert night.asked()[5:] == ["2", "3", "4"]


def test_a_server_that_is_gone_is_an_error(night: Night) -> None:
    night.server.stop()
    url = "http://127.0.0.1:9"
    source = Things(url)
    with source.client, pytest.raises(RetryableError, match=r"the connection to .* broke"):
        extract(source, "thing", landing=night.landing, states=SyncStates(night.raw))


def test_a_long_wait_ends_the_run_and_keeps_the_pages(night: Night) -> None:
    night.server.faults.on("page=3").rate_limited(3600)
    with pytest.raises(QuotaExhausted, match="run again later"):
        night.read()
    assert night.asked() == ["0", "1", "2", "3"]
    assert night.read().resumed

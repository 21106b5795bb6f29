"""A source that decides per account how a stream is read: the engine goes by what it settles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.engine import extract
from connectors.errors import SourceError
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, Settling, StreamSpec

AT = datetime(2026, 6, 30, 12, tzinfo=UTC)
SPEC = StreamSpec(
    name="thing",
    primary_key=("id",),
    columns={"id": Column("integer"), "changed_at": Column("timestamp")},
    cursor=Cursor("updated_since", "changed_at", timedelta(days=1)),
    deletes="id_reconcile",
)


class Account:
    """Two rows; `dated`: whether the account knows when they changed."""

    name = "shop"

    def __init__(self, *, dated: bool, error: bool = False) -> None:
        self.dated, self.error = dated, error
        self.asked: list[Request] = []

    def streams(self) -> Sequence[StreamSpec]:
        return [SPEC]

    def settled(self, spec: StreamSpec) -> StreamSpec:
        if self.error:
            raise SourceError("no answer.")
        return spec if self.dated else replace(spec, cursor=Cursor("full"))

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        self.asked.append(request)
        stamp: dict[str, Any] = {"changed_at": AT.isoformat()} if self.dated else {}
        rows = [{"id": number, **stamp} for number in (1, 2)]
        yield Page(rows={"thing": rows}, token="all", server_time=AT)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield [(1,), (2,)]


def night(source: Account, folder: Path) -> bool:
    """Read and load; whether the keys were compared."""
    landing, raw = Landing(folder / "landing"), folder / "raw.duckdb"
    receipt = extract(source, "thing", landing=landing, states=SyncStates(raw))
    assert receipt.batch_id is not None
    Loader(raw).load(landing, "shop", [SPEC], receipt.batch_id)
    done = landing.batches("shop", "thing")[-1].completion
    assert done is not None
    return done.reconciled


def test_without_a_time_of_change_every_reading_is_full_and_compares_keys(tmp_path: Path) -> None:
    source = Account(dated=False)
    assert isinstance(source, Settling)
    assert [night(source, tmp_path), night(source, tmp_path)] == [True, True]
    assert [request.full for request in source.asked] == [True, True]


def test_the_mark_of_a_full_reading_serves_once_the_account_has_times(tmp_path: Path) -> None:
    night(Account(dated=False), tmp_path)
    source = Account(dated=True)
    night(source, tmp_path)
    assert [request.since for request in source.asked] == [AT - timedelta(days=1)]


def test_what_settling_fails_with_names_source_and_stream(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        night(Account(dated=True, error=True), tmp_path)
    assert (caught.value.source, caught.value.stream) == ("shop", "thing")

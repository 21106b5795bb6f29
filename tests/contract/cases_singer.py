"""A Singer tap as a conformance case: incremental by its own state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from singer_tap import TapHome
from vendors import NOW, Body, Case, Key

from connectors.protocol import Source
from connectors.registry import SourceContext, build_source
from connectors.testing.faults import Faults


class SingerVendor:
    """The system behind the small tap."""

    stream, column = "people", "first_name"
    page_path = ""
    error_in_200: ClassVar[Body] = {}
    server = None
    lacks = frozenset({"http", "error_in_200", "loop"})

    def __init__(self, folder: Path) -> None:
        self._tap = TapHome(folder / "tap")
        self._context = SourceContext(folder / "data" / "state")
        self._now = NOW
        self.faults = Faults()

    def source(self) -> Source:
        stream = {
            "entity": "people",
            "stream": "members",
            "columns": {"id": "source_record_id", "name": "first_name", "born": "birth_date"},
            "deletes": "flag",
            "deleted_field": "gone",
        }
        settings = {"command": self._tap.command, "page_size": 3, "streams": [stream]}
        return build_source("tap", "singer", {**settings, "catalog": "none"}, self._context)

    def records(self) -> dict[Key, str]:
        members = self._tap.data()["members"]
        return {(str(one["id"]),): one["name"] for one in members if not one.get("gone")}

    def insert(self) -> Key:
        number = len(self._tap.data()["members"]) + 1
        self._set((str(number),), id=number, name=f"Example {number}", born="1990-01-31")
        return (str(number),)

    def change(self, key: Key) -> None:
        self._set(key, name=self.records()[key] + "*")

    def delete(self, key: Key) -> None:
        self._set(key, gone=self._tick())

    def spoil(self, key: Key) -> None:
        self._set(key, born="in spring")

    def tie(self, keys: Sequence[Key]) -> None:
        latest = max(one["changed"] for one in self._tap.data()["members"])
        for key in keys:
            self._set(key, latest)

    def _set(self, key: Key, changed: str | None = None, **values: Any) -> None:
        data = self._tap.data()
        members = {(str(one["id"]),): one for one in data["members"]}
        members[key] = {**members.get(key, {}), **values, "changed": changed or self._tick()}
        self._tap.put({**data, "members": list(members.values())})

    def _tick(self) -> str:
        self._now += timedelta(seconds=1)
        return self._now.isoformat()


@contextmanager
def singer(folder: Path) -> Iterator[SingerVendor]:
    """A tap over eleven members."""
    vendor = SingerVendor(folder)
    for _ in range(11):
        vendor.insert()
    yield vendor


CASES: dict[str, Case] = {"singer": singer}

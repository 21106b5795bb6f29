"""A process that extracts and loads one stream, and dies where it is told to.

How to run: python night_child.py HOME WHAT STEP
WHAT is extract or load or both; STEP counts fsyncs (extract) and SQL statements (load): the process
kills itself with SIGKILL just before that one. 0 lives to the end.

The source reads HOME/pages.json and writes each request to HOME/asked.log before it answers.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from connectors.engine import extract
from connectors.landing import loader as loader_module
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec

SPECS = [
    StreamSpec(
        name="order",
        primary_key=("id",),
        columns={
            "id": Column("integer"),
            "name": Column("string"),
            "email": Column("email"),
            "changed": Column("timestamp"),
        },
        cursor=Cursor("updated_since", field="changed", lookback=timedelta(hours=1)),
        deletes="id_reconcile",
        quarantine_share=0.5,
    ),
    StreamSpec(
        name="line",
        primary_key=("order_id", "no"),
        columns={"order_id": Column("integer"), "no": Column("integer")},
        cursor=Cursor("full"),
        deletes="replace_by_parent",
        parent="order",
        parent_key=("order_id",),
    ),
]


class Killer:
    """Counts steps and kills this process just before the wanted one."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.seen = wanted, 0

    def step(self) -> None:
        self.seen += 1
        if self.seen == self.wanted:
            os.kill(os.getpid(), signal.SIGKILL)


class Statements:
    """A DuckDB connection whose every statement is a step."""

    def __init__(self, db: Any, killer: Killer) -> None:
        self._db, self._killer = db, killer

    def execute(self, *args: Any) -> Any:
        self._killer.step()
        return self._db.execute(*args)

    def close(self) -> None:
        self._db.close()


class FileSource:
    name = "shop"

    def __init__(self, home: Path) -> None:
        self._home = home
        self._data = json.loads((home / "pages.json").read_text())

    def streams(self) -> Sequence[StreamSpec]:
        return SPECS

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        pages = self._data["pages"] if request.full else self._data["changes"]
        for number in range(int(request.position or 0), len(pages)):
            with (self._home / "asked.log").open("a") as log:
                log.write(f"{number}\n")
            yield Page(pages[number], token=str(number), position=str(number + 1))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        yield [(key,) for key in self._data["ids"]]


def main() -> None:
    home, what, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    source, landing, raw = FileSource(home), Landing(home / "landing"), home / "raw.duckdb"
    extracting, loading = (
        Killer(step if what in (name, "both") else 0) for name in ("extract", "load")
    )
    real_fsync, real_connect = os.fsync, loader_module.connect_to_write

    def fsync(handle: int) -> None:
        extracting.step()
        real_fsync(handle)

    if what != "load":
        os.fsync = fsync
        receipt = extract(
            source, "order", landing=landing, states=SyncStates(raw), reconcile="always"
        )
        os.fsync = real_fsync
        (home / "receipt.json").write_text(json.dumps({"resumed": receipt.resumed}))
    if what != "extract":
        loader_module.connect_to_write = lambda path: Statements(real_connect(path), loading)
        for done in Loader(raw).load_pending(landing, "shop", SPECS):
            if isinstance(done, Exception):
                raise done
    steps = extracting.seen if what == "extract" else loading.seen
    (home / "steps.txt").write_text(str(steps))


if __name__ == "__main__":
    main()

"""A landing folder and a raw database for one test: pull a source's streams, look at the rows.

Data flow: Source -> engine.extract -> landing -> Loader -> raw -> Lake.rows().
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from connectors.engine import BatchReceipt, extract
from connectors.landing.loader import Loader, LoadReceipt
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import Source


class Lake:
    """Landing, raw database and sync states below one folder."""

    def __init__(self, folder: Path) -> None:
        self.landing = Landing(folder / "landing")
        self.raw = folder / "raw.duckdb"
        self.loader = Loader(self.raw)

    def extract(self, source: Source, stream: str, **options: Any) -> BatchReceipt:
        """Read one stream into landing, without key comparison unless asked for."""
        options = {"reconcile": "never", **options}
        return extract(source, stream, landing=self.landing, states=SyncStates(self.raw), **options)

    def pull(
        self, source: Source, *streams: str, **options: Any
    ) -> dict[str, tuple[BatchReceipt, LoadReceipt]]:
        """Extract and load the named streams (all parents by default): stream -> receipts."""
        names = streams or [spec.name for spec in source.streams() if spec.parent is None]
        done = {}
        for name in names:
            receipt = self.extract(source, name, **options)
            assert receipt.batch_id is not None
            loaded = self.loader.load(
                self.landing, source.name, list(source.streams()), receipt.batch_id
            )
            done[name] = (receipt, loaded)
        return done

    def rows(
        self, source: Source, stream: str, columns: Sequence[str] = ("*",), *, deleted: bool = False
    ) -> list[dict[str, Any]]:
        """Current rows in key order; `deleted`: the tombstones instead."""
        spec = next(spec for spec in source.streams() if spec.name == stream)
        keys = ", ".join(f'"{key}"' for key in spec.primary_key)
        chosen = ", ".join(name if name == "*" else f'"{name}"' for name in columns)
        with duckdb.connect(str(self.raw), read_only=True) as db:
            found = db.execute(
                f'select {chosen} from "{source.name}"."{stream}"'
                f" where _known_to is null and _is_deleted = {deleted} order by {keys}"
            )
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

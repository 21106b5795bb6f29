"""An organisation's folder with a file drop, for the tests of its source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landing_tools import Home

from connectors.engine import BatchReceipt, extract
from connectors.landing.state import SyncStates
from connectors.protocol import Source
from connectors.registry import SourceContext, build_source

SURVEYS: dict[str, Any] = {
    "entity": "surveys",
    "glob": "surveys-*",
    "columns": {
        "response_id": ["source_response_id", "source_record_id"],
        "survey": "survey_code",
        "score": "score",
        "responded_at": "responded_at",
    },
}
HEADER = "response_id;member_no;survey;score;responded_at"


class Drop(Home):
    """An organisation's folder with a file drop."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "data")
        self.context = SourceContext(root / "data" / "state")
        self.folder = root / "data" / "drop"
        self.folder.mkdir(parents=True)

    def source(self, *files: Mapping[str, Any], **settings: Any) -> Source:
        return build_source(
            "filedrop", "filedrop", {"files": files or [SURVEYS], **settings}, self.context
        )

    def put(self, name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    def read(self, source: Source | None = None, stream: str = "surveys") -> BatchReceipt:
        opened = source or self.source()
        states = SyncStates(self.raw)
        receipt = extract(opened, stream, landing=self.landing, states=states, clock=self.clock)
        self.loader.load(self.landing, "filedrop", opened.streams(), str(receipt.batch_id))
        self.clock.advance(60)
        return receipt

    def surveys(self, columns: str = "source_response_id, score") -> list[Any]:
        return self.current(columns, "filedrop.surveys")

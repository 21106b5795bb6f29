"""Dropped files as a conformance case: a file per record, a mark of what is done, no server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vendors import Case, Key

from connectors.protocol import Source
from connectors.registry import SourceContext, build_source
from connectors.testing.faults import Faults

FILES = [
    {
        "entity": "surveys",
        "glob": "**/*.csv",
        "columns": {"id": "source_response_id", "code": "survey_code", "score": "score"},
    }
]


class FileDrop:
    """A file a record, so that a file is a page."""

    stream, column, page_path = "surveys", "survey_code", ""
    error_in_200: dict[str, Any] = {}  # noqa: RUF012 - the suite's protocol has it as a variable
    lacks = frozenset({"http", "delete", "tie", "error_in_200", "loop"})
    server = None

    def __init__(self, folder: Path) -> None:
        self.faults = Faults()
        self._folder = folder
        (folder / "data" / "drop").mkdir(parents=True)
        self._lines: dict[str, tuple[str, str]] = {}

    def source(self) -> Source:
        context = SourceContext(self._folder / "data" / "state")
        return build_source("filedrop", "filedrop", {"files": FILES}, context)

    def records(self) -> dict[Key, str]:
        return {(id,): code for id, (code, _) in self._lines.items()}

    def insert(self) -> Key:
        id = f"R{len(self._lines) + 1:03d}"
        self._write(id, "nps", "9")
        return (id,)

    def change(self, key: Key) -> None:
        code, score = self._lines[key[0]]
        self._write(key[0], f"{code}*", score)

    def delete(self, key: Key) -> None:
        raise NotImplementedError("a file that is gone deletes nothing")

    def spoil(self, key: Key) -> None:
        self._write(key[0], self._lines[key[0]][0], "high")

    def tie(self, keys: Sequence[Key]) -> None:
        raise NotImplementedError("files have no times")

    def _write(self, id: str, code: str, score: str) -> None:
        self._lines[id] = (code, score)
        # The same file name in several folders, as exports by month have it.
        path = self._folder / "data" / "drop" / id / "survey.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"id;code;score\n{id};{code};{score}\n", encoding="utf-8")


def _running(records: int) -> Case:
    @contextmanager
    def running(folder: Path) -> Iterator[FileDrop]:
        drop = FileDrop(folder)
        for _ in range(records):
            drop.insert()
        yield drop

    return running


CASES: dict[str, Case] = {"filedrop": _running(4)}

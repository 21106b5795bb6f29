"""One landed batch: its parts, and the manifest that says which of them exist.

Data flow: Batch.add_page() -> part files -> manifest line; read_batch() -> Batch.

A page exists when its manifest line does: parts are written first (temporary file, fsync, rename,
fsync of the folder), then the line. A torn last line and parts without a line never happened.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.errors import SourceError
from connectors.files import write_atomically

MANIFEST = "manifest.jsonl"


@dataclass(frozen=True)
class Header:
    """What the batch set out to read: the slice and the mark it started from (UTC, aware)."""

    source: str
    stream: str
    batch_id: str
    started_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    mark: str | None = None
    full: bool = False
    explicit: bool = False  # a slice somebody asked for: it never moves the mark
    timezones: Mapping[str, str] = field(default_factory=dict)  # stream -> that of its local times


@dataclass(frozen=True)
class Part:
    """One compressed file: its digest, and how many rows and bytes it holds."""

    file: str
    sha256: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class LandedPage:
    """One manifest line. `position` and `token` are the source's; `mark` the greatest value yet.

    `keys`: per stream, the keys of its records that no page before had.
    """

    number: int
    parts: Mapping[str, Part]
    token: str = ""
    position: str | None = None
    mark: str | None = None
    server_time: datetime | None = None
    expected_total: int | None = None
    fingerprint: str = ""
    deleted: Mapping[str, list[list[Any]]] = field(default_factory=dict)
    keys: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Completion:
    """The last manifest line: the new mark (None: leave the old one) and when all was known."""

    mark: str | None
    known_at: datetime
    reconciled: bool = False


class Batch:
    """One batch on disk. Its pages are only ever appended."""

    def __init__(self, folder: Path, header: Header) -> None:
        self.folder, self.header = folder, header
        self.pages: list[LandedPage] = []
        self.ids: list[Part] = []
        self.completion: Completion | None = None
        self.rows_done = False  # every page is here; only the key list may be missing
        self.rejected = ""  # why the loader refused it: its rows will be read again

    @property
    def batch_id(self) -> str:
        return self.header.batch_id

    @property
    def complete(self) -> bool:
        return self.completion is not None

    def rows(self) -> dict[str, int]:
        """Landed rows per stream, duplicates included."""
        counts: dict[str, int] = {self.header.stream: 0}
        for page in self.pages:
            for stream, part in page.parts.items():
                counts[stream] = counts.get(stream, 0) + part.rows
        return counts

    def deleted(self) -> dict[str, list[list[Any]]]:
        """Keys the vendor reported as deleted, per stream."""
        found: dict[str, list[list[Any]]] = {}
        for page in self.pages:
            for stream, keys in page.deleted.items():
                found.setdefault(stream, []).extend(keys)
        return found

    def keys(self, stream: str) -> set[str]:
        """Every key that some record of the stream has."""
        return {key for page in self.pages for key in page.keys.get(stream, ())}

    def size(self) -> int:
        """Compressed size of all parts."""
        return sum(part.bytes for page in self.pages for part in page.parts.values())

    def part_files(self, stream: str) -> list[Path]:
        """The files that hold this stream's rows, in the order they were read."""
        return [
            self.folder / page.parts[stream].file for page in self.pages if stream in page.parts
        ]

    def id_files(self) -> list[Path]:
        """The files that hold the complete list of current keys; empty unless reconciled."""
        return [self.folder / part.file for part in self.ids]

    def add_page(
        self, encoded: Mapping[str, tuple[bytes, int]], page: Mapping[str, Any]
    ) -> LandedPage:
        """Store one page durably: stream -> (gzip bytes, rows), and the page's other facts."""
        number = len(self.pages)
        parts: dict[str, Part] = {}
        for stream, (data, rows) in encoded.items():
            child = "" if stream == self.header.stream else f".{stream}"
            name = f"part-{number:05d}{child}.ndjson.gz"
            parts[stream] = self._write_part(name, data, rows)
        landed = LandedPage(number=number, parts=parts, **page)
        self._append({"kind": "page", **asdict(landed)})
        self.pages.append(landed)
        return landed

    def add_ids(self, data: bytes, rows: int) -> None:
        """Store one chunk of the list of current keys."""
        part = self._write_part(f"ids-{len(self.ids):05d}.ndjson.gz", data, rows)
        self._append({"kind": "ids", **asdict(part)})
        self.ids.append(part)

    def end_rows(self) -> None:
        """No page follows; a resumed run goes straight to the key list."""
        self._append({"kind": "rows_done"})
        self.rows_done = True

    def restart_ids(self) -> None:
        """Forget a key list that a crash left unfinished."""
        self._append({"kind": "ids_reset"})
        for path in self.id_files():
            path.unlink(missing_ok=True)
        self.ids.clear()

    def reject(self, reason: str) -> None:
        """The loader refuses this batch: the stream is read again from its old mark."""
        self._append({"kind": "rejected", "reason": reason})
        self.rejected = reason

    def finish(self, completion: Completion) -> None:
        """The batch is complete; from here on it may be loaded."""
        self._append({"kind": "complete", **asdict(completion)})
        self.completion = completion

    def verify(self) -> None:
        """SourceError when a part is missing or does not match its digest (a damaged disk)."""
        parts = [part for page in self.pages for part in page.parts.values()] + self.ids
        for part in parts:
            path = self.folder / part.file
            if not path.exists() or _digest(path.read_bytes()) != part.sha256:
                raise SourceError(
                    f"landed file {part.file} of batch {self.batch_id} is missing or damaged.",
                    source=self.header.source,
                    stream=self.header.stream,
                    todo="Delete the batch folder and run again with --full.",
                )

    def discard(self) -> None:
        """Remove the batch, the manifest first: without it the folder is rubbish, not a batch."""
        (self.folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _write_part(self, name: str, data: bytes, rows: int) -> Part:
        write_atomically(self.folder / name, data)
        return Part(file=name, sha256=_digest(data), rows=rows, bytes=len(data))

    def start(self) -> None:
        """Write the header line; the batch exists from here on."""
        self._append({"kind": "batch", "version": 1, **asdict(self.header)})

    def _append(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, default=_encode, separators=(",", ":")) + "\n"
        with (self.folder / MANIFEST).open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def read_batch(folder: Path) -> Batch | None:
    """The batch in a folder as its manifest tells it; None without a header line."""
    lines = list(_lines(folder / MANIFEST))
    if not lines or lines[0].get("kind") != "batch":
        return None
    first = lines[0]
    header = Header(
        source=first["source"],
        stream=first["stream"],
        batch_id=first["batch_id"],
        started_at=datetime.fromisoformat(first["started_at"]),
        since=_moment(first["since"]),
        until=_moment(first["until"]),
        mark=first["mark"],
        full=first["full"],
        explicit=first["explicit"],
        timezones=first["timezones"],
    )
    batch = Batch(folder, header)
    for line in lines[1:]:
        kind = line.pop("kind")
        if kind == "page":
            parts = {stream: Part(**part) for stream, part in line.pop("parts").items()}
            server_time = _moment(line.pop("server_time"))
            batch.pages.append(LandedPage(parts=parts, server_time=server_time, **line))
        elif kind == "ids":
            batch.ids.append(Part(**line))
        elif kind == "ids_reset":
            batch.ids.clear()
        elif kind == "rows_done":
            batch.rows_done = True
        elif kind == "rejected":
            batch.rejected = line["reason"]
        else:
            line["known_at"] = datetime.fromisoformat(line["known_at"])
            batch.completion = Completion(**line)
    return batch


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    """The whole lines of a manifest; what a crash left torn at its end is cut off."""
    if not path.exists():
        return
    data = path.read_bytes()
    end = data.rfind(b"\n") + 1
    if end < len(data):
        os.truncate(path, end)
    for line in data[:end].splitlines():
        yield json.loads(line)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _encode(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)

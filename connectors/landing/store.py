"""Landed batches on disk: what was read, exactly as read, until the loader has merged it.

Data flow: engine -> Batch.add_page() -> part files + manifest -> loader; replayed from here.

    <root>/<source>/<stream>/<batch_id>/part-00000.ndjson.gz          the stream's own rows
                                        part-00000.<child>.ndjson.gz  rows of its child streams
                                        ids-00000.ndjson.gz           current keys (id_reconcile)
                                        manifest.jsonl                header, one line per page, end
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.errors import SourceError
from connectors.files import sync_folder
from connectors.landing.batch import (
    MANIFEST,
    Batch,
    Completion,
    Header,
    LandedPage,
    Part,
    read_batch,
)
from connectors.locks import Lock

__all__ = ["Batch", "Completion", "Header", "LandedPage", "Landing", "Part"]

_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
_STAMP = "%Y%m%dT%H%M%S%f"  # 20260630T210000123456: sorts by time


class Landing:
    """The landing folder of one organisation."""

    def __init__(self, root: Path) -> None:
        self.root = Path(root)

    def begin(self, header: Header) -> Batch:
        """A new, empty batch."""
        folder = self._folder(header.source, header.stream) / header.batch_id
        folder.mkdir(parents=True)
        batch = Batch(folder, header)
        batch.start()
        sync_folder(folder)
        sync_folder(folder.parent)
        return batch

    def unfinished(self, source: str, stream: str) -> Batch | None:
        """The batch a crash interrupted, cleaned of everything its manifest does not list."""
        open_batches = [b for b in self._read_all(source, stream) if not b.complete]
        for older in open_batches[:-1]:
            older.discard()
        if not open_batches:
            return None
        batch = open_batches[-1]
        listed = {part.file for page in batch.pages for part in page.parts.values()}
        listed |= {part.file for part in batch.ids} | {MANIFEST}
        for path in batch.folder.iterdir():
            if path.name not in listed:
                path.unlink()
        return batch

    def batches(self, source: str, stream: str | None = None) -> list[Batch]:
        """Complete batches, oldest first."""
        streams = [stream] if stream else self._streams(source)
        found = [b for name in streams for b in self._read_all(source, name) if b.complete]
        return sorted(found, key=lambda batch: batch.batch_id)

    def open(self, source: str, batch_id: str) -> Batch:
        """The complete batch with this id; SourceError when there is none."""
        for stream in self._streams(source):
            folder = self._folder(source, stream) / batch_id
            batch = read_batch(folder)
            if batch is not None and batch.complete:
                return batch
        raise SourceError(
            f"there is no complete batch {batch_id!r} in landing.",
            source=source,
            todo="It may have been pruned; see `journey status` for the batches kept.",
        )

    def prune(self, source: str, *, loaded: Collection[str], before: datetime) -> list[str]:
        """Remove loaded batches begun before that moment; returns their ids. Unloaded ones stay."""
        old = [
            b for b in self.batches(source) if b.header.started_at < before and b.batch_id in loaded
        ]
        for batch in old:
            batch.discard()
        return [batch.batch_id for batch in old]

    def next_id(self, source: str, stream: str, now: datetime) -> str:
        """A new batch id that sorts after every batch of the stream, whatever the clock says."""
        ids = [batch.batch_id for batch in self._read_all(source, stream)]
        last = max(ids, default="").partition("-")[0]
        stamp = f"{now.astimezone(UTC):{_STAMP}}"
        if stamp <= last:
            then = datetime.strptime(last, _STAMP).replace(tzinfo=UTC)
            stamp = f"{then + timedelta(microseconds=1):{_STAMP}}"
        return f"{stamp}-{secrets.token_hex(3)}"

    def lock(self, source: str, stream: str) -> Lock:
        """The lock of one stream's landing: one reader of a stream at a time."""
        return Lock(self._folder(source, stream) / ".lock", f"reading {source}.{stream}")

    def _streams(self, source: str) -> list[str]:
        folder = self.root / _name(source)
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    def _folder(self, source: str, stream: str) -> Path:
        return self.root / _name(source) / _name(stream)

    def _read_all(self, source: str, stream: str) -> list[Batch]:
        folder = self._folder(source, stream)
        if not folder.is_dir():
            return []
        found = []
        for path in sorted(p for p in folder.iterdir() if p.is_dir()):
            batch = read_batch(path)
            if batch is None:  # the crash came before the header was written
                shutil.rmtree(path, ignore_errors=True)
            else:
                found.append(batch)
        return found


def _name(name: str) -> str:
    """Source and stream names become folders and schemas: nothing but plain words passes."""
    if not _NAME.match(name):
        raise SourceError(
            f"{name!r} is not a usable name.",
            todo="Use lower-case letters, digits and underscores, a letter first.",
        )
    return name

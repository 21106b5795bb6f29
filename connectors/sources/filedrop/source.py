"""A folder of files as a source: each file is read once per content.

Data flow: folder -> files that match and are new or changed -> reading.py -> Page -> engine.

The mark remembers file names with a digest of their content. It only holds files that are still in
the folder, so it stays as small as the folder is. A file that is gone, or still being written, when
its turn comes is left for the next run.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from connectors.errors import ConfigurationError, JourneyConnectorError, SourceError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.filedrop.archive import put_loaded_away, short
from connectors.sources.filedrop.folders import Found, open_folder
from connectors.sources.filedrop.place import Place
from connectors.sources.filedrop.reading import read_file, table_rows, temporary
from connectors.sources.filedrop.settings import FiledropSettings, FileMapping
from connectors.sources.filedrop.streams import streams

ROWS_PER_PAGE = 5_000
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Reader:
    """One mapping that matches one file. `key` is the file's name with the mapping's digest."""

    key: str
    found: Found
    mapping: FileMapping


@dataclass(frozen=True)
class _Copy:
    """A file as it was at one moment, which nobody can change any more."""

    file: BinaryIO
    found: Found
    digest: str


class FiledropSource:
    """One drop folder. Building it does no I/O."""

    def __init__(self, name: str, settings: FiledropSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._folder = open_folder(settings, context.home)
        self._temporary = context.state_dir
        self._recheck = timedelta(days=settings.recheck_days)
        self._streams = streams(settings.timezone)

    def streams(self) -> Sequence[StreamSpec]:
        """The entities that some mapping fills."""
        filled = {mapping.entity for mapping in self._settings.files}
        return [spec for spec in self._streams if spec.name in filled]

    def check(self) -> Sequence[CheckItem]:
        """The folder, and for each mapping whether its files can be read."""
        try:
            problem = self._folder.problem()
        except JourneyConnectorError as error:
            problem = str(error)
        if problem is not None:
            return [CheckItem("folder", False, problem)]
        return [self._check_mapping(mapping) for mapping in self._settings.files]

    def pages(self, request: Request) -> Iterator[Page]:
        """The rows of every new or changed file; a file is parsed whole before its first page.

        First the files whose rows are loaded are archived, if that is wanted; not when everything
        is to be read again (there is no mark then).
        """
        problem = self._folder.problem()
        if problem is not None:
            raise ConfigurationError(problem, todo="It is `folder` in config/sources.yml.")
        if self._settings.archive and request.mark is not None:
            every = [(r.mapping.entity, r.key, r.found) for r in self._readers()]
            put_loaded_away(self._folder, every, request.loaded)
        begun = Place.parse(request.position or (None if request.full else request.mark))
        readers = self._readers(request.stream)
        keys, names = {r.key for r in readers}, {r.found.name for r in readers}
        place = begun.kept(keys, names)
        for reader in readers:
            if place.is_known(reader.key, reader.found, self._recheck):
                continue
            with temporary(self._temporary) as file:
                copy = self._fetch(reader.found, file)
                if copy is None:
                    continue
                after = place.finished(
                    reader.key, copy.found, copy.digest, remember=self._folder.remembers
                )
                token = f"{reader.key}@{copy.digest}"
                if place.done.get(reader.key) != copy.digest:
                    same = (begun.file, begun.digest) == (reader.key, copy.digest)
                    first = begun.row if same else 0
                    yield from self._file_pages(reader, copy, token, first, place, after)
                elif after != place:  # the same content under a new stamp: only that is new
                    told = after.text()
                    stamp = f"{token}#{copy.found.stamp}"
                    yield Page({request.stream: []}, token=stamp, position=told, mark=told)
                place = after

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Never asked for: a drop is an addition, nothing is deleted by being left out."""
        raise SourceError("files do not tell what is gone.", source=self.name, stream=stream)

    def _file_pages(
        self, reader: _Reader, copy: _Copy, token: str, first: int, before: Place, after: Place
    ) -> Iterator[Page]:
        entity = reader.mapping.entity
        records = read_file(copy.file, copy.found.name, reader.mapping, self._temporary)
        try:
            at = first
            for rows in records.pages(first, ROWS_PER_PAGE) if first < records.count else [[]]:
                start, at = at, at + len(rows)
                last = at >= records.count
                part = Place(before.done, before.seen, reader.key, copy.digest, at)
                told = after.text() if last else part.text()
                mark = told if last else None
                yield Page({entity: rows}, token=f"{token}#{start}", position=told, mark=mark)
        finally:
            records.close()

    def _fetch(self, listed: Found, file: BinaryIO) -> _Copy | None:
        """The file's content in `file`; None when it is gone, or changes while it is read."""
        before = self._folder.look(listed.name)
        hashed, size = hashlib.sha256(), 0
        try:
            for chunk in self._folder.read(listed.name) if before else ():
                hashed.update(chunk)
                size += file.write(chunk)
        except FileNotFoundError:
            before = None
        except OSError as error:
            raise SourceError(
                f"file {listed.name} can not be read.", todo="Check its permissions."
            ) from error
        if before is None:
            log.info("%s is gone; it was listed a moment ago", listed.name)
            return None
        wait = self._settings.settle_seconds
        is_young = wait > 0 and time.time() - (before.modified or 0) < wait
        if is_young or size != before.size or self._folder.look(listed.name) != before:
            log.info("%s is still being written; it is left for the next run", listed.name)
            return None
        return _Copy(file, before, short(hashed.hexdigest()))

    def _readers(self, entity: str | None = None) -> list[_Reader]:
        """By name, so that later names replace earlier rows; of one entity, or of all."""
        found = []
        for mapping in self._settings.files:
            if entity is None or mapping.entity == entity:
                # A changed mapping gives the same file another meaning: it is read again.
                meaning = hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()[:8]
                for file in self._folder.files(mapping.glob):
                    found.append(_Reader(f"{file.name}|{meaning}", file, mapping))
        return sorted(found, key=lambda reader: (reader.found.short, reader.key))

    def _check_mapping(self, mapping: FileMapping) -> CheckItem:
        name = f"{mapping.glob} -> {mapping.entity}"
        try:
            files = [r.found for r in self._readers(mapping.entity) if r.mapping is mapping]
            if not files:
                return CheckItem(name, True, f"no file in {self._folder.place} matches yet.")
            with temporary(self._temporary) as file:
                copy = self._fetch(files[-1], file)
                if copy is None:
                    return CheckItem(name, True, f"{files[-1].name} is still being written.")
                with closing(table_rows(file, files[-1].name, mapping)) as found:
                    rows = sum(1 for _ in found)
        except JourneyConnectorError as error:
            return CheckItem(name, False, str(error))
        return CheckItem(name, True, f"{len(files)} files; {files[-1].name}: {rows} rows.")

"""A folder of files as a source: each file is read once per content.

Data flow: folder -> files that match and are new or changed -> reading.py -> Page -> engine.

The mark remembers file names with a digest of their content. It only holds files that are still in
the folder, so it stays as small as the folder is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.errors import ConfigurationError, JourneyConnectorError, SourceError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.filedrop.reading import map_rows, read_table
from connectors.sources.filedrop.settings import FiledropSettings, FileMapping
from connectors.sources.filedrop.streams import streams

ROWS_PER_PAGE = 5_000


@dataclass(frozen=True)
class _Place:
    """Where a read stands: files done (key -> digest), and rows done of the file after them."""

    done: dict[str, str]
    file: str = ""
    digest: str = ""
    row: int = 0

    @classmethod
    def parse(cls, text: str | None) -> _Place:
        return cls(**json.loads(text)) if text else cls({})

    def text(self) -> str:
        told = {name: value for name, value in self.__dict__.items() if value or name == "done"}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))


class FiledropSource:
    """One drop folder. Building it does no I/O."""

    def __init__(self, name: str, settings: FiledropSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._folder = context.home / settings.folder
        self._streams = streams(settings.timezone)

    def streams(self) -> Sequence[StreamSpec]:
        """The entities that some mapping fills."""
        filled = {mapping.entity for mapping in self._settings.files}
        return [spec for spec in self._streams if spec.name in filled]

    def check(self) -> Sequence[CheckItem]:
        """The folder, and for each mapping whether its files can be read."""
        if not self._folder.is_dir():
            return [CheckItem("folder", False, f"{self._folder} does not exist; create it.")]
        return [self._check_mapping(mapping) for mapping in self._settings.files]

    def pages(self, request: Request) -> Iterator[Page]:
        """The rows of every new or changed file; a file is parsed whole before its first page."""
        if not self._folder.is_dir():
            raise ConfigurationError(
                f"the folder {self._folder} does not exist.",
                todo="Create it, or correct `folder` in config/sources.yml.",
            )
        place = _Place.parse(request.position or (None if request.full else request.mark))
        done = dict(place.done)
        for key, path, mapping in self._files(request.stream):
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:24]
            if done.get(key) == digest:
                continue
            begun = place.row if (place.file, place.digest) == (key, digest) else 0
            yield from self._file_pages(key, path, content, digest, mapping, begun, done)
            done[key] = digest

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Never asked for: a drop is an addition, nothing is deleted by being left out."""
        raise SourceError("files do not tell what is gone.", source=self.name, stream=stream)

    def _file_pages(
        self,
        key: str,
        path: Path,
        content: bytes,
        digest: str,
        mapping: FileMapping,
        begun: int,
        done: dict[str, str],
    ) -> Iterator[Page]:
        name = path.relative_to(self._folder).as_posix()
        rows = list(map_rows(read_table(path, content, mapping), mapping, name))
        present = {found for found, _, _ in self._files(mapping.entity)}
        kept = {file: value for file, value in done.items() if file in present}
        finished = _Place({**kept, key: digest}).text()
        for start in range(begun, max(len(rows), 1), ROWS_PER_PAGE):
            end = start + ROWS_PER_PAGE
            last = end >= len(rows)
            yield Page(
                {mapping.entity: rows[start:end]},
                token=f"{key}@{digest}#{start}",
                position=finished if last else _Place(kept, key, digest, end).text(),
                mark=finished if last else None,
            )

    def _files(self, entity: str) -> list[tuple[str, Path, FileMapping]]:
        """(key, file, mapping) of the entity's files, by name: later names replace earlier rows."""
        found = []
        for mapping in self._settings.files:
            # A changed mapping gives the same file another meaning: it is read again.
            meaning = hashlib.sha256(mapping.model_dump_json().encode()).hexdigest()[:8]
            if mapping.entity == entity:
                for path in self._folder.glob(mapping.glob):
                    if path.is_file() and not path.name.startswith((".", "~$")):
                        name = path.relative_to(self._folder).as_posix()
                        found.append((f"{name}|{meaning}", path, mapping))
        return sorted(found, key=lambda item: (item[1].name, item[0]))

    def _check_mapping(self, mapping: FileMapping) -> CheckItem:
        name = f"{mapping.glob} -> {mapping.entity}"
        files = [path for _, path, own in self._files(mapping.entity) if own is mapping]
        if not files:
            return CheckItem(name, True, f"no file in {self._folder} matches yet.")
        try:
            frame = read_table(files[-1], files[-1].read_bytes(), mapping)
        except JourneyConnectorError as error:
            return CheckItem(name, False, str(error))
        return CheckItem(name, True, f"{len(files)} files; {files[-1].name}: {len(frame)} rows.")

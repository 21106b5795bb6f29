"""Where dropped files lie: what is there, its bytes, and how a file is put away.

Data flow: FiledropSettings -> open_folder() -> Folder -> source.py, archive.py.

This file knows the folders of this machine; remote.py those of others.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.errors import SourceError
from connectors.files import sync_folder
from connectors.sources.filedrop.settings import FiledropSettings

CHUNK = 1 << 20
_UNFINISHED = (".part", ".filepart", ".partial", ".tmp", ".crdownload")


@dataclass(frozen=True)
class Found:
    """A file: its name from the folder on, with / between, and what tells its versions apart.

    `stamp` changes when the file is written, as far as the system can tell; `exact`: two contents
    never have the same stamp. `modified` is unix time.
    """

    name: str
    size: int
    stamp: str
    exact: bool = False
    modified: float | None = None

    @property
    def short(self) -> str:
        """The name without its folders."""
        return self.name.rpartition("/")[2]


class Folder(Protocol):
    """One drop folder with its archive. Names are relative to the folder."""

    place: str  # as people know it
    remembers: bool  # whether fetching costs enough to go by a file's stamp

    def problem(self) -> str | None:
        """What keeps the folder from being read, in words; None when it can be read."""

    def files(self, glob: str) -> Sequence[Found]:
        """The files that match, in no order; none of the archive's, none that is unfinished."""

    def look(self, name: str) -> Found | None:
        """The file as it is now; None when it is gone."""

    def read(self, name: str) -> Iterator[bytes]:
        """The content; FileNotFoundError when it is gone."""

    def put_away(self, found: Found) -> str | None:
        """Move the file into the archive if it still is what was found.

        Returns its name there, with a number when the name was taken; None when it was changed.
        """


def wanted(name: str) -> bool:
    """Whether a file is one at all: hidden ones, and those of running transfers, are not."""
    short = name.rpartition("/")[2]
    return not short.startswith((".", "~$")) and not short.lower().endswith(_UNFINISHED)


def numbered(name: str) -> Iterator[str]:
    """The name, then the name with 2, 3, ... before its suffix."""
    yield name
    folder, slash, short = name.rpartition("/")
    stem, dot, suffix = short.partition(".")
    number = 2
    while True:
        yield f"{folder}{slash}{stem}-{number}{dot}{suffix}"
        number += 1


class LocalFolder:
    """A folder of this machine. Files are known by their content alone: reading them is cheap."""

    remembers = False

    def __init__(self, root: Path, archive: Path | None) -> None:
        self._root, self._archive = root, archive
        self.place = str(root)

    def problem(self) -> str | None:
        if not self._root.is_dir():
            return f"{self._root} does not exist; create it."
        return None

    def files(self, glob: str) -> Sequence[Found]:
        found = []
        for path in self._root.glob(glob):
            if self._archive is not None and self._archive in path.parents:
                continue
            name = path.relative_to(self._root).as_posix()
            one = self.look(name) if wanted(name) else None
            if one is not None:
                found.append(one)
        return found

    def look(self, name: str) -> Found | None:
        path = self._root / name
        if not path.is_file():
            return None
        return _found(name, path)

    def read(self, name: str) -> Iterator[bytes]:
        with (self._root / name).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def put_away(self, found: Found) -> str | None:
        archive = self._archive
        if archive is None:
            return None
        source, target = self._root / found.name, _reserve(archive, found.name)
        if self.look(found.name) != found:
            target.unlink()
            return None
        try:
            source.replace(target)
        except OSError as error:
            target.unlink(missing_ok=True)
            if error.errno == errno.EXDEV:
                return self._copy_away(found, archive)
            raise SourceError(
                f"file {found.name} can not be moved to the archive.",
                todo=f"Check the permissions of {archive}.",
            ) from error
        moved = _found(found.name, target)
        if moved != found:  # it was written at this very moment: back with it, under a free name
            back = _reserve(self._root, found.name)
            target.replace(back)
            return None
        sync_folder(target.parent)
        return target.relative_to(archive).as_posix()

    def _copy_away(self, found: Found, archive: Path) -> str | None:
        """The archive is on another disk: the file goes only when its copy is whole."""
        source, target = self._root / found.name, _reserve(archive, found.name)
        shutil.copy2(source, target)
        with target.open("rb") as file:
            os.fsync(file.fileno())
        if self.look(found.name) != found or target.stat().st_size != found.size:
            target.unlink()
            return None
        source.unlink()
        sync_folder(target.parent)
        return target.relative_to(archive).as_posix()


def _found(name: str, path: Path) -> Found | None:
    try:
        told = path.stat()
    except FileNotFoundError:
        return None
    stamp = f"{told.st_ino}-{told.st_mtime_ns}"
    return Found(name, told.st_size, stamp, modified=told.st_mtime)


def _reserve(folder: Path, name: str) -> Path:
    """A new empty file of that name, or of the next free one: nothing there is overwritten."""
    for candidate in numbered(name):
        path = folder / candidate
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        return path
    raise AssertionError("names never end")


def open_folder(settings: FiledropSettings, home: Path) -> Folder:
    """The folder the settings name; no I/O yet."""
    if settings.scheme:
        # Here, as it needs packages that a local drop does not.
        from connectors.sources.filedrop.remote import RemoteFolder

        return RemoteFolder(settings)
    archive = home / settings.archive if settings.archive else None
    return LocalFolder(home / settings.folder, archive)

"""Where files are put: names, whole contents, and nothing half done.

Data flow: FileAdapter -> Outbox -> a folder of this machine, of an SFTP server, or of S3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from connectors.errors import ConfigurationError, SourceError
from connectors.sources.filedrop.access import FolderAccess
from connectors.sources.filedrop.remote import connect, in_words, path_of

_PART = ".part"  # the end of the name of a file that is being written


class Outbox(Protocol):
    """A folder. Its errors name the place and never a content."""

    place: str

    def problem(self) -> str | None:
        """Why nothing can be put here; None when it can."""

    def names(self) -> list[str]:
        """Names of the complete files, sorted."""

    def read(self, name: str) -> bytes | None:
        """A whole file, or None when there is none of that name."""

    def write(self, name: str, content: bytes) -> None:
        """Put a file here, in one step for whoever looks."""


def outbox_of(settings: FolderAccess) -> Outbox:
    """The outbox of the configured folder; no I/O."""
    return RemoteOutbox(settings) if settings.scheme else LocalOutbox(settings.folder)


class LocalOutbox:
    """A folder of this machine; files are readable by their owner only."""

    def __init__(self, folder: str) -> None:
        self.place, self._folder = folder, Path(folder)

    def problem(self) -> str | None:
        if not self._folder.is_dir():
            return f"{self.place} does not exist; create it, or correct `folder`."
        if not os.access(self._folder, os.W_OK):
            return f"{self.place} can not be written to; change its owner or its rights."
        return None

    def names(self) -> list[str]:
        with self._in_words():
            found = [file.name for file in self._folder.iterdir() if file.is_file()]
        return sorted(name for name in found if not name.endswith(_PART))

    def read(self, name: str) -> bytes | None:
        try:
            with self._in_words():
                return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        beside = self._folder / f".{name}{_PART}"
        with self._in_words():
            beside.unlink(missing_ok=True)  # of a run that ended in the middle
            try:
                with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(self._folder / name)
            except OSError:
                with suppress(OSError):
                    beside.unlink(missing_ok=True)
                raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            if not self._folder.is_dir():
                raise ConfigurationError(
                    f"{self.place} does not exist.", todo="Create it, or correct `folder`."
                ) from None
            raise
        except PermissionError:
            raise ConfigurationError(
                f"{self.place} can not be used (permission denied).",
                todo="Change its owner or its rights.",
            ) from None
        except OSError as error:
            raise SourceError(
                f"{self.place} can not be used ({os.strerror(error.errno or 0)}).",
                todo="Make room or repair the disk, and push again.",
            ) from None


class RemoteOutbox:
    """A folder behind fsspec (SFTP, S3), as filedrop's. Nothing is asked before its first use."""

    def __init__(self, settings: FolderAccess) -> None:
        self._settings, self.place = settings, settings.folder
        self._root = path_of(settings.folder)
        self._connected: Any = None

    def problem(self) -> str | None:
        with in_words(self.place):
            # A prefix of S3 begins to exist with its first object.
            is_there = self._settings.scheme == "s3" or self._files().isdir(self._root)
        return None if is_there else f"{self.place} does not exist; create it there."

    def names(self) -> list[str]:
        with in_words(self.place):
            files = self._files()
            files.invalidate_cache()
            try:
                told = files.ls(self._root, detail=True)
            except FileNotFoundError:
                if self._settings.scheme == "s3":
                    return []
                raise SourceError(
                    f"{self.place} does not exist.", todo="Create it there."
                ) from None
        found = [info["name"].rpartition("/")[2] for info in told if info["type"] == "file"]
        return sorted(name for name in found if name and not name.endswith(_PART))

    def read(self, name: str) -> bytes | None:
        try:
            with in_words(self.place), self._files().open(f"{self._root}/{name}", "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        target = f"{self._root}/{name}"
        with in_words(self.place):
            files = self._files()
            if self._settings.scheme == "s3":
                files.pipe_file(target, content)  # an object appears when it is whole
                return
            beside = f"{self._root}/.{name}{_PART}"
            with files.open(beside, "wb") as file:
                file.write(content)
            files.mv(beside, target)

    def _files(self) -> Any:
        if self._connected is None:
            self._connected = connect(self._settings)
        return self._connected

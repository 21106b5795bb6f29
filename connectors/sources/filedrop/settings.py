"""What can be configured about dropped files.

Data flow: config/sources.yml -> FiledropSettings (checked against contracts.py) -> source.py.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator

from connectors.sources.filedrop.access import FolderAccess, check_place
from connectors.sources.mapping import EntityMapping, TimeZone

AUTO = "auto"  # encoding: found out file by file


class FileMapping(EntityMapping):
    """One kind of file and what its columns mean; columns that are not named are never read.

    - `encoding` "auto": UTF-16 by its mark, else UTF-8, else cp1252 (Western Windows)
    - `sheet`: one of XLSX by name or number (from 0), or several: a list, or names with * and ?
    """

    glob: str = Field(min_length=1)
    format: Literal["auto", "csv", "xlsx", "parquet"] = "auto"
    encoding: str = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | int | list[str | int] = 0
    header_row: int = Field(default=1, ge=1)

    @field_validator("glob")
    @classmethod
    def _stays_inside(cls, value: str) -> str:
        if value.startswith("/") or ".." in value.split("/"):
            raise ValueError("expected a pattern inside the folder, such as surveys-*.csv")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding_exists(cls, value: str) -> str:
        if value == AUTO:
            return value
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError("expected an encoding such as utf-8 or cp1252, or auto") from error
        return value

    def sheets(self) -> list[str | int]:
        """The wanted sheets, as they are told."""
        return list(self.sheet) if isinstance(self.sheet, list) else [self.sheet]


class FiledropSettings(FolderAccess):
    """A folder and the kinds of files in it. A relative folder lies in the organisation's folder.

    `folder` may be on another machine: `sftp://host/path` or `s3://bucket/prefix`. `archive` is a
    folder of the same system; a file is moved there once its rows are loaded. `timezone` is that of
    times without an offset.
    """

    folder: str = "data/drop"
    archive: str | None = Field(default=None, min_length=1)
    timezone: TimeZone = "UTC"
    settle_seconds: int = Field(default=0, ge=0, le=86_400)
    recheck_days: int = Field(default=7, ge=0, le=365)
    files: list[FileMapping] = Field(min_length=1)

    @field_validator("archive")
    @classmethod
    def _known_archive(cls, value: str | None) -> str | None:
        return None if value is None else check_place(value)

    @model_validator(mode="after")
    def _archive_is_beside(self) -> FiledropSettings:
        if self.archive is None:
            return self
        here, there = urlsplit(self.folder), urlsplit(self.archive)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise ValueError("archive is not on the same system as folder")
        if _path(there) == _path(here) or _path(there) in _path(here).parents:
            raise ValueError("archive is the folder itself, or around it; expected one beside it")
        return self


def _path(parts: SplitResult) -> PurePosixPath:
    return PurePosixPath("/", parts.path) if parts.scheme else PurePosixPath(parts.path)

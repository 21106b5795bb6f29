"""What can be configured about dropped files.

Data flow: config/sources.yml -> FiledropSettings (checked against contracts.py) -> source.py.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

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


class FiledropSettings(BaseModel):
    """A folder and the kinds of files in it. A relative folder lies in the organisation's folder.

    `folder` may be on another machine: `sftp://host/path` or `s3://bucket/prefix`. `archive` is a
    folder of the same system; a file is moved there once its rows are loaded. `timezone` is that of
    times without an offset. `key_file` is the path of a private key, `host_key` the server's own
    key as a known_hosts file has it ("ssh-ed25519 AAAA...").
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    folder: str = "data/drop"
    archive: str | None = Field(default=None, min_length=1)
    timezone: TimeZone = "UTC"
    settle_seconds: int = Field(default=0, ge=0, le=86_400)
    recheck_days: int = Field(default=7, ge=0, le=365)
    files: list[FileMapping] = Field(min_length=1)

    username: str | None = None
    host_key: str | None = None
    password: SecretStr | None = None
    key_file: SecretStr | None = None
    key_passphrase: SecretStr | None = None

    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None

    @field_validator("folder", "archive")
    @classmethod
    def _known_place(cls, value: str | None) -> str | None:
        if value is None or "://" not in value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("sftp", "s3") or not parts.hostname:
            raise ValueError("expected a folder, sftp://host/path or s3://bucket/prefix")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "expected an address without user name, password, ? or #;"
                " they have settings of their own (username, and secrets)"
            )
        return value.rstrip("/")

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

    @model_validator(mode="after")
    def _settings_fit_the_place(self) -> FiledropSettings:
        scheme = self.scheme
        own = {
            "sftp": ("username", "host_key", "password", "key_file", "key_passphrase"),
            "s3": ("endpoint_url", "region", "access_key_id", "secret_access_key", "session_token"),
        }
        for place, names in own.items():
            told = [name for name in names if getattr(self, name) is not None]
            if told and scheme != place:
                raise ValueError(f"{', '.join(told)} can only be used with {place}://")
        if scheme == "sftp" and self.username is None:
            raise ValueError("sftp:// needs username")
        if scheme == "sftp" and self.password is None and self.key_file is None:
            raise ValueError("sftp:// needs the secret password or key_file")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key are only good together")
        return self

    @property
    def scheme(self) -> str:
        """The kind of place: "" for a folder of this machine, sftp or s3."""
        return urlsplit(self.folder).scheme if "://" in self.folder else ""


def _path(parts: SplitResult) -> PurePosixPath:
    return PurePosixPath("/", parts.path) if parts.scheme else PurePosixPath(parts.path)

"""What can be configured about dropped files.

Data flow: config/sources.yml -> FiledropSettings (checked against contracts.py) -> source.py.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.sources.mapping import EntityMapping, TimeZone


class FileMapping(EntityMapping):
    """One kind of file and what its columns mean; columns that are not named are never read."""

    glob: str = Field(min_length=1)
    format: Literal["auto", "csv", "xlsx", "parquet"] = "auto"
    encoding: str = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | int = 0
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
        try:
            "".encode(value)
        except LookupError as error:
            raise ValueError("expected an encoding such as utf-8 or cp1252") from error
        return value


class FiledropSettings(BaseModel):
    """A folder and the kinds of files in it. A relative folder lies in the organisation's folder.

    `timezone` is that of times without an offset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = "data/drop"
    timezone: TimeZone = "UTC"
    files: list[FileMapping] = Field(min_length=1)

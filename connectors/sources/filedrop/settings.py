"""What can be configured about dropped files.

Data flow: config/sources.yml -> FiledropSettings (checked against contracts.py) -> source.py.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.sources.contracts import CONTRACTS, primary_key


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("expected a time zone such as Europe/Berlin") from error
    return value


class FileMapping(BaseModel):
    """One kind of file and what its columns mean.

    `columns` maps a column of the file to one or more contract columns; columns of the file that
    are not named are never read. `constants` fills contract columns the file does not have.
    Formats of dates follow strptime, for example "%d.%m.%Y".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    entity: str
    glob: str = Field(min_length=1)
    columns: dict[str, str | list[str]] = Field(min_length=1)
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    format: Literal["auto", "csv", "xlsx", "parquet"] = "auto"
    encoding: str = "utf-8"
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    timestamp_format: str | None = None
    amounts: Literal["minor", "major"] = "minor"
    minor_digits: int = Field(default=2, ge=0, le=3)
    sheet: str | int = 0
    header_row: int = Field(default=1, ge=1)

    @field_validator("entity")
    @classmethod
    def _entity_exists(cls, value: str) -> str:
        if value not in CONTRACTS:
            raise ValueError(f"expected one of: {', '.join(sorted(CONTRACTS))}")
        return value

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

    @model_validator(mode="after")
    def _fits_the_contract(self) -> FileMapping:
        contract = CONTRACTS[self.entity]
        targets = [target for _, target in self.pairs()] + list(self.constants)
        unknown = sorted(set(targets) - contract.keys())
        if unknown:
            raise ValueError(
                f"{self.entity} has no column {', '.join(unknown)};"
                f" expected one of: {', '.join(contract)}"
            )
        twice = sorted({target for target in targets if targets.count(target) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is filled more than once")
        if primary_key(self.entity) not in targets:
            raise ValueError(f"{self.entity} needs its key {primary_key(self.entity)}")
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """(file column, contract column), one per contract column."""
        return [
            (name, target)
            for name, targets in self.columns.items()
            for target in ([targets] if isinstance(targets, str) else targets)
        ]


class FiledropSettings(BaseModel):
    """A folder and the kinds of files in it. A relative folder lies in the organisation's folder.

    `timezone` is that of times without an offset.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = "data/drop"
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    files: list[FileMapping] = Field(min_length=1)

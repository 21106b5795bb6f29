"""What can be configured about a database: where it is, and which rows are what.

Data flow: config/sources.yml + the URL from the environment -> SqlSettings -> source.py.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.sources.contracts import primary_key
from connectors.sources.mapping import EntityMapping, TimeZone, each_entity_once
from connectors.sources.sql.guard import refused


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )


class SqlCursor(_Strict):
    """How changes are found.

    full: everything is read each time · updated_since: `column` is the time of the last change,
    read again from `lookback_hours` before the last mark on (`format` unix: seconds since 1970) ·
    append_log_id: `column` is a number that grows with every new row; the last `overlap` numbers
    are read again, as numbers are given before their rows are committed
    """

    kind: Literal["full", "updated_since", "append_log_id"] = "full"
    column: str | None = Field(default=None, min_length=1)
    format: Literal["time", "unix"] = "time"
    lookback_hours: float = Field(default=1.0, ge=0, le=24 * 366)
    overlap: int = Field(default=1000, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "full") != (self.column is None):
            raise ValueError(f"{self.kind} {'has no' if self.column else 'needs'} `column`")
        return self


class SqlDeletes(_Strict):
    """How deletions are noticed: by comparing all keys from time to time, by a column, or not.

    The column says "deleted" with anything but null, false, 0, no or an empty text; `is` lists the
    values that do instead. `id_reconcile` may have a column as well.
    """

    kind: Literal["id_reconcile", "flag", "none"] = "id_reconcile"
    column: str | None = Field(default=None, min_length=1)
    is_: list[str | int | bool] | None = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "flag" and self.column is None:
            raise ValueError("flag needs `column`")
        if self.kind == "none" and self.column is not None:
            raise ValueError("none has no `column`")
        if self.is_ is not None and self.column is None:
            raise ValueError("`is` needs `column`")
        return self


class SqlMapping(EntityMapping):
    """One table (or view), or the rows of one SELECT, and what they mean.

    Names of columns are taken as they are, dots included: fields inside JSON need a `query`.
    """

    table: str | None = Field(default=None, pattern=r"^[^.\s\"'`;]+(\.[^.\s\"'`;]+){0,2}$")
    query: str | None = None
    cursor: SqlCursor = SqlCursor()
    deletes: SqlDeletes = SqlDeletes()

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError(f"{self.entity} needs either `table` or `query`")
        if primary_key(self.entity) in self.constants:
            raise ValueError(f"{primary_key(self.entity)} must come from a column")
        return self

    @property
    def key(self) -> str:
        """The database's column that is the entity's key."""
        wanted = primary_key(self.entity)
        return next(name for name, target in self.pairs() if target == wanted)

    def read_columns(self) -> list[str]:
        """Every column that is read, each once: no others ever leave the database."""
        names = [name for name, _ in self.pairs()]
        names += [name for name in (self.cursor.column, self.deletes.column) if name]
        return list(dict.fromkeys(names))


class SqlSettings(_Strict):
    """One database.

    `url` is SQLAlchemy's (`postgresql+psycopg://user:password@host/database`) and comes from the
    environment. `timezone` is that of times without an offset. `timeout_seconds` holds for
    connecting, for waiting on locks and for each statement. `page_size`: rows that are landed at
    once.
    """

    url: SecretStr
    timezone: TimeZone = "UTC"
    timeout_seconds: float = Field(default=60.0, gt=0, le=3600)
    page_size: int = Field(default=5000, ge=1, le=100_000)
    streams: list[SqlMapping] = Field(min_length=1)

    @field_validator("streams")
    @classmethod
    def _each_entity_once(cls, value: list[SqlMapping]) -> list[SqlMapping]:
        each_entity_once(
            value, "join the parts with UNION ALL in one `query`, or make a second source of them"
        )
        return value

    @model_validator(mode="after")
    def _queries_only_read(self) -> Self:
        dialect = self.url.get_secret_value().partition(":")[0].partition("+")[0]
        wrong = [
            f"streams.{place}.query {reason}"
            for place, stream in enumerate(self.streams)
            if stream.query is not None and (reason := refused(stream.query, dialect))
        ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

"""What can be configured about a dlt resource or source: where its code is, what its items mean.

Data flow: config/sources.yml + secrets from the environment -> DltSettings -> source.py.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connectors.sources.contracts import primary_key
from connectors.sources.fixed_secrets import FixedSecrets, SecretName, refuse_secrets
from connectors.sources.mapping import EntityMapping, TimeZone, each_entity_once


class DltCursor(BaseModel):
    """How changes are found.

    full: everything counts each time · updated_since: of the items only those count whose `field`
    is not before the last mark less `lookback_hours`
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["full", "updated_since"] = "full"
    field: str | None = Field(default=None, min_length=1)
    lookback_hours: float = Field(default=1.0, ge=0, le=24 * 366)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "full") != (self.field is None):
            raise ValueError(f"{self.kind} {'has no' if self.field else 'needs'} `field`")
        return self


class DltMapping(EntityMapping):
    """The items of one resource, and what they mean.

    `resource`: its name within the source; none where the function is the resource itself.
    `since_argument`: the function's argument that takes the time to read from (ISO 8601, UTC), so
    that less is asked of the system; it is left out when everything is wanted.
    `deleted_field`: the item's field that says it is deleted, with anything but null or false.
    """

    resource: str | None = Field(default=None, min_length=1)
    cursor: DltCursor = DltCursor()
    since_argument: str | None = None
    deletes: Literal["none", "id_reconcile", "flag"] = "none"
    deleted_field: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.deletes == "flag") != (self.deleted_field is not None):
            raise ValueError(
                f"deletes: {self.deletes} {'has no' if self.deleted_field else 'needs'}"
                " `deleted_field`"
            )
        if self.since_argument is not None and self.cursor.kind == "full":
            raise ValueError("`since_argument` needs cursor updated_since")
        if primary_key(self.entity) in self.constants:
            raise ValueError(f"{primary_key(self.entity)} must come from a field")
        return self


class DltSettings(FixedSecrets):
    """One function that gives a dlt resource or source.

    - `function`: `module:function`; the module is installed beside the product, or lies in the
      organisation's folder
    - `arguments`: what the function is called with, without secrets; `argument_secrets`: the name
      of a secret (secret_1 to secret_4) -> the argument it fills
    """

    function: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    arguments: dict[str, Any] = Field(default_factory=dict)
    argument_secrets: dict[SecretName, str] = Field(default_factory=dict)
    timezone: TimeZone = "UTC"
    page_size: int = Field(default=5000, ge=1, le=100_000)
    streams: list[DltMapping] = Field(min_length=1)

    @field_validator("streams")
    @classmethod
    def _each_entity_once(cls, value: list[DltMapping]) -> list[DltMapping]:
        each_entity_once(value, "a second resource of it needs a source of its own")
        return value

    @field_validator("arguments")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        refuse_secrets(value, "argument_secrets")
        return value

    @model_validator(mode="after")
    def _secrets_fit(self) -> Self:
        if wrong := self.misplaced(self.argument_secrets, "argument_secrets"):
            raise ValueError("; ".join(wrong))
        return self

    def called_with(self) -> dict[str, Any]:
        """The function's arguments, secrets included."""
        return {**self.arguments, **self.placed(self.argument_secrets)}

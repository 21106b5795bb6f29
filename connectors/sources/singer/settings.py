"""What can be configured about a Singer tap: how it is started, and what its streams mean.

Data flow: config/sources.yml + secrets from the environment -> SingerSettings -> source.py.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from connectors.sources.contracts import primary_key
from connectors.sources.fixed_secrets import FixedSecrets, SecretName, refuse_secrets
from connectors.sources.mapping import EntityMapping, TimeZone, each_entity_once


class SingerMapping(EntityMapping):
    """One stream of the tap, and what its records mean.

    `stream`: its name in the tap's messages. `also`: streams the tap needs selected beside it (the
    parents of a child); their records are not taken. `replication` full_table: every run brings
    everything; what no longer comes is deleted then, if `deletes` is id_reconcile.
    `deleted_field`: the record's field that says so itself (`_sdc_deleted_at` of log-based taps),
    with anything but null or false.
    """

    stream: str = Field(min_length=1)
    also: list[str] = Field(default_factory=list)
    replication: Literal["incremental", "full_table"] = "incremental"
    replication_key: str | None = None
    deletes: Literal["none", "id_reconcile", "flag"] = "none"
    deleted_field: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.deletes == "flag") != (self.deleted_field is not None):
            raise ValueError(
                f"deletes: {self.deletes} {'has no' if self.deleted_field else 'needs'}"
                " `deleted_field`"
            )
        if self.deletes == "id_reconcile" and self.replication != "full_table":
            raise ValueError("deletes: id_reconcile needs replication: full_table")
        if primary_key(self.entity) in self.constants:
            raise ValueError(f"{primary_key(self.entity)} must come from a field")
        return self

    def fields(self) -> set[str]:
        """The fields of a record that are asked for: the first step of each path."""
        names = {name for name, _ in self.pairs()} | {self.deleted_field or ""}
        return {name.split(".")[0] for name in names if name}


class SingerSettings(FixedSecrets):
    """One tap.

    - `command`: the tap's executable in its own virtual environment, and fixed arguments
    - `config`: its configuration without secrets; `config_secrets`: the name of a secret
      (secret_1 to secret_4) -> the key of the configuration it fills, dotted for one inside
    - `catalog`: `discover` asks the tap, `none` starts it without, else a file of the
      organisation's folder; `catalog_option` is `--properties` for old taps
    - `environment`: variables the tap gets; of this process's it gets only the harmless ones
    - `silence_seconds`: the longest wait for its next line
    """

    command: list[str] = Field(min_length=1)
    config: dict[str, Any] = Field(default_factory=dict)
    config_secrets: dict[SecretName, str] = Field(default_factory=dict)
    catalog: str = Field(default="discover", min_length=1)
    catalog_option: Literal["--catalog", "--properties"] = "--catalog"
    environment: dict[str, str] = Field(default_factory=dict)
    timezone: TimeZone = "UTC"
    silence_seconds: float = Field(default=900.0, gt=0, le=86_400)
    page_size: int = Field(default=5000, ge=1, le=100_000)
    streams: list[SingerMapping] = Field(min_length=1)

    @field_validator("streams")
    @classmethod
    def _each_entity_once(cls, value: list[SingerMapping]) -> list[SingerMapping]:
        each_entity_once(value, "a second stream of it needs a source of its own")
        return value

    @field_validator("config", "environment")
    @classmethod
    def _no_secrets(cls, value: dict[str, Any]) -> dict[str, Any]:
        refuse_secrets(value, "config_secrets")
        return value

    @model_validator(mode="after")
    def _secrets_fit(self) -> Self:
        wrong = self.misplaced(self.config_secrets, "config_secrets")
        for path in self.config_secrets.values():
            inner: Any = self.config
            for step in path.split(".")[:-1]:
                inner = inner.get(step, {})
                if not isinstance(inner, dict):
                    wrong.append(f"config_secrets: {step} of {path} is no section of `config`")
                    break
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def whole_config(self) -> dict[str, Any]:
        """The tap's configuration, secrets included: for its file alone."""
        made = _copied(self.config)
        for path, secret in self.placed(self.config_secrets).items():
            *steps, last = path.split(".")
            inner = made
            for step in steps:
                inner = inner.setdefault(step, {})
            inner[last] = secret
        return made


def _copied(value: dict[str, Any]) -> dict[str, Any]:
    return {key: _copied(item) if isinstance(item, dict) else item for key, item in value.items()}

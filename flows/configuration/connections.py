"""Check each source's and platform's own settings against what its kind declares.

Data flow: Connection (settings + names of secrets) + environment -> complete settings per name,
problems at the line they come from. The settings classes live with the connectors.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from connectors.landing.mapped import SCHEMA
from connectors.registry import SOURCES, is_mapped
from flows.configuration.marked_yaml import KeyPath, MarkedYaml
from flows.configuration.models import LOOPBACK, Connection, PlatformConnection
from flows.configuration.problems import keys_of, nearest, note_items
from flows.configuration.secrets import Secrets

# Schemas of the raw database that are no source's.
RESERVED = {SCHEMA, "main", "information_schema", "pg_catalog", "_journey"}


def complete_settings(
    section: str,
    connections: Mapping[str, Connection] | Mapping[str, PlatformConnection],
    kinds: Mapping[str, type[BaseModel] | None],
    marked: MarkedYaml,
    secrets: Secrets,
    *,
    need_secrets: bool,
    forced: Mapping[str, Any] | None = None,
) -> dict[str, dict[str, Any]]:
    """Settings with secrets filled in, per enabled connection; what is wrong goes to `marked`.

    `forced` are settings the organisation decides for all (where a kind has them).
    Without `need_secrets` a missing one gets a placeholder, so that the rest can still be checked.
    """
    complete: dict[str, dict[str, Any]] = {}
    for name, connection in connections.items():
        root: KeyPath = (section, name)
        settings_model = kinds.get(connection.kind)
        if settings_model is None:
            guess = nearest(connection.kind, kinds)
            known = ", ".join(sorted(kinds))
            hint = f"did you mean {guess}?" if guess else f"one of {known}"
            marked.problem((*root, "kind"), f"unknown kind '{connection.kind}'", hint)
            continue
        if not connection.enabled:
            continue
        filled = {**connection.settings, **_forced(settings_model, forced or {})}
        unset = _fill_secrets(
            filled, connection, settings_model, marked, root, secrets, need_secrets
        )
        try:
            settings_model.model_validate(filled)
        except ValidationError as error:
            _note(error, connection, settings_model, marked, root, unset)
            if len(unset) == 0 or need_secrets:
                continue
        complete[name] = filled
    return complete


def _forced(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key in model.model_fields}


def _note(
    error: ValidationError,
    connection: Connection | PlatformConnection,
    model: type[BaseModel],
    marked: MarkedYaml,
    root: KeyPath,
    unset: Collection[str],
) -> None:
    """Note what is wrong; a secret is shown by the line that names it, never by its value."""
    shown = []
    for item in error.errors(include_url=False):
        first = item["loc"][0] if item["loc"] else None
        if first in connection.secrets:
            if first not in unset:
                said = str(item["msg"]).removeprefix("Value error, ")
                marked.problem((*root, "secrets", str(first)), f"secret '{first}': {said}")
        elif item["loc"] or not unset:
            shown.append(item)
    note_items(model, shown, marked, (*root, "settings"))


def _fill_secrets(
    filled: dict[str, Any],
    connection: Connection | PlatformConnection,
    model: type[BaseModel],
    marked: MarkedYaml,
    root: KeyPath,
    secrets: Secrets,
    need_secrets: bool,
) -> set[str]:
    """Put secrets into `filled`; the settings whose secret is not set get a placeholder."""
    known = keys_of(model)
    unset: set[str] = set()
    for setting, env_name in connection.secrets.items():
        where = (*root, "secrets", setting)
        if setting not in known:
            guess = nearest(setting, known)
            hint = f"did you mean {guess}?" if guess else f"one of {', '.join(known)}"
            marked.problem(where, f"unknown secret '{setting}' for kind {connection.kind}", hint)
            continue
        value = secrets.get(env_name)
        if value is None and need_secrets:
            marked.problem(
                where, f"secret {env_name} is not set", "it in the environment or in .env"
            )
        if value is None:
            unset.add(setting)
        filled[setting] = value if value is not None else "unset"
    return unset


def check_source_names(connections: Mapping[str, Connection], marked: MarkedYaml) -> None:
    """One source of a kind, under any name that is no other kind's; mapped kinds as often as liked.

    The warehouse knows a system by its kind, and a mapped source by its name.
    """
    first: dict[str, str] = {}
    for name, connection in connections.items():
        kind = connection.kind
        if kind not in SOURCES:
            continue
        if name != kind and (name in SOURCES or name in RESERVED):
            marked.problem(("sources", name), f"the name '{name}' is taken", "another name")
        if is_mapped(kind):
            continue
        if kind in first:
            marked.problem(
                ("sources", name, "kind"),
                f"'{first[kind]}' is of kind {kind} already",
                f"one source of kind {kind}; a second one can come as files or rest",
            )
        first.setdefault(kind, name)


def refuse_strangers_in_sandbox(
    profile: str, settings: Mapping[str, Mapping[str, Any]], marked: MarkedYaml
) -> None:
    """Outside profile `production` only loopback platforms may be configured."""
    if profile == "production":
        return
    for name, values in settings.items():
        url = str(values.get("base_url") or "")
        # Without an address a kind goes to its vendor.
        if urlsplit(url).hostname not in LOOPBACK:
            marked.problem(
                ("platforms", name, "settings", "base_url"),
                f"platform '{name}' is not on this machine but the profile is '{profile}'",
                "profile: production in organisation.yml, or a loopback address",
            )

"""The tap's catalog with one stream selected, and of it the fields that are mapped.

Data flow: catalog of --discover or of a file -> selected() -> file for the tap.

Selection is written in both forms taps read: as metadata, and as `selected` inside the schema
(docs/SYNC_MODE.md and docs/DISCOVERY_MODE.md of singer-io/getting-started).
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from connectors.errors import ConfigurationError
from connectors.sources.singer.settings import SingerMapping

_METHODS = {"incremental": "INCREMENTAL", "full_table": "FULL_TABLE"}


def entry_of(catalog: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """The stream's entry, by the name of its messages or by its id."""
    for key in ("stream", "tap_stream_id"):
        for entry in catalog["streams"]:
            if entry.get(key) == name:
                return dict(entry)
    return None


def missing_fields(schema: Any, stream: SingerMapping) -> list[str]:
    """Mapped fields that a schema does not have; a schema without any says nothing.

    Fields that begin with `_sdc_` are the tap's own and often come undeclared.
    """
    fields = fields_of(schema)
    missing = {name for name in stream.fields() - fields if not name.startswith("_sdc_")}
    return sorted(missing) if fields else []


def fields_of(schema: Any) -> set[str]:
    """The fields a schema describes."""
    return set((schema.get("properties") or {}) if isinstance(schema, Mapping) else ())


def selected(catalog: Mapping[str, Any], stream: SingerMapping) -> dict[str, Any]:
    """The catalog for one run. ConfigurationError when the tap has no such stream."""
    wanted = {stream.stream, *stream.also}
    absent = sorted(name for name in wanted if entry_of(catalog, name) is None)
    if absent:
        known = ", ".join(sorted(str(name_of(entry)) for entry in catalog["streams"]))
        raise ConfigurationError(
            f"the tap has no stream {', '.join(absent)}.", todo=f"Use one of: {known[:500]}."
        )
    made = copy.deepcopy(dict(catalog))
    for entry in made["streams"]:
        names = {entry.get("stream"), entry.get("tap_stream_id")}
        _select(entry, bool(names & wanted))
        if stream.stream in names:
            _select_fields(entry, stream)
            top = _metadata(entry, [])
            top["replication-method"] = _METHODS[stream.replication]
            if stream.replication_key:
                top["replication-key"] = stream.replication_key
                entry["replication_key"] = stream.replication_key
            entry["replication_method"] = _METHODS[stream.replication]
    return made


def name_of(entry: Mapping[str, Any]) -> str:
    """The name of a stream's messages."""
    return str(entry.get("stream") or entry.get("tap_stream_id") or "")


def _select(entry: dict[str, Any], is_wanted: bool) -> None:
    _metadata(entry, [])["selected"] = is_wanted
    if isinstance(entry.get("schema"), dict):
        entry["schema"]["selected"] = is_wanted


def _select_fields(entry: dict[str, Any], stream: SingerMapping) -> None:
    """Mapped fields, keys and the replication key; no other field needs to leave the system."""
    schema = entry.get("schema") or {}
    top = _metadata(entry, [])
    needed = stream.fields() | set(entry.get("key_properties") or [])
    needed |= set(top.get("table-key-properties") or [])
    needed |= set(top.get("valid-replication-keys") or [])
    needed |= {stream.replication_key, entry.get("replication_key")} - {None}
    for name, body in (schema.get("properties") or {}).items():
        _metadata(entry, ["properties", name])["selected"] = name in needed
        if isinstance(body, dict):
            body["selected"] = name in needed


def _metadata(entry: dict[str, Any], breadcrumb: list[str]) -> dict[str, Any]:
    listed = entry.setdefault("metadata", [])
    for one in listed:
        if list(one.get("breadcrumb", [])) == breadcrumb:
            found: dict[str, Any] = one.setdefault("metadata", {})
            return found
    made: dict[str, Any] = {}
    listed.append({"breadcrumb": breadcrumb, "metadata": made})
    return made

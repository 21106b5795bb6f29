"""Requests with blanks: {since}, {page} and their like in a path, in parameters or in a body.

Data flow: template from YAML + values of this request -> path, parameters, body.

A text that is nothing but a placeholder becomes the value itself, a number stays one. What has no
value (there is no {since} at the first read) is left out: the key that holds it, or the whole list
that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from connectors.landing.fields import value_at
from connectors.sources.mapping import as_text

NAMES = ("since", "until", "cursor", "offset", "page", "limit", "last_id", "each")
_NAME = re.compile(r"\{(\w+)\}")
_FIELD = re.compile(r"\{([^{}]+)\}")


class _Absent:
    """The mark of something that is left out."""


ABSENT: Final = _Absent()


def names_in(template: Any) -> set[str]:
    """The placeholders of a template, known or not."""
    return {name for text in _texts(template) for name in _NAME.findall(text)}


def render(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with its values; ABSENT when it consists of what has none."""
    if isinstance(template, str):
        return _text(template, values)
    if isinstance(template, Mapping):
        made = {key: render(value, values) for key, value in template.items()}
        kept = {key: value for key, value in made.items() if value is not ABSENT}
        return kept if kept or not template else ABSENT
    if isinstance(template, list):
        items = [(item, render(item, values)) for item in template]
        if any(isinstance(item, str) and value is ABSENT for item, value in items):
            return ABSENT
        return [value for _, value in items if value is not ABSENT]
    return template


def render_path(template: str, values: Mapping[str, Any]) -> str:
    """The path, its values escaped."""
    return _NAME.sub(lambda found: quote(str(values[found[1]]), safe=""), template.lstrip("/"))


def fields_in(templates: str | list[str]) -> set[str]:
    """The fields that a composed one is made of."""
    return {name for text in _texts(templates) for name in _FIELD.findall(text)}


def compose(templates: str | list[str], record: Mapping[str, Any]) -> str | None:
    """The first template all of whose {fields} have a value in the record, filled in."""
    for template in [templates] if isinstance(templates, str) else templates:
        parts = {name: as_text(value_at(record, name)) for name in _FIELD.findall(template)}
        if None not in parts.values():
            return _filled(template, parts)
    return None


def _filled(template: str, parts: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda found: str(parts[found[1]]), template)


def _text(template: str, values: Mapping[str, Any]) -> Any:
    names = _NAME.findall(template)
    if any(values.get(name) is None for name in names):
        return ABSENT
    if len(names) == 1 and template == f"{{{names[0]}}}":
        return values[names[0]]
    return _NAME.sub(lambda found: str(values[found[1]]), template)


def _texts(template: Any) -> Iterator[str]:
    if isinstance(template, str):
        yield template
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from _texts(value)
    elif isinstance(template, list):
        for item in template:
            yield from _texts(item)

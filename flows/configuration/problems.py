"""Say what is wrong with a configuration value in one line a person can act on.

Data flow: MarkedYaml + pydantic model -> validated model, or Problems with file and line.
"""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.configuration.marked_yaml import KeyPath, MarkedYaml

M = TypeVar("M", bound=BaseModel)
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a section (key: value)",
    "mapping_type": "a section (key: value)",
    "model_type": "a section (key: value)",
    "model_attributes_type": "a section (key: value)",
    "list_type": "a list",
    "tuple_type": "a list",
    "date_from_datetime_parsing": "a date such as 2026-06-30",
    "date_parsing": "a date such as 2026-06-30",
    "missing": "a value",
}


def validate(model: type[M], marked: MarkedYaml, *, root: KeyPath = ()) -> M | None:
    """The model built from the file's value at `root`, or None with the problems noted."""
    value = marked.value
    for step in root:
        value = value[step]
    if value is None and not root:
        marked.problem((), "the file is empty", ", ".join(f"'{key}'" for key in keys_of(model)))
        return None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        note_items(model, error.errors(include_url=False), marked, root)
        return None


def note_items(
    model: type[BaseModel], items: Iterable[ErrorDetails], marked: MarkedYaml, root: KeyPath
) -> None:
    """Turn pydantic's errors about the section at `root` into Problems of the file."""
    for item in items:
        message, expected = _explain(model, item)
        marked.problem((*root, *_yaml_path(item["loc"], marked, root)), message, expected)


def nearest(word: str, known: Iterable[str]) -> str:
    """The closest known word in quotes, or an empty string."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"'{found[0]}'" if found else ""


def keys_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _explain(model: type[BaseModel], item: ErrorDetails) -> tuple[str, str]:
    loc, kind = item["loc"], item["type"]
    where = ".".join(str(part) for part in loc if part != "[key]") or "the file"
    if kind == "extra_forbidden":
        section = _model_at(model, loc[:-1])
        known = keys_of(section) if section else []
        guess = nearest(str(loc[-1]), known)
        hint = f"did you mean {guess}?" if guess else f"one of {', '.join(known)}"
        return f"unknown key '{where}'", hint
    if kind == "missing":
        return f"'{where}' is missing", _wanted(model, loc)
    if kind == "value_error":
        return f"'{where}': {str(item['msg']).removeprefix('Value error, ')}", ""
    shown = _shown(item.get("input"))
    if kind in _KINDS:
        return f"'{where}' is {shown}", _KINDS[kind]
    context = item.get("ctx", {})
    if kind == "literal_error":
        return f"'{where}' is {shown}", str(context.get("expected", "")).replace("'", "")
    if kind == "string_pattern_mismatch":
        return f"'{where}' is {shown}", f"text matching {context.get('pattern')}"
    wanted = str(item["msg"]).removeprefix("Input should be ")
    return f"'{where}' is {shown}", wanted[:1].lower() + wanted[1:]


def _wanted(model: type[BaseModel], loc: tuple[int | str, ...]) -> str:
    section = _model_at(model, loc[:-1])
    field = section.model_fields.get(str(loc[-1])) if section else None
    return f"{field.description}" if field and field.description else "it to be given"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a section"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    return repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."


def _yaml_path(loc: tuple[int | str, ...], marked: MarkedYaml, root: KeyPath) -> KeyPath:
    """pydantic adds markers (union branch, [key]) that are no YAML keys: drop those."""
    path: KeyPath = ()
    for part in loc:
        if (*root, *path, part) in marked.lines:
            path = (*path, part)
    return path


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    here: Any = model
    for part in loc:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(part))
            if field is None:
                return None
            here = _section_type(field.annotation)
        elif typing.get_origin(here) in (dict, list, tuple):
            here = _section_type(
                typing.get_args(here)[-1 if typing.get_origin(here) is dict else 0]
            )
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _section_type(annotation: Any) -> Any:
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        for option in typing.get_args(annotation):
            if option is not type(None):
                return _section_type(option)
    if origin is typing.Annotated:
        return _section_type(typing.get_args(annotation)[0])
    return annotation

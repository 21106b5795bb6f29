"""`$filter` of the fake Wild Apricot: comparisons of fields, AND, OR and parentheses.

Data flow: "('Profile last updated' ge 2026-01-01 OR Id in [1,2])" -> check(fields) -> bool.

From the vendor's help pages on filtering: field names with spaces stand in single quotes, values
may; operators eq, ne, gt, ge, lt, le, and `in` with a bracketed list for ids; a name may be the
field's title or its system code. Not verified: that AND binds more strongly than OR.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Check = Callable[[Mapping[str, Any]], bool]
_TOKEN = re.compile(r"\s*(\(|\)|\[[^\]]*\]|'[^']*'|[^\s()\[\]]+)")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}


class FilterError(Exception):
    """The filter can not be read."""


def parse(text: str | None, known: frozenset[str]) -> Check:
    """A check of a record's fields; FilterError for bad syntax or a field that is not known."""
    if not text:
        return lambda _: True
    tokens = _TOKEN.findall(text)
    if "".join(tokens).replace(" ", "") != text.replace(" ", ""):
        raise FilterError(text)
    check, rest = _either(tokens, known)
    if rest:
        raise FilterError(text)
    return check


def _either(tokens: list[str], known: frozenset[str]) -> tuple[Check, list[str]]:
    left, rest = _both(tokens, known)
    while rest and rest[0].upper() == "OR":
        right, rest = _both(rest[1:], known)
        left = _joined(left, right, any)
    return left, rest


def _both(tokens: list[str], known: frozenset[str]) -> tuple[Check, list[str]]:
    left, rest = _single(tokens, known)
    while rest and rest[0].upper() == "AND":
        right, rest = _single(rest[1:], known)
        left = _joined(left, right, all)
    return left, rest


def _joined(left: Check, right: Check, how: Callable[[list[bool]], bool]) -> Check:
    return lambda fields: how([left(fields), right(fields)])


def _single(tokens: list[str], known: frozenset[str]) -> tuple[Check, list[str]]:
    if tokens[:1] == ["("]:
        check, rest = _either(tokens[1:], known)
        if rest[:1] != [")"]:
            raise FilterError("a parenthesis is not closed")
        return check, rest[1:]
    if len(tokens) < 3:
        raise FilterError("an expression ends too early")
    field, operator, value = tokens[0].strip("'"), tokens[1].lower(), tokens[2].strip("'")
    if field not in known:
        raise FilterError(f"unknown field {field}")
    if operator == "in":
        wanted = {part.strip() for part in value.strip("[]").split(",")}
        return lambda fields: str(fields.get(field)) in wanted, tokens[3:]
    if operator not in _COMPARE:
        raise FilterError(f"unknown operator {operator}")
    return _compared(field, _COMPARE[operator], value), tokens[3:]


def _compared(field: str, compare: Callable[[Any, Any], bool], value: str) -> Check:
    wanted = _moment(value)

    def check(fields: Mapping[str, Any]) -> bool:
        found = fields.get(field)
        if found is None:
            return False
        moment = _moment(found)
        if wanted is not None and moment is not None:
            return compare(moment, wanted)
        return compare(str(found).lower(), value.lower())

    return check


def _moment(value: Any) -> datetime | None:
    if not re.match(r"^\d{4}-\d{2}-\d{2}", str(value)):
        return None
    moment = datetime.fromisoformat(str(value))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

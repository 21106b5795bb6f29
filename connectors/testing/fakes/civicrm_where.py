"""How a CiviCRM APIv4 `where` clause decides about one record.

Data flow: where clauses + record -> True / False.

Follows SQL: a comparison with NULL is not true, text compares without case, booleans are 0 and 1.
Operators and the refusal of unknown ones: Civi/Api4/Query/Api4Query.php and CoreUtil::getOperators.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.testing.fakes.civicrm_schema import Field

OPERATORS = frozenset(
    (
        *("=", "<=", ">=", ">", "<", "LIKE", "<>", "!=", "NOT LIKE", "IN", "NOT IN", "BETWEEN"),
        *("NOT BETWEEN", "IS NOT NULL", "IS NULL", "CONTAINS", "NOT CONTAINS"),
        *("IS EMPTY", "IS NOT EMPTY"),
    )
)

Value = int | float | str | None
_DATE_LENGTH = 10


class WhereError(Exception):
    """The clause is not one CiviCRM accepts; the message is CiviCRM's."""


class Where:
    """A compiled `where`: call `matches(record)`. Raises WhereError when built from nonsense."""

    def __init__(
        self, clauses: Sequence[Any], fields: Mapping[str, Field], timezone: ZoneInfo
    ) -> None:
        self._fields = fields
        self._timezone = timezone
        self._tests = [self._compile(clause) for clause in clauses]

    def matches(self, record: Mapping[str, Any]) -> bool:
        return all(test(record) is True for test in self._tests)

    def _compile(self, clause: Any) -> Callable[[Mapping[str, Any]], bool | None]:
        if not isinstance(clause, list) or not clause or not isinstance(clause[0], str):
            raise WhereError("Illegal operator")
        if clause[0] in ("AND", "OR", "NOT") and isinstance(clause[1], list):
            parts = clause[1] if not isinstance(clause[1][0], str) else [clause[1]]
            tests = [self._compile(part) for part in parts]
            if clause[0] == "OR":
                return lambda record: any(test(record) is True for test in tests)
            if clause[0] == "AND":
                return lambda record: all(test(record) is True for test in tests)
            # NOT of an unknown stays unknown in SQL, so a null is never "not equal".
            return lambda record: _negate(_conjunction([test(record) for test in tests]))
        name = clause[0]
        operator = clause[1] if len(clause) > 1 else None
        wanted = clause[2] if len(clause) > 2 else None
        if operator not in OPERATORS:
            raise WhereError("Illegal operator")
        if name not in self._fields:
            raise WhereError(f"Invalid field '{name}'")
        return self._leaf(name, str(operator), wanted)

    def _leaf(
        self, name: str, operator: str, wanted: Any
    ) -> Callable[[Mapping[str, Any]], bool | None]:
        field = self._fields[name]
        if operator in ("IN", "NOT IN", "BETWEEN", "NOT BETWEEN"):
            if not isinstance(wanted, list) or (not wanted and operator == "IN"):
                raise WhereError(f"Invalid value in WHERE clause for '{name}'")
            target: Any = [self.value(field, item) for item in wanted]
        else:
            target = self.value(field, wanted)

        def test(record: Mapping[str, Any]) -> bool | None:
            return compare(self.value(field, record.get(name)), operator, target)

        return test

    def value(self, field: Field, raw: Any) -> Value:
        """A comparable value; date-times with an offset become the site's local time."""
        if raw is None:
            return None
        if isinstance(raw, bool):
            return int(raw)
        if field.data_type in ("Integer", "Boolean", "Money") and not isinstance(raw, list):
            text = str(raw).lower()
            if text in ("true", "false"):
                return int(text == "true")
            try:
                return float(raw) if field.data_type == "Money" else int(raw)
            except (TypeError, ValueError):
                return str(raw)
        if field.data_type in ("Date", "Timestamp"):
            return self._moment(field, str(raw))
        return str(raw).lower()

    def _moment(self, field: Field, raw: str) -> str:
        try:
            moment = datetime.fromisoformat(raw)
        except ValueError:
            return raw
        if moment.tzinfo is not None:
            moment = moment.astimezone(self._timezone).replace(tzinfo=None)
        text = moment.isoformat(sep=" ", timespec="seconds")
        return text[:_DATE_LENGTH] if field.data_type == "Date" else text


def compare(actual: Value, operator: str, wanted: Any) -> bool | None:
    """SQL's three-valued answer."""
    if operator in ("IS NULL", "IS NOT NULL"):
        return (actual is None) == (operator == "IS NULL")
    if operator in ("IS EMPTY", "IS NOT EMPTY"):
        return (actual in (None, "", 0)) == (operator == "IS EMPTY")
    if actual is None or wanted is None:
        return None
    if operator.startswith("NOT "):
        return _negate(compare(actual, operator.removeprefix("NOT "), wanted))
    if operator == "IN":
        return any(actual == item for item in wanted)
    if operator == "BETWEEN":
        return bool(_ordered(wanted[0], actual) and _ordered(actual, wanted[1]))
    if operator == "LIKE":
        pattern = "".join(
            {"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in str(wanted)
        )
        return re.fullmatch(pattern, str(actual), re.DOTALL) is not None
    if operator == "CONTAINS":
        return str(wanted) in str(actual)
    if operator in ("=", "!=", "<>"):
        return bool(actual == wanted) == (operator == "=")
    if operator in (">=", "<"):
        return _ordered(wanted, actual) == (operator == ">=")
    return _ordered(actual, wanted) == (operator == "<=")


def _ordered(low: Any, high: Any) -> bool:
    """low <= high, as text when the types differ."""
    if type(low) is type(high) or (isinstance(low, int | float) and isinstance(high, int | float)):
        return bool(low <= high)
    return str(low) <= str(high)


def _conjunction(answers: list[bool | None]) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _negate(answer: bool | None) -> bool | None:
    return None if answer is None else not answer

"""As much SOQL as a connector needs, and its refusals.

Data flow: query text -> parse() -> Query -> Query.matches / order of records in salesforce.py.

Facts (SOQL and SOSL Reference): keywords in any case; text in single quotes with backslash escapes,
times without quotes; AND and OR may not be mixed on one level without parentheses; text compares
without regard to case; comparing with null works with = and != only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from connectors.testing.fakes.salesforce_schema import Field, Schema

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<day>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)"
    r"|(?P<word>[A-Za-z_][\w.]*)|(?P<mark><=|>=|!=|[=<>(),]))"
)
Value = Callable[[str], Any]  # field path -> the record's value
Test = Callable[[Value], bool]


class RefusedError(Exception):
    """The query is answered with status 400 and this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Query:
    """A parsed query; `fields` is ["COUNT()"] for a count."""

    fields: list[str]
    object: str
    matches: Test
    order: list[tuple[str, bool]]
    limit: int | None


def field_at(schema: Schema, object: str, path: str) -> Field:
    """The field a path leads to. RefusedError when there is none."""
    *parents, last = path.split(".")
    at = object
    for step in parents:
        links = [f for f in schema.get(at, {}).values() if f.relationship == step]
        if not links or links[0].parent not in schema:
            raise RefusedError("INVALID_FIELD", f"Didn't understand relationship '{step}'")
        at = str(links[0].parent)
    known = {name.lower(): field for name, field in schema[at].items()}
    if last.lower() not in known:
        raise RefusedError("INVALID_FIELD", f"No such column '{last}' on entity '{at}'")
    return known[last.lower()]


def comparable(field: Field, value: Any) -> Any:
    """A record's value in a form that orders and compares as Salesforce does."""
    if value is None:
        return None
    if field.type == "datetime":
        return datetime.fromisoformat(str(value))
    if field.type == "date":
        return date.fromisoformat(str(value))
    if field.type in ("id", "reference") or not isinstance(value, str):
        return value
    return value.lower()


def parse(text: str, schema: Schema) -> Query:
    """The query; RefusedError with Salesforce's codes for what it would refuse."""
    return _Parser(text, schema).query()


class _Parser:
    def __init__(self, text: str, schema: Schema) -> None:
        self._schema, self._at = schema, 0
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise RefusedError("MALFORMED_QUERY", f"unexpected token at {place}")
            self._tokens.append((str(found.lastgroup), str(found[str(found.lastgroup)])))
            place = found.end()
        self._object = ""

    def query(self) -> Query:
        self._word("SELECT")
        fields = self._fields()
        self._word("FROM")
        self._object = self._next("word")
        if self._object not in self._schema:
            raise RefusedError("INVALID_TYPE", f"sObject type '{self._object}' is not supported.")
        for name in fields:
            if name != "COUNT()":
                field_at(self._schema, self._object, name)
        matches = self._expression() if self._is("WHERE") else _everything
        order = self._order() if self._is("ORDER") else []
        limit = int(self._next("number")) if self._is("LIMIT") else None
        if self._at < len(self._tokens):
            raise self._unexpected()
        return Query(fields, self._object, matches, order, limit)

    def _fields(self) -> list[str]:
        first = self._next("word")
        if first.upper() == "COUNT":
            self._next("mark", "(")
            self._next("mark", ")")
            return ["COUNT()"]
        names = [first]
        while self._mark(","):
            names.append(self._next("word"))
        return names

    def _order(self) -> list[tuple[str, bool]]:
        self._word("BY")
        order: list[tuple[str, bool]] = []
        while True:
            name = self._next("word")
            field_at(self._schema, self._object, name)
            descending = self._is("DESC")
            if not descending:
                self._is("ASC")
            order.append((name, descending))
            if not self._mark(","):
                return order

    def _expression(self) -> Test:
        tests = [self._condition()]
        joined = ""
        while True:
            word = next((w for w in ("AND", "OR") if self._peek() == ("word", w)), "")
            if not word:
                break
            if joined not in ("", word):
                raise self._unexpected()
            joined = word
            self._at += 1
            tests.append(self._condition())
        if joined == "OR":
            return lambda value: any(test(value) for test in tests)
        return lambda value: all(test(value) for test in tests)

    def _condition(self) -> Test:
        if self._mark("("):
            inner = self._expression()
            self._next("mark", ")")
            return inner
        path = self._next("word")
        field = field_at(self._schema, self._object, path)
        if self._is("IN"):
            self._next("mark", "(")
            wanted = [self._literal(field)]
            while self._mark(","):
                wanted.append(self._literal(field))
            self._next("mark", ")")
            return lambda value: comparable(field, value(path)) in wanted
        sign = self._next("mark")
        bound = self._literal(field)
        if bound is None and sign not in ("=", "!="):
            raise RefusedError("INVALID_QUERY_FILTER_OPERATOR", "null with an order")
        compare = _COMPARISONS.get(sign)
        if compare is None:
            raise self._unexpected()
        return lambda value: compare(comparable(field, value(path)), bound)

    def _literal(self, field: Field) -> Any:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        self._at += 1
        if kind == "word" and text.lower() in ("null", "true", "false"):
            return {"null": None, "true": True, "false": False}[text.lower()]
        expected = {"datetime": "moment", "date": "day"}.get(field.type)
        if (expected or kind) != kind or kind not in ("text", "moment", "day", "number"):
            raise RefusedError("INVALID_FIELD", "value of filter criterion is of another type")
        if kind == "text":
            plain = re.sub(r"\\(.)", r"\1", text[1:-1])
            return comparable(field, plain)
        return float(text) if kind == "number" else comparable(field, text)

    def _peek(self) -> tuple[str, str]:
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        return kind, text.upper() if kind == "word" else text

    def _is(self, word: str) -> bool:
        found = self._peek() == ("word", word)
        self._at += found
        return found

    def _mark(self, mark: str) -> bool:
        found = self._peek() == ("mark", mark)
        self._at += found
        return found

    def _word(self, word: str) -> None:
        if not self._is(word):
            raise self._unexpected()

    def _next(self, kind: str, text: str | None = None) -> str:
        found = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if found[0] != kind or text not in (None, found[1]):
            raise self._unexpected()
        self._at += 1
        return found[1]

    def _unexpected(self) -> RefusedError:
        token = self._tokens[self._at][1] if self._at < len(self._tokens) else "<EOF>"
        return RefusedError("MALFORMED_QUERY", f"unexpected token: '{token}'")


def _everything(_value: Value) -> bool:
    return True


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: left is not None and bool(left < right),
    ">": lambda left, right: left is not None and bool(left > right),
    "<=": lambda left, right: left is not None and bool(left <= right),
    ">=": lambda left, right: left is not None and bool(left >= right),
}

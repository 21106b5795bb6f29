"""A fake Odoo: one database, through `/json/2` and `/jsonrpc`, with fields_get and search_read.

Data flow: POST -> transport -> search_read(domain, fields, limit, order) -> RecordStore -> JSON.

Facts (documentation 19.0 external_api; odoo/odoo addons/rpc/controllers/json2.py, orm):
- /json/2/<model>/<method>: bearer key; errors are 4xx or 5xx with {name, message, arguments,
  context, debug}; an unknown model is 404 NotFound, an unexpected argument 422. Not before 19.
- /jsonrpc: errors are 200 with {"error": {code: 200, message, data: {name, message, ...}}};
  common.authenticate answers false to bad credentials; a bad key later is AccessDenied; an unknown
  model is a UserError. Gone (404, a web page) from 22 on.
- empty values are `false`; a many2one is [id, display name]; times are UTC text cut to the second,
  while domains compare the stored microseconds (issue 24102).
- archived records (active = false) are left out unless the context says active_test: false or the
  domain names `active`; an unknown field is a ValueError.
- unlinking leaves nothing; deleting from the store is that.
A record's body is what the API shows, but for `write_date` with its microseconds; fields that are
missing are shown as `false`. Not modelled: record rules, translations, groups of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from email.utils import format_datetime
from operator import itemgetter
from typing import Any

from connectors.testing.fakes.odoo_models import EVERYTHING, RELATIONS, models_of
from connectors.testing.server import Request, Response
from connectors.testing.store import RecordStore

VENDOR = "odoo"
_PATH = re.compile(r"^/json/2/([a-z0-9_.]+)/([a-z_]+)$")
_PAGE = b"<!doctype html><title>404 Not Found</title>"
_STATUS = {"AccessError": 403, "Unauthorized": 401, "NotFound": 404, "UnprocessableEntity": 422}
_ARGUMENTS = {
    "fields_get": {"allfields", "attributes"},
    "search_read": {"domain", "fields", "offset", "limit", "order"},
    "search_count": {"domain", "limit"},
}
Body = dict[str, Any]


class OdooError(Exception):
    """An exception of the server: its Python class and message."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class OdooFake:
    """One database. `forbidden`: models the user may not read; `version`: major version."""

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-odoo-key",
        *,
        database: str = "example",
        login: str = "warehouse@example.org",
        version: int = 19,
        modules: Sequence[str] = tuple(EVERYTHING),
        forbidden: Sequence[str] = (),
    ) -> None:
        self._store, self._key, self._database, self._login = store, api_key, database, login
        self._version, self._forbidden = version, frozenset(forbidden)
        self._models = models_of(frozenset(modules))

    def handle(self, request: Request) -> Response:
        found = _PATH.match(request.path)
        if found and self._version >= 19 and request.method == "POST":
            answer = self._json2(request, found[1], found[2])
        elif request.path == "/jsonrpc" and self._version < 22 and request.method == "POST":
            answer = self._rpc(request)
        else:
            return Response(404, {"Content-Type": "text/html"}, _PAGE)
        date = format_datetime(self._store.now(), usegmt=True)
        return Response(answer.status, {**answer.headers, "Date": date}, answer.body)

    def _json2(self, request: Request, model: str, method: str) -> Response:
        try:
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or key != self._key:
                raise OdooError("werkzeug.exceptions.Unauthorized", "Invalid apikey")
            if request.headers.get("x-odoo-database", self._database) != self._database:
                return Response(404, {"Content-Type": "text/html"}, _PAGE)
            if model not in self._models:
                raise OdooError(
                    "werkzeug.exceptions.NotFound", f"the model {model!r} does not exist"
                )
            return Response.of_json(self._call(model, method, request.json() or {}))
        except OdooError as error:
            body = {**_document(error), "context": {}}
            return Response.of_json(body, _STATUS.get(error.name.rpartition(".")[2], 500))

    def _rpc(self, request: Request) -> Response:
        envelope = request.json() or {}
        params = envelope.get("params", {})
        head = {"jsonrpc": "2.0", "id": envelope.get("id")}
        try:
            result = self._service(params["service"], params["method"], params["args"])
        except OdooError as error:
            told = {"code": 200, "message": "Odoo Server Error", "data": _document(error)}
            return Response.of_json({**head, "error": told})
        return Response.of_json({**head, "result": result})

    def _service(self, service: str, method: str, args: list[Any]) -> Any:
        if (service, method) == ("common", "version"):
            info = [self._version, 0, 0, "final", 0, ""]
            return {"server_version": f"{self._version}.0", "server_version_info": info}
        if args[0] != self._database:
            raise OdooError("psycopg2.OperationalError", f'database "{args[0]}" does not exist')
        if (service, method) in (("common", "authenticate"), ("common", "login")):
            return 2 if tuple(args[1:3]) == (self._login, self._key) else False
        _, uid, key, model, name, positional, named = args
        if (uid, key) != (2, self._key):
            raise OdooError("odoo.exceptions.AccessDenied", "Access Denied")
        if model not in self._models:
            raise OdooError("odoo.exceptions.UserError", f"Object {model} doesn't exist")
        if positional:
            raise OdooError("builtins.TypeError", "named arguments only, in this fake")
        return self._call(model, name, named)

    def _call(self, model: str, method: str, named: Mapping[str, Any]) -> Any:
        context = named.get("context") or {}
        arguments = {key: value for key, value in named.items() if key != "context"}
        if method not in _ARGUMENTS:
            raise OdooError(
                "werkzeug.exceptions.NotFound", f"{model!r} object has no attribute {method!r}"
            )
        unknown = arguments.keys() - _ARGUMENTS[method]
        if unknown:
            raise OdooError("werkzeug.exceptions.UnprocessableEntity", f"unexpected {unknown}")
        if method == "fields_get":
            return {name: {"type": kind} for name, kind in self._models[model].items()}
        if model in self._forbidden:
            raise OdooError(
                "odoo.exceptions.AccessError", f"You are not allowed to access {model} records."
            )
        rows = self._search(model, arguments.get("domain") or [], context)
        if method == "search_count":
            return len(rows)
        for part in reversed((arguments.get("order") or "id").split(",")):
            name, _, direction = part.strip().partition(" ")
            rows.sort(key=itemgetter(name), reverse=direction.lower() == "desc")
        start = arguments.get("offset") or 0
        limit = arguments.get("limit")
        page = rows[start : start + limit if limit else None]
        return [self._shown(model, row, arguments.get("fields")) for row in page]

    def _shown(self, model: str, row: Body, fields: Sequence[str] | None) -> Body:
        known = self._models[model]
        for name in fields or ():
            if name not in known:
                raise OdooError("builtins.ValueError", f"Invalid field {name!r} on model {model!r}")
        shown = {}
        for name in {"id", *(fields or known)}:
            value = row.get(name, False)
            cut = known[name] == "datetime" and isinstance(value, str)
            shown[name] = value[:19] if cut else value
        return shown

    def _search(self, model: str, domain: list[Any], context: Mapping[str, Any]) -> list[Body]:
        rows = [record.body for record in self._store.query(VENDOR, model)]
        named = any(isinstance(part, list) and part[0] == "active" for part in domain)
        if "active" in self._models[model] and context.get("active_test", True) and not named:
            rows = [row for row in rows if row.get("active", True)]
        check = self._check(model, domain)
        return [row for row in rows if check(row)]

    def _check(self, model: str, domain: list[Any]) -> Callable[[Body], bool]:
        """A domain is in prefix notation; conditions without an operator are joined by and."""
        parts = list(domain)
        checks = []
        while parts:
            checks.append(self._operand(model, parts))
        return lambda row: all(check(row) for check in checks)

    def _operand(self, model: str, parts: list[Any]) -> Callable[[Body], bool]:
        if not parts:
            raise OdooError("builtins.ValueError", "Invalid domain: an operand is missing")
        part = parts.pop(0)
        if part in ("|", "&"):
            left, right = self._operand(model, parts), self._operand(model, parts)
            if part == "|":
                return lambda row: left(row) or right(row)
            return lambda row: left(row) and right(row)
        if part == "!":
            inner = self._operand(model, parts)
            return lambda row: not inner(row)
        path, operator, wanted = part
        if path.partition(".")[0] not in self._models[model]:
            raise OdooError("builtins.ValueError", f"Invalid field {model}.{path} in leaf {part}")
        return lambda row: _compare(self._value(model, row, path), operator, wanted)

    def _value(self, model: str, row: Body, path: str) -> Any:
        name, _, rest = path.partition(".")
        value = row.get(name, False)
        if not rest:
            return value
        if value is False:
            return False
        target = RELATIONS[model, name]
        record = self._store.get(VENDOR, target, str(value[0]))
        return self._value(target, record.body, rest) if record else False


def _compare(value: Any, operator: str, wanted: Any) -> bool:
    if isinstance(value, list) and value and not isinstance(wanted, list):
        value = value[0]
    if operator == "=":
        return bool(value == wanted)
    if operator == "!=":
        return bool(value != wanted)
    if operator == "in":
        return value in wanted
    if value is False:
        return False  # NULL compares with nothing
    return bool(
        {">": value > wanted, ">=": value >= wanted, "<": value < wanted, "<=": value <= wanted}[
            operator
        ]
    )


def _document(error: OdooError) -> Body:
    text = str(error)
    trace = f"Traceback (most recent call last):\n{error.name}: {text}"
    return {"name": error.name, "message": text, "arguments": [text], "debug": trace}

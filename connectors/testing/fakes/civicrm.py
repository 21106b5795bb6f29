"""A fake CiviCRM site: APIv4 over its AJAX end-point, with authx.

Data flow: GET/POST /civicrm/ajax/api4/{Entity}/{action} -> RecordStore("civicrm", Entity) -> JSON.

Facts and where they come from (civicrm-core):
- CRM/Api4/Page/AJAX.php: `params` is one JSON string in the query or the form; the answer has
  values, entity, action, debug, version, count, countFetched and, when known, countMatched; an
  exception is HTTP 500 (403 when not permitted) with {error_code, error_message, status}; without
  the permission "view debug output" the message is a generic one with an error id; GET is for get*
  actions only.
- ext/authx Authenticator.php: credentials in `X-Civi-Auth` (or `_authx`); a bad one is answered
  with 401, text/plain, "HTTP 401 Invalid credential".
- GetActionDefaultsProvider.php, AbstractGetAction.php: `get` leaves out is_deleted, is_test and
  is_template records unless the top-level where names that field or asks for ids with = or IN.
- Api4SelectQuery.php: unknown fields in select are dropped without an error, in where and orderBy
  they are one; `id` is always selected; no limit means every record.
- DAOGetAction.php: row_count in select gives the matched count.
- `Entity.get` lists the entities; those of a component that is switched off are left out (pull
  request 19075).
An error document with HTTP 200 happens behind some front ends: `errors_with_200=True`.
Not verified: the answer to a request without any credential (403 here).
"""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from connectors.testing.fakes.civicrm_query import defaults, lowest_id, sorted_rows, window
from connectors.testing.fakes.civicrm_schema import ENTITIES, Field
from connectors.testing.fakes.civicrm_where import Where, WhereError
from connectors.testing.server import Request, Response
from connectors.testing.store import Record, RecordStore

VENDOR = "civicrm"
_PATH = re.compile(r"^/civicrm/ajax/api4/(\w+)/(\w+)/?$")
_GET_PARAMS = {"select", "where", "orderBy", "limit", "offset", "checkPermissions"}
_SCAN = 1_000  # records fetched from the store at once


class ApiError(Exception):
    """An exception of the API: `status` 500, or 403 when it is about permission."""

    def __init__(self, message: str, status: int = 500, code: int | str = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class CivicrmFake:
    """A site with the entities of civicrm_schema. A record's `sort` in the store must be its id.

    `without`: fields an older site does not have yet, e.g. {"Activity": ["modified_date"]}.
    `extra_fields`: fields a newer site has, e.g. {"Contact": ["Consent.sms"]} (a dot: custom).
    `forbidden`: entities this key may not read (403). `absent`: entities of components that are
    switched off.
    """

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-civicrm-key",
        *,
        timezone: str = "Europe/Berlin",
        without: Mapping[str, Iterable[str]] | None = None,
        extra_fields: Mapping[str, Iterable[str]] | None = None,
        forbidden: Iterable[str] = (),
        absent: Iterable[str] = (),
        errors_with_200: bool = False,
        detailed_errors: bool = True,
    ) -> None:
        self._store = store
        self._key = api_key
        self._timezone = ZoneInfo(timezone)
        self._forbidden = frozenset(forbidden)
        self._errors_with_200 = errors_with_200
        self._detailed = detailed_errors
        self._lock = threading.Lock()
        self._errors = 0
        self._fields: dict[str, list[Field]] = {}
        for entity, fields in ENTITIES.items():
            if entity in absent:
                continue
            missing = set((without or {}).get(entity, ()))
            more = [
                Field(name, type="Custom" if "." in name else "Field")
                for name in (extra_fields or {}).get(entity, ())
            ]
            self._fields[entity] = [f for f in fields if f.name not in missing] + more

    def handle(self, request: Request) -> Response:
        found = _PATH.match(request.path)
        if found is None:
            return Response(404, {"Content-Type": "text/html"}, b"<h1>Not Found</h1>")
        form = dict(request.query)
        if request.method == "POST":
            form |= dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True))
        refusal = self._refuse(request, form, found[2])
        if refusal is not None:
            return refusal
        try:
            return Response.of_json(self._call(found[1], found[2], form.get("params")))
        except (ApiError, WhereError) as problem:
            return self._failure(problem)

    def _refuse(self, request: Request, form: Mapping[str, str], action: str) -> Response | None:
        credential = request.headers.get("x-civi-auth") or form.get("_authx")
        if not credential:
            body = {"error_code": 403, "error_message": "Authorization failed", "status": 403}
            return Response.of_json(body, 403)
        if credential != f"Bearer {self._key}":
            text = b"HTTP 401 Invalid credential"
            return Response(401, {"Content-Type": "text/plain"}, text)
        if request.method not in ("GET", "POST"):
            return Response.of_json({"error_code": 405, "error_message": "Method Not Allowed"}, 405)
        if request.method == "GET" and not action.lower().startswith("get"):
            message = "SECURITY: All requests that modify the database must be http POST, not GET."
            return Response.of_json({"error_code": 405, "error_message": message}, 405)
        return None

    def _failure(self, problem: ApiError | WhereError) -> Response:
        status = problem.status if isinstance(problem, ApiError) else 500
        code: int | str = problem.code if isinstance(problem, ApiError) else 0
        message = str(problem)
        if not self._detailed:
            with self._lock:
                self._errors += 1
                number = self._errors
            code = "1"
            message = (
                "Sorry an error occurred and your request was not completed. "
                f"(Error ID: 0000-0000-{number:04d})"
            )
        body = {"error_code": code, "error_message": message, "status": status}
        return Response.of_json(body, 200 if self._errors_with_200 else status)

    def _call(self, entity: str, action: str, raw: str | None) -> dict[str, Any]:
        actions: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
            "get": self._get,
            "getFields": self._get_fields,
            "getActions": self._get_actions,
        }
        if entity == "Entity":
            actions = {"get": self._get_entities}
        if entity not in self._fields and entity != "Entity":
            raise ApiError(
                f"API ({entity}, {action}) does not exist (join the API team and implement it!)",
                code="not-found",
            )
        if action not in actions or entity in self._forbidden:
            raise ApiError(f"Authorization failed for {entity}::{action}", 403, "unauthorized")
        try:
            params = json.loads(raw) if raw else {}
        except ValueError as problem:
            raise ApiError("params must be JSON") from problem
        if not isinstance(params, dict):
            raise ApiError("params must be an object")
        envelope = {"entity": entity, "action": action, "debug": None, "version": 4}
        return actions[action](entity, params) | envelope

    def _get_fields(self, entity: str, params: dict[str, Any]) -> dict[str, Any]:
        listed: list[dict[str, Any]] = [
            {
                "name": field.name,
                "title": field.name.replace("_", " ").title(),
                "type": field.type,
                "data_type": field.data_type,
                "fk_entity": field.fk_entity,
                "suffixes": ["name", "label"] if field.suffixed else None,
                "entity": entity,
            }
            for field in self._fields[entity]
            if not field.joined
        ]
        chosen = params.get("select") or []
        if chosen:
            listed = [{key: row[key] for key in chosen if key in row} for row in listed]
        return {"values": listed, "count": len(listed), "countFetched": len(listed)}

    def _get_entities(self, _entity: str, _params: dict[str, Any]) -> dict[str, Any]:
        rows = [{"name": name} for name in sorted((*self._fields, "Entity"))]
        return {"values": rows, "count": len(rows), "countFetched": len(rows)}

    @staticmethod
    def _get_actions(_entity: str, _params: dict[str, Any]) -> dict[str, Any]:
        rows = [{"name": name} for name in ("get", "getActions", "getFields")]
        return {"values": rows, "count": len(rows), "countFetched": len(rows)}

    def _get(self, entity: str, params: dict[str, Any]) -> dict[str, Any]:
        unknown = set(params) - _GET_PARAMS
        if unknown:
            raise ApiError(f"Unknown api parameter: {sorted(unknown)[0]}")
        fields = self._selectable(entity)
        clauses = list(params.get("where") or [])
        where = Where([*clauses, *defaults(clauses, fields)], fields, self._timezone)
        limit, offset = int(params.get("limit") or 0), int(params.get("offset") or 0)
        select = list(params.get("select") or [])
        order = self._order(params.get("orderBy"), fields)
        with_count = "row_count" in select
        low = lowest_id(clauses)
        matching = (body for body in self._scan(entity, low) if where.matches(body))
        if order == [("id", "ASC")] and not with_count:
            rows, matched = window(matching, limit, offset)
        else:
            found = sorted_rows(list(matching), order, where, fields)
            rows = found[offset : offset + limit if limit else None]
            matched = len(found)
        if select == ["row_count"]:
            rows = []
        shown = self._columns(entity, select, fields)
        values = [{name: row.get(name) for name in shown} for row in rows]
        counts: dict[str, Any] = {"countFetched": len(values)}
        if matched is not None and (with_count or not limit):
            counts["countMatched"] = matched
        counts["count"] = counts.get("countMatched", len(values)) if with_count else len(values)
        return {"values": values, **counts}

    def _selectable(self, entity: str) -> dict[str, Field]:
        fields = {field.name: field for field in self._fields[entity]}
        for field in self._fields[entity]:
            if field.suffixed:
                fields[f"{field.name}:name"] = Field(f"{field.name}:name")
        return fields

    def _columns(self, entity: str, select: list[str], fields: Mapping[str, Field]) -> list[str]:
        core = [
            f"{f.name}:name" if f.suffixed else f.name
            for f in self._fields[entity]
            if f.type == "Field" and not f.joined
        ]
        if not select or select == ["row_count"]:
            return core
        custom = [f.name for f in self._fields[entity] if f.type == "Custom"]
        shown = ["id"]
        for name in select:
            if name == "custom.*":
                shown += custom
            elif "*" in name:
                pool = [f for f in fields if "." in f] if "." in name else core
                shown += fnmatch.filter(pool, name)
            elif name in fields:
                shown.append(name)
        return list(dict.fromkeys(shown))

    def _order(self, raw: Any, fields: Mapping[str, Field]) -> list[tuple[str, str]]:
        # PHP sends an empty map as an empty list.
        order = list(raw.items()) if isinstance(raw, dict) else []
        for name, direction in order:
            if direction not in ("ASC", "DESC"):
                raise ApiError(f"Invalid sort direction. Cannot order by {name} {direction}")
            if name not in fields:
                raise ApiError(f"Invalid field '{name}'")
        return order or [("id", "ASC")]

    def _scan(self, entity: str, low: int | None) -> Iterator[dict[str, Any]]:
        """Records in id order from `low` on, in chunks: a keyset page must not read the table."""
        after = None if low is None else low - 1
        while True:
            chunk: list[Record] = list(
                self._store.query(VENDOR, entity, after_sort=after, limit=_SCAN)
            )
            for record in chunk:
                if record.sort != int(record.id):
                    raise ApiError(f"store record {entity} {record.id}: sort must be the id")
                yield record.body
            if len(chunk) < _SCAN:
                return
            after = chunk[-1].sort

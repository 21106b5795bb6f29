"""A fake listmonk: subscribers, lists and subscriptions in SQLite, as its own database has them.

Data flow: HTTP -> ListmonkFake (credentials, routes) -> the statements of queries/subscribers.sql,
in SQLite -> JSON {data: ...}.

Facts, from knadh/listmonk (queries/subscribers.sql, cmd/subscribers.go) and listmonk.app/docs/apis:
credentials as Basic or `Authorization: token user:token`; PUT /api/subscribers/lists with `add` and
a status sets that status whatever it was (the trap: an unsubscribed person is confirmed again),
without one it leaves existing subscriptions alone; `remove` deletes the subscription and with it
the fact that somebody left (another trap); PUT of a subscriber replaces its lists, PATCH keeps
them; `query` is an SQL expression and needs a permission of its own; a person blocklisted is
unsubscribed from all lists; 409 for an address that exists (issue 927); an id that does not exist
fails the whole call with 500 (foreign key). Orders by id unless told otherwise.
Not verified: that PATCH keeps attributes it does not name (taken for false: they are replaced).
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Request, Response

USER, TOKEN = "journey", "sandbox-listmonk-token"
Body = dict[str, Any]
_SCHEMA = """
create table subscribers (id integer primary key autoincrement, email text unique, name text,
    attribs text, status text, created_at text, updated_at text);
create table lists (id integer primary key autoincrement, name text, type text, optin text,
    tags text);
create table subscriber_lists (subscriber_id integer references subscribers (id) on delete cascade,
    list_id integer references lists (id) on delete cascade, status text, updated_at text,
    primary key (subscriber_id, list_id));
"""


class ListmonkError(Exception):
    """An answer in listmonk's error form: {message}."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ListmonkFake:
    """One installation. `now` is its clock; `lock` is held while anything is read or changed."""

    def __init__(self, now: Callable[[], datetime], *, may_query: bool = True) -> None:
        self._now, self._may_query = now, may_query
        self.lock = threading.RLock()
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("pragma foreign_keys = on")
        self.db.executescript(_SCHEMA)
        self._routes = list(self._table())

    def close(self) -> None:
        self.db.close()

    # --- for tests --------------------------------------------------------------------------

    def run(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with self.lock:
            return self.db.execute(sql, values).fetchall()

    def stamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="milliseconds")

    def person_leaves(self, email: str, list_id: int) -> None:
        """The person unsubscribes from one list by themselves."""
        self.run(
            "update subscriber_lists set status = 'unsubscribed', updated_at = ?"
            " where list_id = ? and subscriber_id = (select id from subscribers where email = ?)",
            *(self.stamp(), list_id, email),
        )

    def set_status(self, email: str, status: str) -> None:
        """Somebody blocklists, disables or enables a person."""
        now = self.stamp()
        sql = "update subscribers set status = ?, updated_at = ? where email = ?"
        self.run(sql, status, now, email)
        if status == "blocklisted":
            self.run(
                "update subscriber_lists set status = 'unsubscribed', updated_at = ? where"
                " subscriber_id = (select id from subscribers where email = ?)",
                *(now, email),
            )

    # --- the API ----------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        try:
            self._authenticate(request.headers.get("authorization", ""))
            with self.lock:
                return Response.of_json({"data": self._route(request)})
        except ListmonkError as error:
            return Response.of_json({"message": str(error)}, error.status)
        except sqlite3.IntegrityError:
            return Response.of_json({"message": "error updating: foreign key"}, 500)

    def _authenticate(self, header: str) -> None:
        basic = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
        if header not in (basic, f"token {USER}:{TOKEN}"):
            raise ListmonkError(403, "invalid API credentials")

    def _route(self, request: Request) -> Any:
        for method, pattern, action in self._routes:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return action(request, *found.groups())
        raise ListmonkError(404, "not found")

    def _table(self) -> Iterator[tuple[str, str, Callable[..., Any]]]:
        yield "GET", "/api/lists", self._lists
        yield "POST", "/api/lists", self._create_list
        yield "GET", "/api/subscribers", self._page
        yield "POST", "/api/subscribers", self._create
        yield "PUT", "/api/subscribers/lists", self._manage
        yield "GET", r"/api/subscribers/(\d+)", lambda _r, id: self._shown(self._row(id))
        yield "PATCH", r"/api/subscribers/(\d+)", self._patch
        yield "PUT", r"/api/subscribers/(\d+)", self._put

    def _lists(self, _request: Request) -> Body:
        found = [
            dict(row) | {"tags": json.loads(row["tags"])} for row in self.run("select * from lists")
        ]
        return {"results": found, "total": len(found), "page": 1, "per_page": len(found)}

    def _create_list(self, request: Request) -> Body:
        body = _body(request)
        values = (body["name"], body.get("type"), body.get("optin"), json.dumps(body.get("tags")))
        sql = "insert into lists (name, type, optin, tags) values (?, ?, ?, ?) returning id"
        return {"id": self.run(sql, *values)[0]["id"], **body}

    def _page(self, request: Request) -> Body:
        query = (request.param("query") or "").strip().rstrip(";")
        if query and not self._may_query:
            raise ListmonkError(403, "permission denied: subscribers:sql_query")
        per_page = request.param("per_page") or "20"
        limit = -1 if per_page == "all" else int(per_page)
        page, list_id = int(request.param("page") or 1), request.param("list_id")
        order = "asc" if request.param("order") == "asc" else "desc"
        member = "id in (select subscriber_id from subscriber_lists where list_id = ?)"
        where = f"({query or 'true'}) and {member if list_id else '? is null'}"
        try:
            rows = self.run(
                f"select * from subscribers where {where} order by id {order} limit ? offset ?",
                *(list_id, limit, max(0, page - 1) * max(0, limit)),
            )
            total = self.run(f"select count(*) from subscribers where {where}", list_id)[0][0]
        except sqlite3.OperationalError as error:
            raise ListmonkError(400, "error in the query") from error
        shown = [self._shown(row) for row in rows]
        return {"results": shown, "total": total, "page": page, "per_page": limit}

    def _create(self, request: Request) -> Body:
        body = _body(request)
        email = str(body.get("email") or "").strip().lower()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise ListmonkError(400, "Invalid e-mail.")
        if self.run("select 1 from subscribers where email = ?", email):
            raise ListmonkError(409, "E-mail already exists.")
        now, attribs = self.stamp(), json.dumps(body.get("attribs") or {})
        values = (email, body.get("name") or email, attribs, body.get("status") or "enabled")
        sql = (
            "insert into subscribers (email, name, attribs, status, created_at, updated_at)"
            " values (?, ?, ?, ?, ?, ?) returning *"
        )
        made = self.run(sql, *values, now, now)[0]
        self._subscribe([made["id"]], body.get("lists") or [], "")
        return self._shown(made)

    def _manage(self, request: Request) -> bool:
        body = _body(request)
        ids, lists = body.get("ids") or [], body.get("target_list_ids") or []
        if not ids or not lists:
            raise ListmonkError(400, "No IDs given.")
        if body.get("action") == "add":
            self._subscribe(ids, lists, body.get("status") or "")
        elif body.get("action") == "remove":
            for id, list_id in ((id, list_id) for id in ids for list_id in lists):
                sql = "delete from subscriber_lists where subscriber_id = ? and list_id = ?"
                self.run(sql, id, list_id)
        else:
            raise ListmonkError(400, "Invalid action.")
        return True

    def _subscribe(self, ids: list[int], lists: list[int], status: str) -> None:
        """ON CONFLICT DO UPDATE: a given status replaces whatever it was; all rows or none."""
        self.run("begin")
        try:
            for id, list_id in ((id, list_id) for id in ids for list_id in lists):
                self.run(
                    "insert into subscriber_lists values (?, ?, ?, ?) on conflict do update set"
                    " status = case when ? != '' then excluded.status else status end",
                    *(id, list_id, status or "unconfirmed", self.stamp(), status),
                )
        except sqlite3.IntegrityError:
            self.run("rollback")
            raise
        self.run("commit")

    def _patch(self, request: Request, id: str) -> Body:
        row, body = self._row(id), _body(request)
        given = {name: body.get(name) for name in ("email", "name", "status") if body.get(name)}
        attribs = json.dumps(body["attribs"]) if "attribs" in body else row["attribs"]
        changed = {**dict(row), **given, "attribs": attribs}
        values = (changed["email"], changed["name"], changed["status"], attribs, self.stamp())
        self.run(
            "update subscribers set email = ?, name = ?, status = ?, attribs = ?, updated_at = ?"
            " where id = ?",
            *(*values, id),
        )
        if "lists" in body:
            self._replace(id, body["lists"] or [])
        return self._shown(self._row(id))

    def _put(self, request: Request, id: str) -> Body:
        shown = self._patch(request, id)
        self._replace(id, _body(request).get("lists") or [])
        return shown

    def _replace(self, id: str, lists: list[int]) -> None:
        self.run("delete from subscriber_lists where subscriber_id = ?", id)
        self._subscribe([int(id)], lists, "")

    def _row(self, id: str) -> sqlite3.Row:
        found = self.run("select * from subscribers where id = ?", id)
        if not found:
            raise ListmonkError(400, "Subscriber not found.")
        return found[0]

    def _shown(self, row: sqlite3.Row) -> Body:
        lists = self.run(
            "select l.id, l.name, s.status as subscription_status,"
            " s.updated_at as subscription_updated_at"
            " from lists l join subscriber_lists s on s.list_id = l.id where s.subscriber_id = ?",
            row["id"],
        )
        shown = dict(row) | {"attribs": json.loads(row["attribs"])}
        return shown | {"lists": [dict(one) for one in lists]}


def _body(request: Request) -> Body:
    try:
        body = request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ListmonkError(400, "invalid JSON")
    return body

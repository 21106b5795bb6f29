"""A fake Mailchimp account with one list: Marketing API 3.0, stateful.

Data flow: HTTP -> MailchimpFake (authentication, limits, routes) -> Members, Segments, Reports
-> RecordStore("mailchimp", ...) and its journal of every change.

Facts: Basic authentication with any user name and the key as password, or Bearer; at most 10
simultaneous connections, above it 429 "Too Many Requests" without Retry-After; POST /lists/{id}
takes 500 members, answers 200 for a partial failure and, with update_existing, changes the status
of existing members (the trap); errors are problem+json. Sources are named in mailchimp_common and
mailchimp_rules.
Not verified: the answer when `status` is missing in a batch (an error entry here).
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from connectors.testing.fakes.mailchimp_common import (
    MAX_BATCH,
    VENDOR,
    Journal,
    ProblemError,
    bad_field,
    invalid,
    member_hash,
    not_found,
    shaped,
)
from connectors.testing.fakes.mailchimp_members import Members
from connectors.testing.fakes.mailchimp_reports import Reports
from connectors.testing.fakes.mailchimp_rules import MergeFields, check_writable
from connectors.testing.fakes.mailchimp_segments import Segments
from connectors.testing.messages import Request, Response
from connectors.testing.store import RecordStore

MAX_CONNECTIONS = 10
_NO_CONTENT = Response(204)
DEFAULT_MERGE_FIELDS: MergeFields = {
    "FNAME": ("text", False),
    "LNAME": ("text", False),
    "PHONE": ("phone", False),
    "MEMBERNO": ("text", False),
}
Body = dict[str, Any]


class MailchimpFake:
    """One account. `latency`: seconds every answer takes (to see what runs at the same time).

    `report_ignored`: name addresses that are not on the list in a segment batch's `errors`.
    """

    def __init__(
        self,
        store: RecordStore,
        api_key: str = "sandbox-mailchimp-key-us1",
        *,
        list_id: str = "a1b2c3",
        merge_fields: MergeFields = DEFAULT_MERGE_FIELDS,
        latency: float = 0.0,
        report_ignored: bool = False,
    ) -> None:
        self._store = store
        self._key = api_key
        self._list_id = list_id
        self._merge_fields = merge_fields
        self._latency = latency
        journal = Journal(store)
        self.members = Members(store, journal, list_id, merge_fields)
        self.segments = Segments(
            store, self.members, journal, list_id, report_ignored=report_ignored
        )
        self.reports = Reports(store, list_id)
        self._journal = journal
        self._routes = list(self._table())

    def journal(self) -> list[dict[str, Any]]:
        """Every change to members so far, oldest first (see mailchimp_common.Journal)."""
        return [record.body for record in self._store.query(VENDOR, "journal")]

    def handle(self, request: Request) -> Response:
        try:
            self._authenticate(request.headers.get("authorization", ""))
            if request.concurrency > MAX_CONNECTIONS:
                detail = "You have exceeded the limit of 10 simultaneous connections."
                raise ProblemError(429, "Too Many Requests", detail)
            if self._latency:
                time.sleep(self._latency)
            answer = self._route(request)
        except ProblemError as problem:
            return problem.response()
        if answer is None:
            return _NO_CONTENT
        return Response.of_json(
            shaped(request, answer), content_type="application/json; charset=utf-8"
        )

    def _authenticate(self, header: str) -> None:
        scheme, _, credential = header.partition(" ")
        key = credential if scheme.lower() == "bearer" else ""
        if scheme.lower() == "basic":
            try:
                key = base64.b64decode(credential).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                key = ""
        if not key:
            raise ProblemError(401, "API Key Missing", "Your request did not include an API key.")
        if key != self._key:
            detail = (
                "Your API key may be invalid, or you've attempted to access the wrong datacenter."
            )
            raise ProblemError(401, "API Key Invalid", detail)

    def _route(self, request: Request) -> Body | None:
        known_path = False
        for method, pattern, action in self._routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found is None:
                continue
            known_path = True
            if method == request.method:
                return action(request, *found.groups())
        if known_path:
            detail = "The requested method and resource are not compatible."
            raise ProblemError(405, "Method Not Allowed", detail)
        raise not_found()

    def _table(
        self,
    ) -> Iterator[tuple[str, re.Pattern[str], Callable[..., Body | None]]]:
        a_list = f"/3.0/lists/{re.escape(self._list_id)}"
        member, segment = f"{a_list}/members/([^/]+)", f"{a_list}/segments/(\\d+)"
        members, segments, reports = self.members, self.segments, self.reports
        for method, path, action in (
            ("GET", "/3.0", lambda _r: {"account_id": "sandbox", "account_name": "Example"}),
            ("GET", "/3.0/ping", lambda _r: {"health_status": "Everything's Chimpy!"}),
            ("GET", "/3.0/lists", lambda _r: {"lists": [self._list()], "total_items": 1}),
            ("GET", a_list, lambda _r: self._list()),
            ("POST", a_list, lambda r: self._batch(r)),
            ("GET", f"{a_list}/merge-fields", lambda _r: self._merge_field_list()),
            ("GET", f"{a_list}/members", members.page),
            ("POST", f"{a_list}/members", lambda r: members.create(r, _body(r))),
            ("GET", member, lambda _r, key: members.get(key)),
            ("PUT", member, lambda r, key: members.upsert(r, key, _body(r))),
            ("PATCH", member, lambda r, key: members.update(r, key, _body(r))),
            ("DELETE", member, members.archive),
            ("POST", f"{member}/actions/delete-permanent", members.forget),
            ("POST", f"{member}/tags", lambda r, key: segments.tag(r, key, _body(r))),
            ("GET", f"{a_list}/segments", segments.page),
            ("POST", f"{a_list}/segments", lambda r: segments.create(r, _body(r))),
            ("GET", segment, lambda _r, id: segments.get(id)),
            ("POST", segment, lambda r, id: segments.batch(r, id, _body(r))),
            ("PATCH", segment, lambda r, id: segments.rename(r, id, _body(r))),
            ("DELETE", segment, segments.delete),
            ("GET", f"{segment}/members", segments.members_page),
            ("DELETE", f"{segment}/members/([^/]+)", segments.remove_one),
            ("GET", "/3.0/reports", reports.page),
            ("GET", "/3.0/reports/([^/]+)", lambda _r, id: reports.get(id)),
            ("GET", "/3.0/reports/([^/]+)/([^/]+)", reports.children),
        ):
            yield method, re.compile(path), action

    def _list(self) -> Body:
        return {
            "id": self._list_id,
            "name": "Example Association",
            "stats": {
                "member_count": self.members.count("subscribed"),
                "unsubscribe_count": self.members.count("unsubscribed"),
                "cleaned_count": self.members.count("cleaned"),
            },
            "double_optin": False,
            "_links": [],
        }

    def _merge_field_list(self) -> Body:
        fields = [
            {"merge_id": number, "tag": tag, "name": tag.title(), "type": kind, "required": needed}
            for number, (tag, (kind, needed)) in enumerate(self._merge_fields.items(), start=1)
        ]
        return {"merge_fields": fields, "list_id": self._list_id, "total_items": len(fields)}

    def _batch(self, request: Request) -> Body:
        """POST /lists/{id}: batch subscribe, member by member, 200 whatever happens to each."""
        body = _body(request)
        wanted = body.get("members")
        if not isinstance(wanted, list):
            raise bad_field("members", "This value should not be blank.")
        if len(wanted) > MAX_BATCH:
            raise invalid("Maximum allowed member items exceeded, please provide at most 500.")
        created: list[Body] = []
        updated: list[Body] = []
        errors: list[Body] = []
        for member in wanted:
            email = str(member.get("email_address") or "")
            try:
                known = self.members.find(email) if "@" in email else None
                if known is not None and not body.get("update_existing"):
                    message = f"{email} is already a list member, do you want to update?"
                    errors.append(_row_error(email, message, "ERROR_CONTACT_EXISTS"))
                    continue
                check_writable("status", member.get("status"))
                entry = self.members.upsert(request, email or "-", member)
            except ProblemError as problem:
                errors.append(_row_error(email, problem.detail, "ERROR_GENERIC"))
                continue
            (created if known is None else updated).append(entry)
            self._sync_tags(request, member, replace_all=bool(body.get("sync_tags")))
        return {
            "new_members": created,
            "updated_members": updated,
            "errors": errors,
            "total_created": len(created),
            "total_updated": len(updated),
            "error_count": len(errors),
            "_links": [],
        }

    def _sync_tags(self, request: Request, member: Body, *, replace_all: bool) -> None:
        """Tags of a batch entry; with sync_tags those not named are taken away (a trap)."""
        names = [tag if isinstance(tag, str) else tag["name"] for tag in member.get("tags") or []]
        changes = [{"name": name, "status": "active"} for name in names]
        key = member_hash(str(member["email_address"]))
        if replace_all:
            known = self.members.find(key)
            tags = (known.body.get("tags") if known is not None else None) or []
            changes += [
                {"name": tag["name"], "status": "inactive"}
                for tag in tags
                if tag["name"] not in names
            ]
        if changes:
            self.segments.tag(request, key, {"tags": changes})


def _body(request: Request) -> Body:
    try:
        body = request.json() or {}
    except ValueError:
        body = None
    if not isinstance(body, dict):
        detail = "We encountered an unspecified JSON parsing error."
        raise ProblemError(400, "JSON Parse Error", detail)
    return body


def _row_error(email: str, message: str, code: str) -> Body:
    return {
        "email_address": email,
        "error": message,
        "error_code": code,
        "field": "",
        "field_message": "",
    }

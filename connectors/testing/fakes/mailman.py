"""A fake Mailman 3 core: domains, lists, addresses, memberships and bans, with its own answers.

Data flow: HTTP -> MailmanFake (credentials, routes, forms) -> its records -> JSON as Mailman's.

The shapes and the order of checks are those a running Mailman 3.3.10 gave (tests/real/ asks it the
same); rules from mailman/rest and mailman/app/subscriptions.py. Its traps: an address that is
subscribed is created when unknown, and stays even when the subscription is refused as banned;
leaving deletes the membership with all that was known of it; `roster` takes people off with a
goodbye message unless the list has none; 400 for a list or user that exists, 409 for a member;
delivery that is off is no field of a member, it can only be asked for; addresses with a slash are
not found by any path; case counts in `roster`, not elsewhere; a collection without entries has no
`entries`; 201 has no body.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from connectors.testing.fakes.mailman_records import Body, MailmanError, MailmanRecords
from connectors.testing.messages import Request, Response

USER, PASSWORD = "restadmin", "sandbox-mailman-password"
_STATUSES = ("enabled", "by_user", "by_bounces", "by_moderator", "unknown")


class MailmanFake(MailmanRecords):
    """The same behind its REST API."""

    def __init__(self, now: Callable[[], datetime], domain: str) -> None:
        super().__init__(now, domain)
        self._routes = list(self._table())

    def handle(self, request: Request) -> Response:
        try:
            given = f"{USER}:{PASSWORD}".encode()
            wanted = "Basic " + base64.b64encode(given).decode()
            if request.headers.get("authorization") != wanted:
                raise MailmanError(401, "REST API authorization failed")
            with self.lock:
                return self._route(request)
        except MailmanError as error:
            return error.response()

    def _route(self, request: Request) -> Response:
        # As under WSGI: an escaped slash is one like any other.
        path = unquote(request.path)
        for method, pattern, action in self._routes:
            found = re.fullmatch(f"/3\\.1/{pattern}", path)
            if found and method == request.method:
                answer = action(request, *found.groups())
                return answer if isinstance(answer, Response) else Response.of_json(answer)
        raise MailmanError(404)

    def _table(self) -> Iterator[tuple[str, str, Callable[..., Any]]]:
        name = r"([^/]+)"
        yield "GET", "system/versions", lambda _r: {"mailman_version": "GNU Mailman 3.3.10 (fake)"}
        yield "GET", f"domains/{name}", self._domain
        yield "GET", f"domains/{name}/lists", self._lists
        yield "POST", "lists", self._create_list
        yield "GET", f"lists/{name}", lambda _r, list_id: self._list(list_id)
        yield "PATCH", f"lists/{name}/config", self._configure
        yield "GET", f"lists/{name}/roster/member", self._roster
        yield "DELETE", f"lists/{name}/roster/member", self._take_off
        yield "GET", f"lists/{name}/bans", self._bans
        yield "GET", "bans", self._bans
        yield "GET", f"bans/{name}", self._ban
        yield "GET", "addresses", self._addresses
        yield "GET", f"addresses/{name}", lambda _r, email: self._address(email)
        yield "PATCH", f"addresses/{name}", self._rename
        yield "POST", "users", self._create_user
        yield "GET", "members/find", self._find
        yield "POST", "members", self._create_member

    def _domain(self, _request: Request, name: str) -> Body:
        if name != self.domain:
            raise MailmanError(404)
        return {"mail_host": name, "alias_domain": None, "description": None}

    def _lists(self, request: Request, name: str) -> Body:
        self._domain(request, name)
        found = [self.lists[list_id] for list_id in sorted(self.lists)]
        return _collection(request, found)

    def _list(self, list_id: str) -> Body:
        if list_id not in self.lists:
            raise MailmanError(404)
        return self.lists[list_id]

    def _create_list(self, request: Request) -> Response:
        form = _form(request, {"fqdn_listname", "style_name"})
        posting = form["fqdn_listname"][-1]
        name, _, host = posting.partition("@")
        if host != self.domain:
            raise MailmanError(400, f"Domain does not exist: {host}")
        if not re.fullmatch(r"[-_.+=!$*{}~0-9a-z]+", name):
            raise MailmanError(400, f"Invalid list posting address: {posting}")
        if f"{name}.{host}" in self.lists:
            raise MailmanError(400, "Mailing list exists")
        list_id = self.make_list(name, style=form.get("style_name", [""])[-1])
        return _created(request, f"lists/{list_id}")

    def _configure(self, request: Request, list_id: str) -> Response:
        shown = self._list(list_id)
        form = {name: values[-1] for name, values in _form(request, None).items()}
        self.config[list_id].update(form)
        shown["description"] = form.get("description", shown["description"])
        shown["advertised"] = form.get("advertised", f"{shown['advertised']}").lower() == "true"
        return Response(204)

    def _roster(self, request: Request, list_id: str) -> Body:
        self._list(list_id)
        return _collection(request, self._shown(m for m in self.members if m.list_id == list_id))

    def _take_off(self, request: Request, list_id: str) -> Body:
        self._list(list_id)
        answer: Body = {}
        for email in _form(request, {"emails"})["emails"]:
            # Compared as it is: Mailman keeps addresses in lower case.
            found = self.member(email, list_id) if email == email.lower() else None
            answer[email] = found is not None
            if found is not None:
                self.unsubscribe(found)
        return answer | {"http_etag": '"0"'}

    def _bans(self, request: Request, list_id: str | None = None) -> Body:
        if list_id is not None:
            self._list(list_id)
        found = [{"email": text} for at, text in sorted(self.bans, key=str) if at == list_id]
        return _collection(request, found)

    def _ban(self, _request: Request, email: str) -> Body:
        if not self.is_banned(email, None):
            raise MailmanError(404, f"Email is not banned: {email}")
        return {"email": email}

    def _addresses(self, request: Request) -> Body:
        found = sorted(self.addresses.values(), key=lambda item: str(item["original_email"]))
        return _collection(request, found)

    def _address(self, email: str) -> Body:
        if email.lower() not in self.addresses:
            raise MailmanError(404)
        return self.addresses[email.lower()]

    def _rename(self, request: Request, email: str) -> Response:
        shown = self._address(email)
        name = _form(request, {"display_name"})["display_name"][-1]
        shown.pop("display_name", None)
        if name:
            shown["display_name"] = name
        return Response(204)

    def _create_user(self, request: Request) -> Response:
        form = _form(request, {"email", "display_name", "password"})
        email = form["email"][-1]
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            raise MailmanError(400, f"Invalid email address {email}")
        if email.lower() in self.addresses:
            raise MailmanError(400, f"User already exists: {email}")
        self.register(email, form.get("display_name", [""])[-1])
        return _created(request, f"users/{uuid.uuid4().hex}")

    def _find(self, request: Request) -> Body:
        wanted = request.param("delivery_status") or ""
        if wanted and wanted not in _STATUSES:
            raise MailmanError(400, f"Invalid Parameter: {wanted}")
        found = [
            member
            for member in self.members
            if (not wanted or member.status == wanted)
            and member.list_id == (request.param("list_id") or member.list_id)
            and member.email == (request.param("subscriber") or member.email).lower()
        ]
        return _collection(request, self._shown(found))

    def _create_member(self, request: Request) -> Response:
        known = {"list_id", "subscriber", "display_name", "pre_verified", "pre_confirmed"}
        form = _form(request, known | {"pre_approved", "send_welcome_message", "delivery_status"})
        if "subscriber" not in form:
            raise MailmanError(400, "Missing Parameter: subscriber")
        if "@" not in form["subscriber"][-1]:
            raise MailmanError(400, 'Invalid Parameter "subscriber": .')
        list_id, email = form["list_id"][-1], form["subscriber"][-1].lower()
        if list_id not in self.lists:
            raise MailmanError(400, "No such list")
        self.register(form["subscriber"][-1])  # whatever comes of the rest
        if self.member(email, list_id) is not None:
            raise MailmanError(409, "Member already subscribed")
        if self.is_banned(email, list_id):
            raise MailmanError(400, "Membership is banned")
        if (list_id, email) in self.pending:
            raise MailmanError(409, "Subscription request already pending")
        allowed = all(
            form.get(name, ["false"])[-1] == "true"
            for name in ("pre_verified", "pre_confirmed", "pre_approved")
        )
        if not allowed:
            self.pending.add((list_id, email))
            return Response.of_json({"token": "0" * 40, "token_owner": "subscriber"}, 202)
        return _created(request, f"members/{self.subscribe(email, list_id).member_id}")

    def _shown(self, members: Any) -> list[Body]:
        """As Mailman shows members: without what their delivery status is."""
        return [
            {
                "bounce_score": member.bounce_score,
                "delivery_mode": "regular",
                "email": member.email,
                "list_id": member.list_id,
                "role": "member",
                "subscription_mode": "as_address",
                "member_id": member.member_id,
            }
            for member in sorted(members, key=lambda m: (m.list_id, m.email))
        ]


def _collection(request: Request, found: Sequence[Body]) -> Body:
    count, page = request.param("count"), request.param("page")
    start = 0 if page is None else (int(page) - 1) * int(count or 0)
    part = found[start:] if count is None else found[start : start + int(count)]
    shown: Body = {"start": start, "total_size": len(found)}
    return shown | ({"entries": list(part)} if part else {})


def _form(request: Request, known: set[str] | None) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.body.decode(), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    unknown = set(form) - known if known is not None else set()
    if unknown:
        raise MailmanError(400, f"Unexpected parameters: {', '.join(sorted(unknown))}")
    return form


def _created(request: Request, path: str) -> Response:
    headers = {"Location": f"{request.base_url}/3.1/{path}", "Content-Type": "application/json"}
    return Response(201, headers)

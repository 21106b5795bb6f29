"""What a fake Mailman 3 keeps, and what people and moderators do to it.

Data flow: tests -> MailmanRecords <- mailman.py (the REST API).
"""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.testing.messages import Response

Body = dict[str, Any]
_TITLES = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict"}


class MailmanError(Exception):
    """An answer in Mailman's error form: {title, description}."""

    def __init__(self, status: int, description: str = "") -> None:
        super().__init__(description)
        self.status = status

    def response(self) -> Response:
        title = f"{self.status} {_TITLES[self.status]}"
        return Response.of_json({"title": title, "description": str(self) or title}, self.status)


@dataclass
class Member:
    list_id: str
    email: str
    status: str = "enabled"
    bounce_score: int = 0
    member_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class MailmanRecords:
    """One installation with one mail domain. `goodbyes` lists whom it wrote to for leaving."""

    def __init__(self, now: Callable[[], datetime], domain: str) -> None:
        self._now, self.domain = now, domain
        self.lock = threading.RLock()
        self.lists: dict[str, Body] = {}
        self.config: dict[str, dict[str, str]] = {}
        self.addresses: dict[str, Body] = {}
        self.members: list[Member] = []
        self.bans: list[tuple[str | None, str]] = []  # list id, address or ^pattern
        self.pending: set[tuple[str, str]] = set()
        self.goodbyes: list[str] = []

    def make_list(self, name: str, display_name: str = "", *, style: str = "") -> str:
        with self.lock:
            list_id = f"{name}.{self.domain}"
            self.lists[list_id] = {
                "advertised": style != "private-default",
                "display_name": display_name or name.capitalize(),
                "fqdn_listname": f"{name}@{self.domain}",
                "list_id": list_id,
                "list_name": name,
                "mail_host": self.domain,
                "member_count": 0,
                "volume": 1,
                "description": "",
            }
            self.config[list_id] = {"send_goodbye_message": "true", "send_welcome_message": "true"}
            return list_id

    def register(self, email: str, display_name: str = "") -> Body:
        with self.lock:
            shown = {
                "email": email.lower(),
                "original_email": email,
                "registered_on": self._now().astimezone(UTC).replace(tzinfo=None).isoformat(),
            }
            if display_name:
                shown["display_name"] = display_name
            return self.addresses.setdefault(email.lower(), shown)

    def subscribe(self, email: str, list_id: str) -> Member:
        with self.lock:
            found = self.member(email, list_id)
            if found is None:
                found = Member(list_id, str(self.register(email)["email"]))
                self.members.append(found)
            return found

    def member(self, email: str, list_id: str) -> Member | None:
        with self.lock:
            wanted = (list_id, email.lower())
            return next((m for m in self.members if (m.list_id, m.email) == wanted), None)

    def person_leaves(self, email: str, list_id: str) -> None:
        """The person unsubscribes: Mailman keeps nothing of it."""
        with self.lock:
            found = self.member(email, list_id)
            if found is not None:
                self.unsubscribe(found)

    def forget(self, email: str) -> None:
        """The person deletes their account."""
        with self.lock:
            self.addresses.pop(email.lower(), None)
            self.members = [m for m in self.members if m.email != email.lower()]

    def is_banned(self, email: str, list_id: str | None) -> bool:
        return any(
            re.match(text, email, re.IGNORECASE) if text.startswith("^") else text == email
            for at, text in self.bans
            if at is None or at == list_id
        )

    def unsubscribe(self, member: Member) -> None:
        self.members.remove(member)
        if self.config[member.list_id]["send_goodbye_message"] == "true":
            self.goodbyes.append(member.email)

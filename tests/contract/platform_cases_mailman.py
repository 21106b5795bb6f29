"""Mailman 3 for the platform suite: a list of somebody else, delivery that is off, bans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.mailman import PASSWORD, USER, MailmanFake
from connectors.testing.messages import App, Response

DOMAIN = "lists.example.org"


class MailmanAccount(StoreAccount):
    kind = "mailman"
    objections = ("by_user", "by_bounces", "by_moderator", "banned")
    late_objections = ("banned", "by_user")
    bulk_write = (None, r"/3.1/(members|lists/[^/]+/roster/member)$")
    create_write = ("POST", r"/3.1/users$")
    update_write = ("PATCH", r"/3.1/addresses/")
    contact_page = ("GET", r"/3.1/addresses\?")
    commands = ("$",)
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "title": "400 Bad Request",
        "description": "User already exists: very.private@example.org",
    }
    short_page: ClassVar[Mapping[str, Any]] = {"start": 0, "total_size": 5}
    settings: ClassVar[Mapping[str, Any]] = {
        "user": USER,
        "password": PASSWORD,
        "account": "main",
        "domain": DOMAIN,
        "neutral_names": False,
    }
    refusal = ("never", Response(400))
    lacks = frozenset({"refuses", "leaves_segment", "slash"})

    def app(self) -> App:
        self.fake = MailmanFake(self.store.now, DOMAIN)
        self.talk = self.fake.make_list("talk", "Talk")  # somebody else's
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        self.fake.register(email)
        if status == "banned":
            self.fake.bans.append((None, email.lower()))
        elif status != "subscribed":
            self.fake.subscribe(email, self.talk).status = status

    def leave(self, email: str) -> None:
        self.fake.forget(email)

    def leave_segment(self, email: str, platform_id: str) -> None:
        self.fake.person_leaves(email, platform_id)

    def statuses(self) -> dict[str, str]:
        with self.fake.lock:
            return {email: self._status(email) for email in self.fake.addresses}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self.fake.make_list(name.lower().replace(" ", "-"), name)
        for email in emails:
            self.fake.subscribe(email, made)
        return made

    def members(self, platform_id: str) -> set[str]:
        return {m.email for m in self.fake.members if m.list_id == platform_id}

    def segment_names(self) -> dict[str, str]:
        found = self.fake.lists.items()
        return {id: item["display_name"] for id, item in found if id != self.talk}

    def _status(self, email: str) -> str:
        if self.fake.is_banned(email, None):
            return "banned"
        off = [m.status for m in self.fake.members if m.email == email and m.status != "enabled"]
        return off[0] if off else "subscribed"


CASES: dict[str, PlatformCase] = {"mailman": account(MailmanAccount)}

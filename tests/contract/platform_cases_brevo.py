"""Brevo for the platform suite: lists in a folder, one block for all, and lists people left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.brevo import KEY, BrevoFake
from connectors.testing.fakes.brevo_common import invalid
from connectors.testing.messages import App

FOLDER = "member-journey"


class BrevoAccount(StoreAccount):
    kind = "brevo"
    objections = ("blocked", "left a list")
    late_objections = ("blocked", "left a list")
    bulk_write = ("POST", r"/contacts/lists/\d+/contacts/(add|remove)$")
    create_write = ("POST", r"/v3/contacts$")
    update_write = ("PUT", r"/v3/contacts/")
    contact_page = ("GET", r"/v3/contacts\?")
    commands = ("{{", "}}", "{%", "%}", "{#", "#}")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "code": "invalid_parameter",
        "message": "very.private@example.org is not valid",
    }
    short_page: ClassVar[Mapping[str, Any]] = {"contacts": [], "count": 5}
    settings: ClassVar[Mapping[str, Any]] = {"api_key": KEY, "account": "main", "plan": "extended"}
    refusal = ("/contacts/add", invalid("some addresses are not valid").response())

    def app(self) -> App:
        self.fake = BrevoFake(self.store)
        # A list of somebody else: the one that people leave.
        self.other = self.fake.lists.make("folder", "Marketing")["id"]
        self.left = self.fake.lists.make("list", "Shop offers", folderId=self.other)["id"]
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        contacts = self.fake.contacts
        if contacts.find(email.lower()) is None:
            contacts.seed(email)
        if status == "left a list":
            contacts.person_acts(email, list_id=self.left)
        else:
            contacts.person_acts(email, blocked=status == "blocked")

    def leave(self, email: str) -> None:
        self.fake.contacts.delete(email)

    def leave_segment(self, email: str, platform_id: str) -> None:
        self.fake.contacts.person_acts(email, list_id=int(platform_id))

    def statuses(self) -> dict[str, str]:
        return {body["email"]: _status(body) for body in self.fake.contacts.all()}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self.fake.lists.make("list", name, folderId=self.other)["id"]
        for email in emails:
            self.fake.contacts.update(email, {"listIds": [made]})
        return str(made)

    def members(self, platform_id: str) -> set[str]:
        return set(self.fake.lists.members(int(platform_id)))

    def segment_names(self) -> dict[str, str]:
        names = self.fake.lists.names()
        return {str(id): name for id, name in names.items() if id != self.left}


def _status(body: Mapping[str, Any]) -> str:
    if body["emailBlacklisted"]:
        return "blocked"
    return "left a list" if body["listUnsubscribed"] else "subscribed"


CASES: dict[str, PlatformCase] = {"brevo": account(BrevoAccount)}

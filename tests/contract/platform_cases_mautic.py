"""Mautic for the platform suite: segments, doNotContact entries by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.mautic import PASSWORD, USER, MauticFake
from connectors.testing.messages import App, Response

REASONS = {"unsubscribed": 1, "bounced": 2, "manual": 3}


class MauticAccount(StoreAccount):
    kind = "mautic"
    objections = tuple(REASONS)
    late_objections = tuple(REASONS)
    bulk_write = ("POST", r"/api/segments/\d+/contact")
    create_write = ("POST", r"/api/contacts/new$")
    update_write = ("PATCH", r"/api/contacts/\d+/edit$")
    contact_page = ("GET", r"/api/contacts\?")
    commands = ("{", "}")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "errors": [{"code": 400, "message": "very.private@example.org is wrong", "type": "email"}]
    }
    short_page: ClassVar[Mapping[str, Any]] = {"total": "5", "contacts": []}
    settings: ClassVar[Mapping[str, Any]] = {"user": USER, "password": PASSWORD, "account": "main"}
    refusal = ("never", Response(400))
    lacks = frozenset({"refuses", "leaves_segment"})

    def app(self) -> App:
        self.fake = MauticFake(self.store)
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        known = self.fake.contacts.find(email) or self.fake.contacts.insert(email)
        if status in REASONS:
            self.fake.contacts.objects(str(known["id"]), REASONS[status])

    def leave(self, email: str) -> None:
        found = self.fake.contacts.find(email)
        if found is not None:
            self.fake.contacts.forget(str(found["id"]))

    def leave_segment(self, email: str, platform_id: str) -> None:
        raise NotImplementedError

    def statuses(self) -> dict[str, str]:
        words = {reason: word for word, reason in REASONS.items()}
        return {
            one["email"].lower(): words[one["doNotContact"][0]["reason"]]
            if one["doNotContact"]
            else "subscribed"
            for one in self.fake.contacts.all()
        }

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = str(self.fake.segments.make(name)["id"])
        for email in emails:
            found = self.fake.contacts.find(email)
            if found is not None:
                self.fake.segments.join(made, str(found["id"]))
        return made

    def members(self, platform_id: str) -> set[str]:
        held = self.fake.segments.members(platform_id)
        people = self.fake.contacts.all()
        return {one["email"].lower() for one in people if str(one["id"]) in held}

    def segment_names(self) -> dict[str, str]:
        return self.fake.segments.names()


CASES: dict[str, PlatformCase] = {"mautic": account(MauticAccount)}

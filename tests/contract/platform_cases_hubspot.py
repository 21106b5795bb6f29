"""HubSpot for the platform suite: manual lists, opt-outs by address, bounces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.hubspot import KEY, HubspotFake
from connectors.testing.messages import App, Response


class HubspotAccount(StoreAccount):
    kind = "hubspot"
    objections = ("opted out", "opted out of a type", "bounced")
    late_objections = ("opted out", "opted out of a type", "bounced")
    bulk_write = ("PUT", r"/memberships/(add|remove)$")
    create_write = ("POST", r"/objects/contacts$")
    update_write = ("PATCH", r"/objects/contacts/\d+$")
    contact_page = ("GET", r"/objects/contacts\?")
    commands = ("{{", "}}", "{%", "%}", "{#", "#}")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": "very.private@example.org is not valid",
        "correlationId": "c0ffee-0002",
    }
    short_page: ClassVar[Mapping[str, Any]] = {"results": [], "paging": {"next": {"after": "5"}}}
    settings: ClassVar[Mapping[str, Any]] = {
        "token": KEY,
        "account": "main",
        "plan": "professional",
    }
    refusal = ("never", Response(400))
    reads = r"/(batch/read|search)$"
    lacks = frozenset({"refuses", "leaves_segment"})  # lists are changed by number

    def app(self) -> App:
        self.fake = HubspotFake(self.store)
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        if self.fake.contacts.find(email) is None:
            self.fake.contacts.seed(email)
        if status == "bounced":
            self.fake.contacts.touch(email, hs_email_hard_bounce_reason_enum="UNKNOWN_USER")
        elif status == "opted out of a type":
            self.fake.person_acts(email, subscription=12)
        elif status == "opted out":
            self.fake.person_acts(email)

    def leave(self, email: str) -> None:
        found = self.fake.contacts.find(email)
        self.fake.contacts.archive(found["id"] if found else "")

    def leave_segment(self, email: str, platform_id: str) -> None:
        raise NotImplementedError

    def statuses(self) -> dict[str, str]:
        return {
            body["properties"]["email"]: self._word(body["properties"])
            for body in self.fake.contacts.all()
        }

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self.fake.lists.make(name)
        found = [self.fake.contacts.find(email) for email in emails]
        self.fake.lists.add(made, [body["id"] for body in found if body])
        return made

    def members(self, platform_id: str) -> set[str]:
        held = set(self.fake.lists.members(platform_id))
        everybody = self.fake.contacts.all()
        return {body["properties"]["email"] for body in everybody if body["id"] in held}

    def segment_names(self) -> dict[str, str]:
        return self.fake.lists.names()

    def _word(self, properties: Mapping[str, Any]) -> str:
        said = self.fake.preferences.of(properties["email"])
        if said["all"]:
            return "opted out"
        if "UNSUBSCRIBED" in said["types"].values():
            return "opted out of a type"
        bounced = properties.get("hs_email_hard_bounce_reason_enum")
        return "bounced" if bounced else "subscribed"


CASES: dict[str, PlatformCase] = {"hubspot": account(HubspotAccount)}

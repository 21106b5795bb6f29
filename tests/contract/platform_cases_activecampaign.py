"""ActiveCampaign for the platform suite: tags, list statuses, bounces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.activecampaign import KEY, ActiveCampaignFake
from connectors.testing.messages import App, Request, Response

_ON_LIST = {"unconfirmed": "0", "unsubscribed": "2", "bounced": "3"}


class ActiveCampaignAccount(StoreAccount):
    kind = "activecampaign"
    objections = ("unsubscribed", "bounced", "unconfirmed", "hard bounce")
    late_objections = ("unsubscribed", "bounced", "unconfirmed", "hard bounce")
    bulk_write = (None, r"/contactTags(/\d+)?$")
    create_write = ("POST", r"/api/3/contacts$")
    update_write = ("PUT", r"/api/3/contacts/\d+$")
    contact_page = ("GET", r"/api/3/contacts\?")
    commands = ("%",)
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "errors": [{"title": "very.private@example.org is not valid", "code": "email_invalid"}]
    }
    short_page: ClassVar[Mapping[str, Any]] = {
        "contacts": [],
        "contactLists": [],
        "contactTags": [],
        "meta": {"total": "5"},
    }
    settings: ClassVar[Mapping[str, Any]] = {
        "api_token": KEY,
        "account": "main",
        "allowed_per_second": 500,
    }
    refusal = ("never", Response(400))
    lacks = frozenset({"refuses", "leaves_segment"})

    def app(self) -> App:
        self.fake = ActiveCampaignFake(self.store)
        self.list = self.fake.make_list("Newsletter")
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        contacts = self.fake.contacts
        if contacts.find(email) is None:
            contacts.seed(email)
        if status in _ON_LIST:
            contacts.person_acts(email, self.list, _ON_LIST[status])
        elif status == "hard bounce":
            contacts.touch(email, bounced_hard="1")

    def leave(self, email: str) -> None:
        found = self.fake.contacts.find(email)
        if found is not None:
            self.fake.contacts.delete(Request("DELETE", "/api/3/contacts"), found["id"])

    def leave_segment(self, email: str, platform_id: str) -> None:
        raise NotImplementedError

    def statuses(self) -> dict[str, str]:
        return {body["email"]: self._word(body) for body in self.fake.contacts.all()}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self.fake.tags.make(name)
        for email in emails:
            found = self.fake.contacts.find(email)
            if found is not None:
                self.fake.tags.put(found["id"], made)
        return made

    def members(self, platform_id: str) -> set[str]:
        held = self.fake.tags.holders().get(platform_id, set())
        return {body["email"] for body in self.fake.contacts.all() if body["id"] in held}

    def segment_names(self) -> dict[str, str]:
        return self.fake.tags.names()

    def _word(self, body: Mapping[str, Any]) -> str:
        if body["bounced_hard"] != "0":
            return "hard bounce"
        words = {status: word for word, status in _ON_LIST.items()}
        said = [one["status"] for one in self.fake.contacts.lists_of(body["id"])]
        return words[said[0]] if said and said[0] in words else "subscribed"


CASES: dict[str, PlatformCase] = {"activecampaign": account(ActiveCampaignAccount)}

"""Klaviyo for the platform suite: lists by relationships, suppressions, lists people left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.klaviyo import KEY, KlaviyoFake
from connectors.testing.fakes.klaviyo_common import invalid
from connectors.testing.messages import App

_SUPPRESSED = {
    "unsubscribed": "UNSUBSCRIBE",
    "bounced": "HARD_BOUNCE",
    "complained": "SPAM_COMPLAINT",
    "suppressed": "USER_SUPPRESSED",
}


class KlaviyoAccount(StoreAccount):
    kind = "klaviyo"
    objections = ("unsubscribed", "bounced", "complained", "suppressed", "left a list")
    late_objections = ("unsubscribed", "bounced", "left a list")
    bulk_write = (None, r"/relationships/profiles$")
    create_write = ("POST", r"/api/profiles$")
    update_write = ("PATCH", r"/api/profiles/")
    contact_page = ("GET", r"/api/profiles\?")
    commands = ("{{", "}}", "{%", "%}", "{#", "#}")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "errors": [{"code": "invalid", "detail": "very.private@example.org is not valid"}]
    }
    short_page: ClassVar[Mapping[str, Any]] = {
        "data": [],
        "links": {"next": "https://a.klaviyo.com/api/profiles?page%5Bcursor%5D=NQ%3D%3D"},
    }
    settings: ClassVar[Mapping[str, Any]] = {"api_key": KEY, "account": "main"}
    refusal = ("never", invalid("some profiles are not valid").response())
    lacks = frozenset({"refuses"})  # lists are changed by profile ids

    def app(self) -> App:
        self.fake = KlaviyoFake(self.store)
        self.left = self.fake.lists.make("Shop offers")
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        profiles = self.fake.profiles
        if profiles.find(email) is None:
            profiles.seed(email)
        if status == "left a list":
            profiles.suppress(email, "UNSUBSCRIBE", list_id=self.left)
        elif status in _SUPPRESSED:
            profiles.suppress(email, _SUPPRESSED[status])

    def leave(self, email: str) -> None:
        self.fake.profiles.delete(email)

    def leave_segment(self, email: str, platform_id: str) -> None:
        known = self.fake.profiles.find(email)
        self.fake.profiles.suppress(email, "UNSUBSCRIBE", list_id=platform_id)
        self.fake.lists.take(platform_id, [known["id"]] if known else [])

    def statuses(self) -> dict[str, str]:
        return {body["email"]: _word(body) for body in self.fake.profiles.all()}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self.fake.lists.make(name)
        found = [self.fake.profiles.find(email) for email in emails]
        self.fake.lists.put(made, [body["id"] for body in found if body])
        return made

    def members(self, platform_id: str) -> set[str]:
        held = set(self.fake.lists.members(platform_id))
        return {body["email"] for body in self.fake.profiles.all() if body["id"] in held}

    def segment_names(self) -> dict[str, str]:
        names = self.fake.lists.names()
        return {id: name for id, name in names.items() if id != self.left}


def _word(body: Mapping[str, Any]) -> str:
    words = {reason: word for word, reason in _SUPPRESSED.items()}
    for one in body["suppression"]:
        return words[one["reason"]]
    return "left a list" if body["list_suppressions"] else "subscribed"


CASES: dict[str, PlatformCase] = {"klaviyo": account(KlaviyoAccount)}

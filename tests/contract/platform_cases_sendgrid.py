"""SendGrid for the platform suite: jobs that are done later, lists of objections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.sendgrid import KEY, SendgridFake
from connectors.testing.messages import App, Response

WORDS = {
    "unsubscribed": "unsubscribes",
    "spam report": "spam_reports",
    "bounced": "bounces",
    "invalid": "invalid_emails",
    "left a group": "group",
}


class SendgridAccount(StoreAccount):
    kind = "sendgrid"
    objections = tuple(WORDS)
    late_objections = tuple(WORDS)
    bulk_write = (None, r"/v3/marketing/(contacts|lists/[^/]+/contacts\?.*)$")
    create_write = ("PUT", r"/v3/marketing/contacts$")
    update_write = ("PUT", r"/v3/marketing/contacts$")
    contact_page = ("GET", r"/v3/marketing/contacts/exports/")
    commands = ("{{", "}}")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "errors": [{"message": "very.private@example.org is invalid", "field": "contacts[0].email"}]
    }
    short_page: ClassVar[Mapping[str, Any]] = {
        "id": "1",
        "status": "ready",
        "urls": [],
        "contact_count": 5,
    }
    settings: ClassVar[Mapping[str, Any]] = {
        "api_key": KEY,
        "account": "main",
        "poll_seconds": 0.01,
        "job_patience_seconds": 5,
    }
    refusal = (
        "/search/emails",
        Response.of_json(
            {"errors": [{"message": "an address is invalid", "field": "emails"}]}, 400
        ),
    )
    lacks = frozenset({"leaves_segment"})
    reads = r"/contacts/(search/emails|exports)$"

    def app(self) -> App:
        self.fake = SendgridFake(self.store)
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        if self.fake.contacts.find(email) is None:
            self.fake.contacts.save({"email": email})
        if status in WORDS:
            self.fake.suppress(email, WORDS[status], 7 if status == "left a group" else 0)

    def leave(self, email: str) -> None:
        found = self.fake.contacts.find(email)
        if found is not None:
            self.fake.contacts.forget(found["id"])

    def leave_segment(self, email: str, platform_id: str) -> None:
        raise NotImplementedError

    def statuses(self) -> dict[str, str]:
        words = {name: word for word, name in WORDS.items()}
        said = {one["email"]: words[one["list"]] for one in self.fake.suppressions()}
        return {
            one["email"]: said.get(one["email"], "subscribed") for one in self.fake.contacts.all()
        }

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = str(self.fake.contacts.make_list(name)["id"])
        for email in emails:
            self.fake.contacts.save({"email": email, "list_ids": [made]})
        return made

    def members(self, platform_id: str) -> set[str]:
        people = self.fake.contacts.all()
        return {one["email"] for one in people if platform_id in one["list_ids"]}

    def segment_names(self) -> dict[str, str]:
        return {one["id"]: one["name"] for one in self.store_lists()}

    def store_lists(self) -> list[dict[str, Any]]:
        return [record.body for record in self.store.query("sendgrid", "list")]


CASES: dict[str, PlatformCase] = {"sendgrid": account(SendgridAccount)}

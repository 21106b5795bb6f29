"""Mailchimp for the platform suite: static segments of one audience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import invalid
from connectors.testing.messages import App, Request
from connectors.testing.store import Record

_KEY = "sandbox-mailchimp-key-us1"


class MailchimpAccount(StoreAccount):
    kind = "mailchimp"
    objections = ("unsubscribed", "cleaned", "pending", "transactional", "archived")
    # A person cannot archive themselves; the other words can all be reached at any moment.
    late_objections = ("unsubscribed", "cleaned", "pending", "transactional")
    bulk_write = ("POST", r"/segments/\d+$")
    create_write = ("PUT", r"/members/")
    update_write = ("PATCH", r"/members/")
    contact_page = ("GET", r"a1b2c3/members\?(?!.*status=archived)")
    commands = ("*|", "|*")
    error_in_200: ClassVar[Mapping[str, Any]] = {
        "title": "Invalid Resource",
        "status": 400,
        "detail": "very.private@example.org looks fake or invalid",
    }
    short_page: ClassVar[Mapping[str, Any]] = {"members": [], "total_items": 5}
    settings: ClassVar[Mapping[str, Any]] = {"api_key": _KEY, "list_id": "a1b2c3"}
    lacks = frozenset({"leaves_segment"})
    refusal = ("/segments/", invalid("somebody looks fake or invalid.").response())

    def app(self) -> App:
        self.fake = MailchimpFake(self.store)
        return self.fake

    def put(self, email: str, status: str = "subscribed") -> None:
        members = self.fake.members
        if members.find(email) is None:
            body = {"email_address": email, "status_if_new": "subscribed"}
            members.upsert(Request("PUT", "/3.0/somebody"), email, body)
        if status != "subscribed":
            members.person_acts(email, status)

    def leave(self, email: str) -> None:
        self.fake.members.forget(Request("POST", "/3.0/somebody"), email)

    def leave_segment(self, email: str, platform_id: str) -> None:
        raise NotImplementedError

    def statuses(self) -> dict[str, str]:
        found = self.store.query("mailchimp", "member")
        return {r.body["email_address"].lower(): str(r.body["status"]) for r in found}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        body = {"name": name, "static_segment": list(emails)}
        return str(self.fake.segments.create(Request("POST", "/3.0/somebody"), body)["id"])

    def members(self, platform_id: str) -> set[str]:
        inside = self.store.query("mailchimp", "segment_member", parent=platform_id)
        ids = {record.body["id"] for record in inside}
        found = self.store.query("mailchimp", "member", ids=ids)
        return {record.body["email_address"].lower() for record in found}

    def segment_names(self) -> dict[str, str]:
        found: list[Record] = list(self.store.query("mailchimp", "segment"))
        return {record.id: str(record.body["name"]) for record in found}


CASES: dict[str, PlatformCase] = {"mailchimp": account(MailchimpAccount)}

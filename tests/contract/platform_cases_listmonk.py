"""listmonk for the platform suite: private lists, a blocklist, and lists people left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from accounts import PlatformCase, StoreAccount, account

from connectors.testing.fakes.listmonk import TOKEN, USER, ListmonkFake
from connectors.testing.messages import App, Response


class ListmonkAccount(StoreAccount):
    kind = "listmonk"
    objections = ("blocklisted", "disabled", "left a list")
    late_objections = ("blocklisted", "left a list")
    bulk_write = ("PUT", r"/api/subscribers/lists$")
    create_write = ("POST", r"/api/subscribers$")
    update_write = ("PATCH", r"/api/subscribers/")
    contact_page = ("GET", r"/api/subscribers\?")
    commands = ("{{", "}}")
    error_in_200: ClassVar[Mapping[str, Any]] = {"message": "very.private@example.org is wrong"}
    short_page: ClassVar[Mapping[str, Any]] = {"data": {"results": [], "total": 5}}
    settings: ClassVar[Mapping[str, Any]] = {"user": USER, "token": TOKEN, "account": "main"}
    refusal = ("never", Response(400))
    lacks = frozenset({"refuses", "row_by_row"})

    def app(self) -> App:
        self.fake = ListmonkFake(self.store.now)
        self.left = self._list("Shop offers")
        return self.fake

    def close(self) -> None:
        super().close()
        self.fake.close()

    def put(self, email: str, status: str = "subscribed") -> None:
        email = email.lower()
        now = self.fake.stamp()
        self.fake.run(
            "insert into subscribers (email, name, attribs, status, created_at, updated_at)"
            " values (?, '', '{}', 'enabled', ?, ?) on conflict do nothing",
            *(email, now, now),
        )
        if status == "left a list":
            self._subscribe(email, self.left)
            self.fake.person_leaves(email, self.left)
        elif status != "subscribed":
            self.fake.set_status(email, status)

    def leave(self, email: str) -> None:
        self.fake.run("delete from subscribers where email = ?", email)

    def leave_segment(self, email: str, platform_id: str) -> None:
        self.fake.person_leaves(email, int(platform_id))

    def statuses(self) -> dict[str, str]:
        rows = self.fake.run(
            "select email, status, exists (select 1 from subscriber_lists where status ="
            " 'unsubscribed' and subscriber_id = subscribers.id) as has_left from subscribers"
            " order by id"
        )
        return {row["email"]: _word(row["status"], row["has_left"]) for row in rows}

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        made = self._list(name)
        for email in emails:
            self._subscribe(email, made)
        return str(made)

    def members(self, platform_id: str) -> set[str]:
        rows = self.fake.run(
            "select email from subscribers join subscriber_lists on subscriber_id = id"
            " where list_id = ? and subscriber_lists.status != 'unsubscribed'",
            int(platform_id),
        )
        return {row["email"] for row in rows}

    def segment_names(self) -> dict[str, str]:
        rows = self.fake.run("select id, name from lists where id != ?", self.left)
        return {str(row["id"]): row["name"] for row in rows}

    def _list(self, name: str) -> int:
        sql = "insert into lists (name, type, optin, tags) values (?, 'private', 'single', '[]')"
        return int(self.fake.run(f"{sql} returning id", name)[0]["id"])

    def _subscribe(self, email: str, list_id: int) -> None:
        self.fake.run(
            "insert into subscriber_lists select id, ?, 'confirmed', ? from subscribers"
            " where email = ? on conflict do nothing",
            *(list_id, self.fake.stamp(), email),
        )


def _word(status: str, has_left: int) -> str:
    if status != "enabled":
        return status
    return "left a list" if has_left else "subscribed"


CASES: dict[str, PlatformCase] = {"listmonk": account(ListmonkAccount)}

"""The `rest` kind as conformance cases: page numbers, tokens in POST bodies, last ids, links."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.testing.fakes.rest import RestFake

PEOPLE: Body = {
    "entity": "people",
    "columns": {
        "id": "source_record_id",
        "name.last": "last_name",
        "town": "city",
        "born": "birth_date",
        "joined": "created_at",
    },
    "constants": {"is_organisation": False},
}
UPDATED = {"kind": "updated_since", "field": "changed"}


def people(path: str, **more: Any) -> Body:
    """The settings of a source with one list of people."""
    return {"error": "error", "streams": [{**PEOPLE, "path": path, "records": "data", **more}]}


class Rest(StoreVendor):
    vendor = kind = "rest"
    entity, stream, column, field = "contact", "people", "city", "town"
    spoiled: ClassVar[Body] = {"born": "long ago"}
    error_in_200: ClassVar[Body] = {"error": {"message": "Something about Anna Example"}}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "name": {"last": f"Example {number}"}, "town": f"Town {number}"}
        self.put(str(number), {**body, "born": "1980-02-29", "deleted": False}, "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        seconds = int(at.timestamp())
        return {"joined": z(at), **body, "changed": z(at), "changed_unix": seconds}


class RestPage(Rest):
    page_path = r"^/page/contact"
    settings: ClassVar[Body] = people(
        "page/contact",
        params={"page": "{page}", "limit": "{limit}", "since": "{since}"},
        total="meta.total",
        paginate={"by": "page", "size": 4},
        cursor=UPDATED,
        deletes={"kind": "id_reconcile"},
    )
    lacks = frozenset({"resume"})


class RestToken(Rest):
    """Created in a window that is read again; the body is JSON-RPC's."""

    page_path = r"^/token/contact"
    settings: ClassVar[Body] = people(
        "token/contact",
        method="POST",
        body={
            "jsonrpc": "2.0",
            "method": "contact.list",
            "params": {"since": "{since}", "limit": "{limit}", "cursor": "{cursor}"},
        },
        records="result.items",
        paginate={"by": "token", "selector": "result.next_cursor", "size": 4, "resumable": True},
        cursor={"kind": "created_only", "field": "joined", "format": "iso", "lookback": "1d"},
    )
    lacks = frozenset({"delete"})


class RestLastId(Rest):
    page_path = r"^/after/contact"
    settings: ClassVar[Body] = people(
        "after/contact",
        params={"after": "{last_id}", "limit": "{limit}", "since": "{since}"},
        paginate={"by": "last_id", "field": "id", "size": 4},
        cursor={"kind": "updated_since", "field": "changed_unix", "format": "unix"},
        deletes={"kind": "flag", "field": "deleted"},
    )

    def records(self) -> dict[Key, str]:
        living = [r for r in self._all() if not r.body["deleted"]]
        return {(r.id,): r.body["town"] for r in living}

    def delete(self, key: Key) -> None:
        self.put(key[0], {**self.body(key), "deleted": True}, "changed")


class RestNextLink(Rest):
    page_path = r"^/next/contact"
    settings: ClassVar[Body] = people(
        "next/contact",
        params={"limit": "{limit}"},
        paginate={"by": "next_link", "selector": "links.next", "size": 4},
        deletes={"kind": "id_reconcile"},
    )
    lacks = frozenset({"resume", "tie"})


CASES: dict[str, Case] = {
    "rest_page": case(RestPage, RestFake),
    "rest_token": case(RestToken, RestFake),
    "rest_last_id": case(RestLastId, RestFake),
    "rest_next_link": case(RestNextLink, RestFake),
}

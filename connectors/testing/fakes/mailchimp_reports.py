"""Campaign reports of the fake Mailchimp.

Data flow: /reports[/{campaign}/sent-to|email-activity|unsubscribed] -> RecordStore("mailchimp",
"report" | "sent_to" | "email_activity" | "unsubscribed", parent=campaign).

Facts: since_send_time and before_send_time filter the reports, `since` the activity of one
campaign; every list is paged with count and offset and carries total_items.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.testing.fakes.mailchimp_common import VENDOR, moment_of, not_found, page_of, parse
from connectors.testing.messages import Request
from connectors.testing.store import RecordStore

# Path element -> (entity in the store, key of the list in the answer).
_CHILDREN = {
    "sent-to": ("sent_to", "sent_to"),
    "email-activity": ("email_activity", "emails"),
    "unsubscribed": ("unsubscribed", "unsubscribes"),
}


class Reports:
    """What happened to the campaigns that were sent."""

    def __init__(self, store: RecordStore, list_id: str) -> None:
        self._store = store
        self._list_id = list_id

    def page(self, request: Request) -> dict[str, Any]:
        count, offset = page_of(request)
        since = moment_of(request, "since_send_time")
        before = moment_of(request, "before_send_time")
        rows = []
        for record in self._store.query(VENDOR, "report"):
            sent = parse(record.body.get("send_time"))
            if since is not None and (sent is None or sent < since):
                continue
            if before is None or (sent is not None and sent < before):
                rows.append(self._shown(record.body))
        return {
            "reports": rows[offset : offset + count],
            "total_items": len(rows),
            "_links": [],
        }

    def get(self, id: str) -> dict[str, Any]:
        record = self._store.get(VENDOR, "report", id)
        if record is None:
            raise not_found()
        return self._shown(record.body)

    def children(self, request: Request, id: str, child: str) -> dict[str, Any]:
        self.get(id)
        if child not in _CHILDREN:
            raise not_found()
        entity, key = _CHILDREN[child]
        count, offset = page_of(request)
        since = moment_of(request, "since") if child == "email-activity" else None
        if since is None:
            total = self._store.count(VENDOR, entity, parent=id)
            found = self._store.query(VENDOR, entity, parent=id, limit=count, offset=offset)
            rows = [record.body for record in found]
        else:
            active = [
                body
                for record in self._store.query(VENDOR, entity, parent=id)
                if (body := _later(record.body, since))["activity"]
            ]
            total, rows = len(active), active[offset : offset + count]
        common = {"campaign_id": id, "list_id": self._list_id, "_links": []}
        return {
            key: [common | row for row in rows],
            "campaign_id": id,
            "total_items": total,
            "_links": [],
        }

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "regular",
            "list_id": self._list_id,
            "list_is_active": True,
            "abuse_reports": 0,
            "unsubscribed": 0,
            "_links": [],
        } | body


def _later(body: dict[str, Any], since: datetime) -> dict[str, Any]:
    """The entry with only the activity after `since`."""
    activity = [
        item
        for item in body.get("activity") or []
        if (at := parse(item.get("timestamp"))) is not None and at > since
    ]
    return body | {"activity": activity}

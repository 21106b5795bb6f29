"""Mailchimp as conformance cases: offsets within a second, page numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import member_hash
from connectors.testing.store import Record


class MailchimpMember(StoreVendor):
    vendor = kind = "mailchimp"
    entity, stream, column = "member", "member", "full_name"
    page_path = r"/members\?"
    spoiled: ClassVar[Body] = {"timestamp_opt": "soon"}
    error_in_200: ClassVar[Body] = {
        "title": "Internal",
        "status": 500,
        "detail": "about anna@example.org",
    }
    settings: ClassVar[Body] = {
        "api_key": "sandbox-mailchimp-key-us1",
        "list_id": "a1b2c3",
        "page_size": 4,
    }

    def insert(self) -> Key:
        number = self.next_number()
        email = f"member{number}@example.org"
        key = member_hash(email)
        body = {"id": key, "email_address": email, "status": "subscribed", "tags": []}
        self.put(key, {**body, "full_name": f"Example {number}", "timestamp_signup": ""}, "new")
        return (key,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {**body, "last_changed": at.isoformat()}


class MailchimpReport(MailchimpMember):
    entity, stream, column = "report", "report", "campaign_title"
    page_path = r"/reports/\w+/(sent-to|email-activity|unsubscribed)\?"
    spoiled: ClassVar[Body] = {"emails_sent": "many"}
    lacks = frozenset({"delete", "loop", "tie"})

    def insert(self) -> Key:
        number = self.next_number()
        campaign = f"c{number:04d}"
        body = {"id": campaign, "campaign_title": f"newsletter {number}", "list_id": "a1b2c3"}
        self.put(campaign, {**body, "emails_sent": 1}, "new")
        moment = self.store.now()
        sent = {"email_id": "e1", "email_address": "member1@example.org", "status": "sent"}
        record = Record("mailchimp", "sent_to", f"{campaign}:e1", sent, 1, 0.0, 0.0, campaign)
        action = {"action": "open", "timestamp": moment.isoformat()}
        activity = {**sent, "activity": [action]}
        opened = replace(record, entity="email_activity", body=activity)
        self.store.put_many([record, opened])
        return (campaign,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"send_time": at.isoformat(), **body}


CASES: dict[str, Case] = {
    "mailchimp_member": case(MailchimpMember, MailchimpFake),
    "mailchimp_report": case(MailchimpReport, MailchimpFake, records=2),
}

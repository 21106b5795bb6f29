"""The built-in sources as conformance cases: name -> context manager that gives a running Vendor.

Data flow: tests/contract/test_conformance.py -> CASES -> fake vendor -> source -> engine.

One case per way of reading: keyset by id, full and row hash, append log, keyset by time with
children, fan-out, list and event log, re-read window, offsets within a second, and page numbers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import member_hash
from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.fakes.stripe import StripeFake
from connectors.testing.store import Record

BERLIN = ZoneInfo("Europe/Berlin")


class Civicrm(StoreVendor):
    vendor = kind = "civicrm"
    error_in_200: ClassVar[Body] = {
        "error_code": 0,
        "error_message": "SQL of Anna Example",
        "status": 500,
    }
    settings: ClassVar[Body] = {
        "api_key": "sandbox-civicrm-key",
        "site_timezone": "Europe/Berlin",
        "page_size": 4,
    }

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        local = at.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S")
        return {"created_date": local, **body, "modified_date": local}


class CivicrmContact(Civicrm):
    entity, stream, column = "Contact", "contact", "last_name"
    page_path = r"/Contact/get\b"
    spoiled: ClassVar[Body] = {"birth_date": "long ago"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "contact_type": "Individual", "last_name": f"Example {number}"}
        self.put(str(number), {**body, "is_deleted": False}, "new")
        return (str(number),)


class CivicrmMembership(Civicrm):
    entity, stream, column = "Membership", "membership", "source"
    page_path = r"/Membership/get\b"
    spoiled: ClassVar[Body] = {"end_date": "never"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "contact_id": number, "source": f"form {number}", "is_test": False}
        self.put(str(number), body, "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class CivicrmLog(Civicrm):
    entity, stream, column = "MembershipLog", "membership_log", "status_id_name"
    field = "status_id:name"
    page_path = r"/MembershipLog/get\b"
    spoiled: ClassVar[Body] = {"end_date": "never"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "membership_id": 1, "status_id:name": f"Status {number}"}
        self.put(str(number), body, "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {**body, "modified_date": at.astimezone(BERLIN).date().isoformat()}


class Pretix(StoreVendor):
    vendor = kind = "pretix"
    error_in_200: ClassVar[Body] = {"detail": "Something about Anna Example"}
    settings: ClassVar[Body] = {
        "api_token": "sandbox-pretix-token",
        "organizer": "example",
        "page_size": 4,
    }


class PretixEvent(Pretix):
    entity, stream, column = "event", "event", "currency"
    page_path = r"/events/\?"
    spoiled: ClassVar[Body] = {"date_from": "soon"}
    lacks = frozenset({"resume", "tie"})

    def insert(self) -> Key:
        slug = f"event-{self.next_number():03d}"
        start = self.store.now() + timedelta(days=30)
        body = {"slug": slug, "name": {"en": slug}, "currency": "EUR", "live": True}
        self.put(slug, {**body, "date_from": _z(start), "testmode": False}, "new")
        return (slug,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


class PretixOrder(Pretix):
    entity, stream, column = "order", "order", "locale"
    page_path = r"/orders/"
    spoiled: ClassVar[Body] = {"total": "a lot"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        code = f"A{number:04d}"
        position = {"id": number, "order": code, "positionid": 1, "item": 1, "price": "30.00"}
        payment = {"local_id": 1, "state": "confirmed", "amount": "30.00", "provider": "manual"}
        body = {"code": code, "event": "gala", "status": "p", "locale": "de", "testmode": False}
        lists = {"positions": [position], "payments": [payment], "refunds": []}
        self.put(code, {**body, "total": "30.00", **lists}, "new")
        return (code,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"datetime": _z(at), **body, "last_modified": _z(at)}


class PretixCheckin(Pretix):
    entity, stream, column = "checkin", "checkin", "error_reason"
    page_path = r"/checkins/"
    spoiled: ClassVar[Body] = {"successful": "perhaps"}
    lacks = frozenset({"delete"})

    def insert(self) -> Key:
        number = self.next_number()
        slug = f"gala-{number % 2}"
        if self.store.get("pretix", "event", slug) is None:
            start = _z(self.store.now())
            event = {"slug": slug, "name": {"en": slug}, "date_from": start, "date_to": None}
            self.store.put(Record("pretix", "event", slug, event, number, 0.0, 0.0))
        body = {"id": number, "event": slug, "position": number, "list": 1, "successful": True}
        self.put(str(number), {**body, "type": "entry", "error_reason": "ok"}, "new")
        return (str(number),)

    def parent_of(self, body: Body) -> str | None:
        return str(body["event"])

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        # A scan is annulled in place: its time of creation stays, except where a test says so.
        if how == "changed":
            return body
        return {**body, "created": _z(at), "datetime": _z(at)}


class Stripe(StoreVendor):
    vendor = kind = "stripe"
    error_in_200: ClassVar[Body] = {"error": {"type": "api_error", "message": "Anna Example"}}
    settings: ClassVar[Body] = {"api_key": "sk_test_sandbox", "page_size": 4}

    def put(self, id: str, body: Body, how: str, at: datetime | None = None) -> None:
        super().put(id, body, how, at)
        self.log("created" if how == "new" else "updated", self.body((id,)))

    def delete(self, key: Key) -> None:
        gone = self.body(key)
        super().delete(key)
        self.tick()
        self.log("deleted", gone)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created": int(at.timestamp()), **body}

    def log(self, what: str, snapshot: Body) -> None:
        """The event that Stripe writes for every change."""
        number = 1 + self.store.count("stripe", "event")
        created = self.store.now().timestamp()
        body: dict[str, Any] = {
            "id": f"evt_{number:05d}",
            "type": f"{self.entity}.{what}",
            "created": int(created),
            "data": {"object": snapshot},
        }
        self.store.put(Record("stripe", "event", body["id"], body, number, created, created))


class StripeInvoice(Stripe):
    entity, stream, column = "invoice", "invoice", "number"
    page_path = r"^/v1/invoices\?"
    spoiled: ClassVar[Body] = {"total": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": f"in_{number:04d}", "number": f"R-{number}", "total": 1000, "status": "draft"}
        self.put(str(body["id"]), body, "new")
        return (str(body["id"]),)


class StripeRefund(Stripe):
    entity, stream, column = "refund", "refund", "status"
    page_path = r"^/v1/refunds\?"
    spoiled: ClassVar[Body] = {"amount": "a lot"}
    lacks = frozenset({"delete", "tie"})

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": f"re_{number:04d}", "charge": "ch_1", "amount": 500, "status": "pending"}
        self.put(str(body["id"]), body, "new")
        return (str(body["id"]),)


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


def _z(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


CASES: dict[str, Case] = {
    "civicrm_contact": case(CivicrmContact, CivicrmFake),
    "civicrm_membership": case(CivicrmMembership, CivicrmFake),
    "civicrm_membership_log": case(CivicrmLog, CivicrmFake),
    "pretix_event": case(PretixEvent, PretixFake),
    "pretix_order": case(PretixOrder, PretixFake),
    "pretix_checkin": case(PretixCheckin, PretixFake),
    "stripe_invoice": case(StripeInvoice, StripeFake),
    "stripe_refund": case(StripeRefund, StripeFake),
    "mailchimp_member": case(MailchimpMember, MailchimpFake),
    "mailchimp_report": case(MailchimpReport, MailchimpFake, records=2),
}

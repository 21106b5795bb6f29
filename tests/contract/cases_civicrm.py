"""CiviCRM as conformance cases: keyset by id, full and row hash, append log, cursor by site."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.store import RecordStore

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


class CivicrmParticipant(Civicrm):
    """A site of CiviCRM 6.9: participants have `modified_date`."""

    entity, stream, column = "Participant", "participant", "fee_currency"
    page_path = r"/Participant/get\b"
    spoiled: ClassVar[Body] = {"fee_amount": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "contact_id": number, "event_id": 1, "fee_amount": "30.00"}
        self.put(str(number), {**body, "fee_currency": "EUR", "is_test": False}, "new")
        return (str(number),)


class CivicrmContribution(Civicrm):
    """An older site: contributions have no time of change."""

    entity, stream, column = "Contribution", "contribution", "currency"
    page_path = r"/Contribution/get\b"
    spoiled: ClassVar[Body] = {"total_amount": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "contact_id": number, "total_amount": "30.00", "currency": "EUR"}
        self.put(str(number), {**body, "is_test": False, "is_template": False}, "new")
        return (str(number),)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return body


def older_site(store: RecordStore) -> CivicrmFake:
    """A site before CiviCRM 6.9."""
    lacking = ["created_date", "modified_date"]
    return CivicrmFake(store, without={"Contribution": lacking, "Participant": lacking})


CASES: dict[str, Case] = {
    "civicrm_contact": case(CivicrmContact, CivicrmFake),
    "civicrm_membership": case(CivicrmMembership, CivicrmFake),
    "civicrm_membership_log": case(CivicrmLog, CivicrmFake),
    "civicrm_participant": case(CivicrmParticipant, CivicrmFake),
    "civicrm_contribution_undated": case(CivicrmContribution, older_site),
}

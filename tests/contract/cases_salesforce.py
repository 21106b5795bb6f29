"""Salesforce as conformance cases: keyset by (time of change, Id), bulk query job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.salesforce import CLIENT, SalesforceFake


class SalesforceContact(StoreVendor):
    vendor = kind = "salesforce"
    entity, stream, column, field = "Contact", "contact", "last_name", "LastName"
    page_path = r"/queryAll\?"
    error_in_200: ClassVar[Body] = {"errorCode": "UNKNOWN_EXCEPTION", "message": "Anna Example"}
    spoiled: ClassVar[Body] = {"Birthdate": "0000-00-00"}
    lacks = frozenset({"fixed_key"})
    settings: ClassVar[Body] = {
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
        "map": "npsp",
        "page_size": 4,
        "poll_seconds": 0.01,
    }

    def insert(self) -> Key:
        number = self.next_number()
        id = f"003{number:015d}"
        self.put(id, {"Id": id, "LastName": f"Example {number}", "IsDeleted": False}, "new")
        return (id,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        return {"CreatedDate": stamp, **body, "SystemModstamp": stamp}


class SalesforceBulk(SalesforceContact):
    page_path = r"/results\?"
    settings: ClassVar[Body] = {
        **SalesforceContact.settings,
        "bulk_from_rows": 1,
        "bulk_page_size": 4,
    }


CASES: dict[str, Case] = {
    "salesforce_contact": case(SalesforceContact, SalesforceFake),
    "salesforce_bulk": case(SalesforceBulk, SalesforceFake),
}

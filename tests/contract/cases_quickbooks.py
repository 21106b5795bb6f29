"""QuickBooks Online as a conformance case: keyset by time of change, deletions told beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.quickbooks import REALM, QuickbooksFake, qbo_time


class Quickbooks(StoreVendor):
    vendor = kind = "quickbooks"
    error_in_200: ClassVar[Body] = {
        "Fault": {"Error": [{"Message": "Anna Example", "code": "6000"}], "type": "ValidationFault"}
    }
    lacks = frozenset({"fixed_key"})  # a refused access token is renewed once

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self.settings = quickbooks_settings(self.server.url)

    def delete(self, key: Key) -> None:
        self.tick()
        app: Any = self.server.app
        app.delete(self.entity, key[0])

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        created = (body.get("MetaData") or {}).get("CreateTime") or qbo_time(at)
        return {**body, "MetaData": {"CreateTime": created, "LastUpdatedTime": qbo_time(at)}}


class QuickbooksPayment(Quickbooks):
    entity, stream, column = "Payment", "payment", "payment_method"
    page_path = r"/query\?query=select\+%2A"
    spoiled: ClassVar[Body] = {"TotalAmt": "a lot"}

    def insert(self) -> Key:
        id = str(self.next_number())
        link = {"TxnId": "1", "TxnType": "Invoice"}
        body: Body = {"Id": id, "SyncToken": "0", "TotalAmt": 30.5, "CustomerRef": {"value": "7"}}
        lines = [{"Amount": 30.5, "LinkedTxn": [link]}]
        self.put(id, {**body, "Line": lines, "PaymentMethodRef": {"name": "Check"}}, "new")
        return (id,)

    def records(self) -> dict[Key, str]:
        return {(r.id,): r.body["PaymentMethodRef"]["name"] for r in self._all()}

    def change(self, key: Key) -> None:
        body = self.body(key)
        method = {"name": f"{body['PaymentMethodRef']['name']}*"}
        self.put(key[0], {**body, "PaymentMethodRef": method}, "changed")


def quickbooks_settings(url: str) -> dict[str, Any]:
    return {
        "base_url": url,
        "identity_url": url,
        "realm_id": REALM,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "refresh-0",
        "page_size": 4,
    }


CASES: dict[str, Case] = {"quickbooks_payment": case(QuickbooksPayment, QuickbooksFake)}

"""Xero as a conformance case: keyset by time of change through If-Modified-Since, with OAuth."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import NAMESPACE_OID, uuid5

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.xero import TENANT, XeroFake
from connectors.testing.fakes.xero_records import ms_date


class Xero(StoreVendor):
    vendor = kind = "xero"
    error_in_200: ClassVar[Body] = {"ErrorNumber": 10, "Type": "X", "Message": "Anna Example"}
    # Void and archived records stay, with their status; a refused access token is renewed once.
    lacks = frozenset({"delete", "fixed_key"})

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self.settings = xero_settings(self.server.url)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {**body, "UpdatedDateUTC": ms_date(at)}


class XeroInvoice(Xero):
    entity, stream, column, field = "invoice", "invoice", "invoice_number", "InvoiceNumber"
    page_path = r"/Invoices\?"
    spoiled: ClassVar[Body] = {"DueDate": "soon"}

    def insert(self) -> Key:
        number = self.next_number()
        id = str(uuid5(NAMESPACE_OID, f"invoice {number}"))
        body = {"InvoiceID": id, "Type": "ACCREC", "InvoiceNumber": f"R-{number}", "Total": 30.5}
        self.put(id, body, "new")
        return (id,)


def xero_settings(url: str) -> dict[str, Any]:
    return {
        "base_url": f"{url}/api.xro/2.0",
        "identity_url": url,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "refresh-0",
        "tenant_id": TENANT,
        "page_size": 4,
    }


CASES: dict[str, Case] = {"xero_invoice": case(XeroInvoice, XeroFake)}

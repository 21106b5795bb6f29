"""Odoo as conformance cases: by write_date, in full, and the first again over JSON-RPC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from vendors import Body, Case, Key, StoreVendor, case

from connectors.testing.fakes.odoo import OdooFake
from connectors.testing.store import RecordStore


class Odoo(StoreVendor):
    vendor = kind = "odoo"
    error_in_200: ClassVar[Body] = {
        "name": "builtins.ValueError",
        "message": "Something about Anna Example",
        "arguments": [],
        "debug": "Traceback",
    }
    settings: ClassVar[Body] = {
        "database": "example",
        "api_key": "sandbox-odoo-key",
        "transport": "json2",
        "page_size": 4,
    }

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        # Half a second after what answers show.
        written = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") + ".500000"
        return {"create_date": written, **body, "write_date": written}


class OdooPartner(Odoo):
    entity, stream, column = "res.partner", "partner", "city"
    page_path = r"/res\.partner/search_read"
    spoiled: ClassVar[Body] = {"birthdate_date": "long ago"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "name": f"Example {number}", "city": f"Town {number}"}
        self.put(str(number), {**body, "active": number % 3 > 0}, "new")
        return (str(number),)


class OdooMembershipLine(Odoo):
    entity, stream, column = "membership.membership_line", "membership_line", "state"
    page_path = r"/membership\.membership_line/search_read"
    spoiled: ClassVar[Body] = {"member_price": "a lot"}

    def insert(self) -> Key:
        number = self.next_number()
        body = {"id": number, "partner": [number, f"Example {number}"], "state": "paid"}
        self.put(str(number), {**body, "member_price": 89.9}, "new")
        return (str(number),)


class OdooPartnerOverJsonRpc(OdooPartner):
    # All calls share one address, so the suite can not tell log-in and pages apart.
    page_path = r"/jsonrpc"
    lacks = frozenset({"loop", "resume"})
    error_in_200: ClassVar[Body] = {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": 200, "message": "Odoo Server Error", "data": Odoo.error_in_200},
    }
    settings: ClassVar[Body] = {
        **Odoo.settings,
        "transport": "jsonrpc",
        "login": "warehouse@example.org",
    }


def _older(store: RecordStore) -> Any:
    return OdooFake(store, version=17)


CASES: dict[str, Case] = {
    "odoo_partner": case(OdooPartner, OdooFake),
    "odoo_membership_line": case(OdooMembershipLine, OdooFake),
    "odoo_partner_jsonrpc": case(OdooPartnerOverJsonRpc, _older),
}

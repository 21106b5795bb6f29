"""Invoices, payments and refunds: which to read, as only their making can be asked for.

Data flow: idsOnly list since the window's start + ids the audit log names -> ids in order ->
           `ids=` requests -> Page.

The filter of these lists looks at the document's date, so a document made for an earlier day, paid,
changed, voided or deleted later is found through the audit log. Paying an invoice leaves the
invoice out of the log: the payments in it lead to their invoices by their allocations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.protocol import Page, Request
from connectors.sources.base import Place
from connectors.sources.wildapricot.client import Row, WildApricotClient
from connectors.sources.wildapricot.records import allocation, document

EVER = "2000-01-01"  # the lists refuse a request without any filter
_PAYMENTS = frozenset({"Payment", "InvoicePayment", "DonationPayment"})
_TYPES: Mapping[str, frozenset[str]] = {
    "invoice": frozenset({"Invoice"}),
    "payment": _PAYMENTS,
    "refund": frozenset({"Refund"}),
}


@dataclass(frozen=True)
class AfterId(Place):
    """The greatest id whose page is landed."""

    id: int = 0


@dataclass(frozen=True)
class Finance:
    """The three kinds of documents of one account."""

    client: WildApricotClient
    page_size: int
    read_allocations: bool

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice in order of id; each can be resumed after."""
        stream = request.stream
        path, key = f"{stream}s", f"{stream.title()}s"
        ids = sorted({*self._listed(request), *self._changed(request)})
        after = AfterId.parse(request.position).id
        ids = [id for id in ids if id > after]
        for start in range(0, len(ids), self.page_size) if ids else ():
            chunk = ids[start : start + self.page_size]
            params = {"ids": ",".join(map(str, chunk)), **_voided(stream)}
            found = self.client.rows(path, params, key, stream)
            rows, gone = self.client.completed(path, stream, chunk, found.rows)
            yield Page(
                rows={stream: [document(row) for row in rows], **self._used_for(stream, rows)},
                token=f"id>={chunk[0]}",
                position=AfterId(chunk[-1]).text(),
                server_time=found.server_time,
                deleted={stream: [(id,) for id in gone]},
            )

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All current ids, in chunks."""
        for chunk in self.client.ids(f"{stream}s", {"StartDate": EVER, **_voided(stream)}, stream):
            yield [(id,) for id in chunk]

    def _listed(self, request: Request) -> list[int]:
        params = {
            "StartDate": _day(request.since, -1) if request.since else EVER,
            **({"EndDate": _day(request.until, 2)} if request.until else {}),
            **_voided(request.stream),
        }
        return self.client.all_ids(f"{request.stream}s", params, request.stream)

    def _changed(self, request: Request) -> set[int]:
        """Ids the audit log names since the mark; none at a full read or in a chosen slice."""
        if request.mark is None:
            return set()
        stream, wanted = request.stream, _TYPES[request.stream]
        documents, payments = set(), set()
        for item in self._audit(_day(datetime.fromisoformat(request.mark), -1), stream):
            id = (item.get("Document") or {}).get("Id")
            if id is not None and item.get("DocumentType") in wanted:
                documents.add(int(id))
            if id is not None and item.get("DocumentType") in _PAYMENTS:
                payments.add(int(id))
        if stream == "invoice":
            for row in (row for id in sorted(payments) for row in self._allocations(id, stream)):
                if row.get("Invoice"):
                    documents.add(int(row["Invoice"]["Id"]))
        return documents

    def _audit(self, since: str, stream: str) -> Iterator[Row]:
        skip, seen = 0, set[int]()
        while True:
            params = {"StartDate": since, "$top": self.page_size, "$skip": skip}
            items = self.client.rows("auditLogItems", params, "Items", stream).rows
            fresh = [item for item in items if item.get("Id") not in seen]
            if not fresh:
                return
            yield from fresh
            seen.update(int(item["Id"]) for item in fresh)
            skip += len(items)

    def _used_for(self, stream: str, payments: Sequence[Row]) -> dict[str, list[Row]]:
        if stream != "payment" or not self.read_allocations:
            return {}
        used = [p for p in payments if p.get("AllocatedValue") or p.get("RefundedAmount")]
        return {
            "payment_allocation": [
                allocation(row, int(p["Id"]))
                for p in used
                for row in self._allocations(int(p["Id"]), stream)
            ]
        }

    def _allocations(self, payment_id: int, stream: str) -> list[Row]:
        params = {"PaymentId": payment_id}
        return self.client.rows("paymentAllocations", params, "Allocations", stream).rows


def _voided(stream: str) -> dict[str, str]:
    return {"includeVoided": "true"} if stream == "invoice" else {}


def _day(moment: datetime, days: int) -> str:
    """A day around the moment: the account's own time zone may be on either side of UTC."""
    return (moment + timedelta(days=days)).date().isoformat()

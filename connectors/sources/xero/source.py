"""Xero as a source: what was changed since, in order of change.

Data flow: XeroSource.pages() -> XeroClient.list() -> Page -> engine.

Page numbers shift when a record is changed while paging, so they are never resumed from. Records
are read in order of `UpdatedDateUTC`, and each request starts anew at the greatest one seen, as
page 1 of what changed since: a record changed meanwhile moves to the end and is met again there.
If-Modified-Since counts whole seconds, and whether it includes its own is not known, so it is sent
one second early and the rows of the page before are recognised. Page numbers are only used where
more records share a second than fit on a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError, LoopError, SourceError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.xero.client import Row, XeroClient, iso_seconds
from connectors.sources.xero.records import landed, moment_of
from connectors.sources.xero.settings import XeroSettings
from connectors.sources.xero.streams import STREAMS


@dataclass(frozen=True)
class _Endpoint:
    """Where a stream is read, and the scope it needs."""

    path: str
    key: str
    scope: str
    params: Mapping[str, str]


_ENDPOINTS: Mapping[str, _Endpoint] = {
    "contact": _Endpoint("Contacts", "ContactID", "contacts", {"includeArchived": "true"}),
    "invoice": _Endpoint("Invoices", "InvoiceID", "invoices", {"unitdp": "4"}),
    "credit_note": _Endpoint("CreditNotes", "CreditNoteID", "invoices", {"unitdp": "4"}),
    "payment": _Endpoint("Payments", "PaymentID", "payments", {}),
    "bank_transaction": _Endpoint("BankTransactions", "BankTransactionID", "banktransactions", {}),
    "overpayment": _Endpoint("Overpayments", "OverpaymentID", "banktransactions", {}),
    "prepayment": _Endpoint("Prepayments", "PrepaymentID", "banktransactions", {}),
}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the second from which to ask on, or `done`."""

    since: str | None = None
    done: bool = False


class XeroSource(ClientSource[XeroClient]):
    """One organisation in Xero. Building it does no I/O."""

    def __init__(self, name: str, settings: XeroSettings, context: SourceContext) -> None:
        self.name = name
        self._client = XeroClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams."""
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """Per stream: may it be read, and by which cursor."""
        items: list[CheckItem] = []
        for name, endpoint in _ENDPOINTS.items():
            try:
                listing = self._client.list(endpoint.path, size=1, stream=name)
            except JourneyConnectorError as error:
                line = failed(name, error)
                hint = f" It is read with accounting.{endpoint.scope}.read."
                items.append(CheckItem(name, False, line.detail + hint))
                if isinstance(error, AuthenticationError):
                    break
                continue
            counted = "" if listing.count is None else f"{listing.count} records; "
            items.append(CheckItem(name, True, f"{counted}incremental by If-Modified-Since"))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice, oldest change first; most can be resumed after."""
        endpoint, position = _ENDPOINTS[request.stream], _Position.parse(request.position)
        if position.done:
            return
        start = request.since - _SECOND if request.since else None
        since = _moment(position.since) or start
        params = {**endpoint.params, "order": "UpdatedDateUTC ASC", **_before(request.until)}
        whole = since is None and request.until is None
        seen: frozenset[str] = frozenset()
        number = 1
        while True:
            listing = self._client.list(
                endpoint.path, page=number, since=since, params=params, stream=request.stream
            )
            keys = [_version(row, endpoint.key) for row in listing.rows]
            fresh = [r for r, key in zip(listing.rows, keys, strict=True) if key not in seen]
            if number > 1 and listing.rows and not fresh:
                raise LoopError(
                    f"paging goes in circles: page {number} repeats the page before it.",
                    todo="The unfinished batch is thrown away; run again, or report it.",
                )
            reached = _reached(listing.rows, since)
            yield Page(
                rows={request.stream: [landed(request.stream, row) for row in fresh]},
                token=f"{iso_seconds(since) if since else ''}#{number}",
                position=_position(reached, since, done=not listing.more),
                expected_total=listing.count if whole else None,
                server_time=listing.server_time,
            )
            if not listing.more:
                return
            seen, whole = frozenset(keys), False
            number = 1 if reached != since else number + 1
            since = reached

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """Never asked for: nothing disappears from Xero, so no stream compares keys."""
        raise SourceError("there are no keys to compare.", source=self.name, stream=stream)


def _version(row: Row, key: str) -> str:
    return f"{row.get(key)}@{row.get('UpdatedDateUTC')}"


def _reached(rows: Sequence[Row], since: datetime | None) -> datetime | None:
    """The second before the last row's change, if that leads on; else where it was."""
    last = moment_of(rows[-1].get("UpdatedDateUTC")) if rows else None
    if last is None:
        return since
    early = last.replace(microsecond=0) - _SECOND
    return early if since is None or early > since else since


def _position(reached: datetime | None, since: datetime | None, *, done: bool) -> str | None:
    if not done and reached == since:
        return None  # only page numbers lead on from here
    return _Position(since=reached.isoformat() if reached else None, done=done).text()


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _before(until: datetime | None) -> dict[str, str]:
    """The slice's end as a filter, rounded up to the second."""
    if until is None:
        return {}
    end = until.astimezone(UTC)
    end = end.replace(microsecond=0) + (_SECOND if end.microsecond else timedelta(0))
    parts = ",".join(f"{part:02d}" for part in end.timetuple()[:6])
    return {"where": f"UpdatedDateUTC<DateTime({parts})"}

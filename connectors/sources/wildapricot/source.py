"""Wild Apricot as a source: levels, contacts, events, registrations, money and sent e-mails.

Data flow: WildApricotSource.pages() -> WildApricotClient -> Page -> engine.

Lists are paged by number, which shifts when a record is deleted meanwhile. Where a list can be
asked for ids (events, and documents in finance.py), all ids are listed first and asked for in
order, so that nothing shifts and a read can be resumed after any page. Contacts can only be paged:
what the list of ids has and the pages did not show is fetched one by one, and an interrupted read
begins anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors.errors import JourneyConnectorError, ShortReadError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, failed
from connectors.sources.wildapricot.client import Row, WildApricotClient
from connectors.sources.wildapricot.finance import AfterId, Finance
from connectors.sources.wildapricot.records import contact, document, recipient, registration
from connectors.sources.wildapricot.settings import WildApricotSettings
from connectors.sources.wildapricot.streams import (
    INVOICE,
    PAYMENT,
    PAYMENT_ALLOCATION,
    REFUND,
    SENT_EMAIL,
    SENT_EMAIL_RECIPIENT,
    STREAMS,
)

_FINANCE = {INVOICE.name, PAYMENT.name, PAYMENT_ALLOCATION.name, REFUND.name}
_EMAILS = {SENT_EMAIL.name, SENT_EMAIL_RECIPIENT.name}
# Times of a contact that say it changed. Their titles are the vendor's; see the README.
_CHANGES = (
    "Profile last updated",
    "Creation date",
    "Renewal date last changed",
    "Level last changed",
)


class WildApricotSource(ClientSource[WildApricotClient]):
    """One Wild Apricot account. Building it does no I/O."""

    def __init__(self, name: str, settings: WildApricotSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = WildApricotClient(name, settings, context)
        self._finance = Finance(self._client, settings.page_size, settings.read_allocations)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams but those switched off, with the configured re-read windows."""
        windows = {
            **dict.fromkeys(_FINANCE, timedelta(days=self._settings.finance_window_days)),
            **dict.fromkeys(_EMAILS, timedelta(days=self._settings.email_window_days)),
        }
        off = _EMAILS if self._settings.emails == "none" else set()
        if not self._settings.read_allocations:
            off = off | {PAYMENT_ALLOCATION.name}
        return [
            replace(spec, cursor=replace(spec.cursor, lookback=windows[spec.name]))
            if spec.name in windows
            else spec
            for spec in STREAMS
            if spec.name not in off
        ]

    def check(self) -> Sequence[CheckItem]:
        """Key and account, then for every stream whether it may be read, and by which cursor."""
        try:
            row = self._client.account()
        except JourneyConnectorError as error:
            return [failed("account", error)]
        code = (row.get("Currency") or {}).get("Code") or "the configured currency"
        items = [CheckItem("account", True, f"{row.get('Name')} ({row['Id']}); amounts in {code}")]
        own, count = self._settings, self._client.count
        tried: list[tuple[str, Callable[[], object], str]] = [
            ("membership_level", self._levels, "read in full"),
            (
                "contact",
                partial(count, "contacts", {}, "contact"),
                "incremental by times of change, by an asynchronous search;"
                f" renewals due within {own.renewal_window_days} days are read again",
            ),
            ("event", partial(count, "events", {}, "event"), "read in full"),
            (
                "event_registration",
                partial(count, "events", {}, "event_registration"),
                f"per event, until {own.registration_event_days} days after it",
            ),
        ]
        for name in ("invoice", "payment", "refund"):
            detail = f"by date, the last {own.finance_window_days} days again, and by audit log"
            tried.append((name, partial(self._peek, name), detail))
        if own.emails != "none":
            detail = f"by date sent ({own.emails}), the last {own.email_window_days} days again"
            tried.append((SENT_EMAIL.name, partial(self._email_ids, datetime.now(UTC)), detail))
        for name, attempt, detail in tried:
            try:
                attempt()
                items.append(CheckItem(name, True, detail))
            except JourneyConnectorError as error:
                items.append(failed(name, error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; all but those of contacts and full lists can be resumed after."""
        if request.stream == "account":
            row = document(self._client.account("account"))
            yield Page({"account": [row]}, token=f"account={row['Id']}")
        elif request.stream == "membership_level":
            yield Page({"membership_level": self._levels()})
        elif request.stream == "contact":
            yield from self._contacts(request)
        elif request.stream == "event":
            yield from self._events(request)
        elif request.stream == "event_registration":
            yield from self._registrations(request)
        elif request.stream == "sent_email":
            yield from self._emails(request)
        else:
            yield from self._finance.pages(request)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All current ids. ShortReadError when fewer came than the service counts."""
        if stream in _FINANCE:
            yield from self._finance.ids(stream)
        elif stream == "membership_level":
            yield [(row["Id"],) for row in self._levels()]
        elif stream == "event_registration":
            for event in self._counted_ids("events", stream):
                yield [(row["Id"],) for row in self._registered(event, details=False)]
        else:
            yield [(id,) for id in self._counted_ids(f"{stream}s", stream)]

    def _counted_ids(self, path: str, stream: str) -> list[int]:
        ids = self._client.all_ids(path, {}, stream)
        counted = self._client.count(path, {}, stream)
        if len(ids) < counted:
            raise ShortReadError(
                f"{len(ids)} ids came, but the service counts {counted}.", stream=stream
            )
        return ids

    def _levels(self) -> list[Row]:
        found = self._client.rows("membershiplevels", {}, "Levels", "membership_level")
        return [document(row) for row in found.rows]

    def _peek(self, stream: str) -> None:
        params = {"StartDate": datetime.now(UTC).date().isoformat(), "$top": 1}
        self._client.rows(f"{stream}s", params, f"{stream.title()}s", stream)

    def _contacts(self, request: Request) -> Iterator[Page]:
        filters = self._changed_since(request)
        wanted = set(self._client.all_ids("contacts", filters, "contact"))
        size, skip = self._settings.page_size, 0
        own = {str(column): name for column, name in self._settings.contact_fields.items()}
        total = max(len(wanted), self._client.count("contacts", filters, "contact"))
        while skip < total:
            asked = {**filters, "$top": size, "$skip": skip}
            found = self._client.search_contacts(asked)
            yield Page(
                rows={"contact": [contact(row, own) for row in found.rows]},
                token=f"skip={skip}",
                server_time=found.server_time,
                mark=found.requested or _text(found.server_time),
            )
            wanted -= {int(row["Id"]) for row in found.rows}
            skip += len(found.rows)
            if not found.rows:
                break
        for id in sorted(wanted):  # moved between two pages while they were read, or deleted
            row = self._client.one(f"contacts/{id}", "contact")
            if row is not None:
                yield Page({"contact": [contact(row, own)]}, token=f"id={id}")

    def _changed_since(self, request: Request) -> dict[str, str]:
        if request.since is None:
            return {}
        since = _moment(request.since)
        if request.until is not None:
            until = _moment(request.until)
            field = _CHANGES[0]
            return {"$filter": f"'{field}' ge {since} AND '{field}' le {until}"}
        due = request.since - timedelta(days=self._settings.renewal_window_days)
        changed = " OR ".join(f"'{field}' ge {since}" for field in _CHANGES)
        days = f"'Renewal due' ge {due.date()} AND 'Renewal due' le {_tomorrow(datetime.now(UTC))}"
        return {"$filter": f"({changed} OR ({days}))"}

    def _events(self, request: Request) -> Iterator[Page]:
        ids = self._client.all_ids("events", {}, "event")
        after = AfterId.parse(request.position).id
        ids = [id for id in ids if id > after]
        size = self._settings.page_size
        for start in range(0, len(ids), size) if ids else ():
            chunk = ids[start : start + size]
            params = {"$async": "false", "$filter": f"Id in [{','.join(map(str, chunk))}]"}
            found = self._client.rows("events", {**params, "$top": size}, "Events", "event")
            rows, _ = self._client.completed("events", "event", chunk, found.rows)
            yield Page(
                rows={"event": [document(row) for row in rows]},
                token=f"id>={chunk[0]}",
                position=AfterId(chunk[-1]).text(),
                server_time=found.server_time,
            )

    def _registrations(self, request: Request) -> Iterator[Page]:
        """One page per event, in order of id; at an incremental read without those long over."""
        events = self._events_until(request)
        after = AfterId.parse(request.position).id
        for event in sorted(events):
            if event > after:
                rows = self._registered(event, details=True)
                yield Page(
                    rows={"event_registration": [registration(row) for row in rows]},
                    token=f"event={event}",
                    position=AfterId(event).text(),
                )

    def _events_until(self, request: Request) -> set[int]:
        """Events that have not ended long ago (one without an end ends as it begins), or all."""
        filters: list[dict[str, str]] = [{}]
        if request.mark is not None and request.since is not None:
            days = timedelta(days=self._settings.registration_event_days)
            oldest = (request.since - days).date()
            filters = [{"$filter": f"{field} ge {oldest}"} for field in ("StartDate", "EndDate")]
        stream = "event_registration"
        return {id for only in filters for id in self._client.all_ids("events", only, stream)}

    def _registered(self, event: int, *, details: bool) -> list[Row]:
        form = "true" if details else "false"
        params = {"eventId": event, "includeWaitlist": "true", "includeDetails": form}
        path, stream = "eventregistrations", "event_registration"
        return self._client.rows(path, params, "Registrations", stream).rows

    def _emails(self, request: Request) -> Iterator[Page]:
        """One page per e-mail with its recipients, in order of id."""
        after = AfterId.parse(request.position).id
        for id in self._email_ids(request.since, request.until):
            row = self._client.one(f"SentEmails/{id}", "sent_email") if id > after else None
            if row is None:
                continue
            yield Page(
                rows={
                    "sent_email": [document(row)],
                    "sent_email_recipient": [recipient(r, id) for r in self._recipients(id)],
                },
                token=f"email={id}",
                position=AfterId(id).text(),
            )

    def _email_ids(self, since: datetime | None, until: datetime | None = None) -> list[int]:
        bounds = [f"SentDate ge {since.date()}"] if since else []
        bounds += [f"SentDate le {_tomorrow(until)}"] if until else []
        if self._settings.emails == "manual":
            bounds.append("SendingType eq Manual")
        filters = {"$filter": " AND ".join(bounds)} if bounds else {}
        return self._client.all_ids("SentEmails", filters, "sent_email")

    def _recipients(self, email: int) -> Iterator[Row]:
        size, skip, seen = self._settings.page_size, 0, set[str]()
        while True:
            params = {"emailId": email, "LoadLinks": "true", "$top": size, "$skip": skip}
            found = self._client.rows("SentEmailRecipients", params, "Recipients", "sent_email")
            fresh = [row for row in found.rows if row.get("Email") not in seen]
            if not fresh:
                return
            yield from fresh
            seen.update(str(row.get("Email")) for row in fresh)
            skip += len(found.rows)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tomorrow(at: datetime) -> str:
    """The day after, for a bound that must not cut off a local day."""
    return (at + timedelta(days=1)).date().isoformat()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

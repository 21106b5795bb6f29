"""Mailchimp as a source: members of one audience, and what its campaigns did to them.

Data flow: MailchimpSource.pages() -> MailchimpClient.list() -> Page -> engine.

Offsets shift when a member changes while paging. Members are therefore read in order of
`last_changed`, and each request starts anew at the greatest `last_changed` seen, a second earlier
(the filter is not documented as inclusive): who changes meanwhile moves to the end and is met again
there. Offsets are only used within one such second, when more members share it than fit on a page:
a bulk import does that. Archived members are asked for separately, in case the plain list leaves
them out (not verified either way).

Reports are few: all of the window are listed first, then read one by one in order of sending, each
with its children. A read resumes at the first list of a campaign that it had not finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed, with_lookback
from connectors.sources.mailchimp.client import Listing, MailchimpClient, Row
from connectors.sources.mailchimp.records import actions, cleaned, cleaned_child
from connectors.sources.mailchimp.settings import MailchimpSettings
from connectors.sources.mailchimp.streams import STREAMS

# Child stream -> (path below the report, key of the list in the answer).
_CHILDREN: Mapping[str, tuple[str, str]] = {
    "sent_to": ("sent-to", "sent_to"),
    "email_activity": ("email-activity", "emails"),
    "unsubscribed": ("unsubscribed", "unsubscribes"),
}
_PASSES = (None, "archived")
_STEP = timedelta(seconds=1)


@dataclass(frozen=True)
class _Position(Place):
    """Where a read of members stands: which pass, and the greatest `last_changed` seen in it."""

    number: int = 0
    since: str | None = None


@dataclass(frozen=True)
class _Place(Place):
    """Where a read of reports stands: the last finished one, and lists read of the current one.

    `resumed` counts resumptions: a list that was cut short is read again under new tokens.
    """

    finished: str = ""
    current: str = ""
    lists: int = 0
    resumed: int = 0


class MailchimpSource(ClientSource[MailchimpClient]):
    """One audience of a Mailchimp account. Building it does no I/O."""

    def __init__(self, name: str, settings: MailchimpSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = MailchimpClient(name, settings, context)
        self._members = f"lists/{settings.list_id}/members"

    def streams(self) -> Sequence[StreamSpec]:
        """All streams; the re-read window of `report` is the configured one."""
        window = timedelta(days=self._settings.report_window_days)
        return with_lookback(STREAMS, "report", window)

    def check(self) -> Sequence[CheckItem]:
        """The key, the audience, and whether reports may be read."""
        items = []
        try:
            audience = self._client.get(f"lists/{self._settings.list_id}", "member")
            count = (audience.get("stats") or {}).get("member_count")
            known = f"{count} subscribed members" if count is not None else "audience found"
            items.append(CheckItem("member", True, f"{known}; incremental by last_changed"))
        except JourneyConnectorError as error:
            items.append(failed("member", error))
        try:
            reports = self._client.list("reports", "reports", {"count": 1}, "report")
            days = self._settings.report_window_days
            detail = f"{reports.total} campaigns; those of the last {days} days are re-read"
            items.append(CheckItem("report", True, detail))
        except JourneyConnectorError as error:
            items.append(failed("report", error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; each can be resumed after, unless only offsets lead on from it."""
        yield from (
            self._all_members(request) if request.stream == "member" else self._reports(request)
        )

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All member ids, archived members included, in chunks."""
        if stream != "member":
            return
        for number, _ in enumerate(_PASSES):
            for listing, _, _ in self._walk(number, None, fields="members.id,members.last_changed"):
                yield [(row["id"],) for row in listing.rows]

    def _all_members(self, request: Request) -> Iterator[Page]:
        position = _Position.parse(request.position)
        for number in range(position.number, len(_PASSES)):
            resumed = number == position.number and position.since is not None
            start = position.since if resumed else _iso(request.since)
            for listing, token, reached in self._walk(number, start, until=request.until):
                yield Page(
                    rows={"member": [cleaned(row) for row in listing.rows]},
                    token=token,
                    position=reached.text() if reached else None,
                    server_time=listing.server_time,
                )

    def _walk(
        self,
        number: int,
        start: str | None,
        *,
        until: datetime | None = None,
        fields: str | None = None,
    ) -> Iterator[tuple[Listing, str, _Position | None]]:
        """(page, token, position after it) of one pass, in order of `last_changed`."""
        size, since, offset = self._settings.page_size, start, 0
        while True:
            params: dict[str, Any] = {
                "count": size,
                "offset": offset,
                "sort_field": "last_changed",
                "sort_dir": "ASC",
            }
            if since is not None:
                params["since_last_changed"] = _earlier(since)
            if until is not None:
                params["before_last_changed"] = _iso(until)
            if _PASSES[number] is not None:
                params["status"] = _PASSES[number]
            if fields is not None:
                params["fields"] = f"{fields},total_items"
            listing = self._client.list(self._members, "members", params, "member")
            token = f"{number}:last_changed>={since or ''}" + (f"#{offset}" if offset else "")
            last = str(listing.rows[-1]["last_changed"]) if listing.rows else since
            if not listing.more(offset, size):
                yield listing, token, _Position(number + 1)
                return
            if last is not None and (since is None or _moment(last) > _moment(since)):
                since, offset = last, 0
                yield listing, token, _Position(number, since)
            else:
                offset += len(listing.rows)
                yield listing, token, None

    def _reports(self, request: Request) -> Iterator[Page]:
        """For each report its children's pages, list by list, then its own row.

        The row comes last: a report that is there was read with all its children.
        """
        place = _Place.parse(request.position)
        if request.position is not None:
            place = replace(place, resumed=place.resumed + 1)
        else:
            yield Page(rows={"report": []}, position=place.text())
        for report, server_time in self._window(request):
            order = _order(report)
            if order <= place.finished:
                continue
            lists = list(_CHILDREN.items())
            for number in range(place.lists if place.current == order else 0, len(lists)):
                stream, (path, key) = lists[number]
                for offset, rows, ended in self._children(report["id"], stream, path, key):
                    if ended:
                        place = replace(place, current=order, lists=number + 1)
                    yield Page(
                        rows={"report": [], stream: rows},
                        token=f"{report['id']}/{path}@{offset}~{place.resumed}",
                        position=place.text(),
                    )
            place = _Place(finished=order, resumed=place.resumed)
            yield Page(
                rows={"report": [report]},
                token=order,
                position=place.text(),
                server_time=server_time,
            )

    def _window(self, request: Request) -> list[tuple[Row, datetime | None]]:
        """This audience's reports of the slice, in order of sending."""
        params: dict[str, Any] = {"count": self._settings.page_size}
        if request.since is not None:
            params["since_send_time"] = _iso(request.since)
        if request.until is not None:
            params["before_send_time"] = _iso(request.until)
        found: dict[str, tuple[Row, datetime | None]] = {}
        offset = 0
        while True:
            params["offset"] = offset
            listing = self._client.list("reports", "reports", params, "report")
            for row in listing.rows:
                if row.get("list_id") in (None, "", self._settings.list_id):
                    found[row["id"]] = (cleaned(row), listing.server_time)
            if not listing.more(offset, self._settings.page_size):
                return sorted(found.values(), key=lambda item: _order(item[0]))
            offset += len(listing.rows)

    def _children(
        self, campaign: str, stream: str, path: str, key: str
    ) -> Iterator[tuple[int, list[Row], bool]]:
        """(offset, rows, whether it was the last page) of one child list."""
        offset = 0
        while True:
            listing = self._client.list(
                f"reports/{campaign}/{path}",
                key,
                {"count": self._settings.page_size, "offset": offset},
                "report",
            )
            rows = [cleaned_child({**row, "campaign_id": campaign}) for row in listing.rows]
            ended = not listing.more(offset, self._settings.page_size)
            yield offset, actions(rows) if stream == "email_activity" else rows, ended
            if ended:
                return
            offset += len(listing.rows)


def _order(report: Row) -> str:
    sent = report.get("send_time")
    return f"{_iso(_moment(sent)) if sent else ''}|{report['id']}"


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _earlier(since: str) -> str | None:
    return _iso(_moment(since) - _STEP)

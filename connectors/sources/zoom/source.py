"""Zoom webinars as a source: webinars with their registrants, past instances with their stays.

Data flow: ZoomSource.pages() -> ZoomClient -> Page -> engine.

Webinars leave Zoom's list when they expire, and reports when they are a year old: what is no longer
told is left as it was, never taken for deleted. One page is one webinar with all its registrants,
or one instance with all its stays, in order of host and webinar, so that a read can go on after any
of them however long ago its page tokens died.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import JourneyConnectorError, SourceError
from connectors.http.client import Usage
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import Place, failed, with_lookback
from connectors.sources.zoom.client import (
    NO_REGISTRATION,
    TOO_OLD,
    UNKNOWN_WEBINAR,
    NotAvailable,
    Refused,
    Row,
    ZoomClient,
    encoded,
)
from connectors.sources.zoom.records import instance, registrants, segments, webinars
from connectors.sources.zoom.settings import ZoomSettings
from connectors.sources.zoom.streams import STREAMS

LICENSED = 2
WEBINAR_TYPES = frozenset({5, 6, 9})
# Whoever is approved meanwhile is met again in the later list, not missed in both.
STATUSES = ("pending", "approved", "denied")
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class _Position(Place):
    """The last host and webinar, or host, start and UUID, that is landed."""

    host: str = ""
    reached: str = ""


class ZoomSource:
    """The webinars of one Zoom account. Building it does no I/O."""

    def __init__(self, name: str, settings: ZoomSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = ZoomClient(name, settings, context)

    @property
    def usage(self) -> Usage:
        """Requests so far."""
        return Usage(requests=self._client.requests)

    def close(self) -> None:
        self._client.close()

    def streams(self) -> Sequence[StreamSpec]:
        """All streams; the lookback of `instance` is the configured window."""
        window = timedelta(days=self._settings.attendance_days)
        return with_lookback(STREAMS, "instance", window)

    def check(self) -> Sequence[CheckItem]:
        """The app's token, hosts with a webinar plan, their registrants, and the reports."""
        try:
            hosts = self._hosts("webinar")
            listed = [(host, found) for host, found in self._listed(hosts, None)]
        except JourneyConnectorError as error:
            return [failed("webinar", error)]
        count = sum(len(found) for _, found in listed)
        detail = f"{len(listed)} of {len(hosts)} hosts have a webinar plan; {count} webinars"
        items = [CheckItem("webinar", bool(listed), f"{detail}, read in full with registrants")]
        for name, look in (("registrant", self._see_registrants), ("instance", self._see_reports)):
            try:
                items.append(CheckItem(name, True, look(listed)))
            except JourneyConnectorError as error:
                items.append(failed(name, error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """One page per webinar or instance; each can be resumed after."""
        if request.stream == "webinar":
            yield from self._webinars(_Position.parse(request.position))
        else:
            yield from self._instances(request, _Position.parse(request.position))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """No stream's deletes are found by comparing keys."""
        raise SourceError(f"the keys of {stream!r} are not compared.")

    def _webinars(self, after: _Position) -> Iterator[Page]:
        hosts = [host for host in self._hosts("webinar") if host >= after.host]
        for host, listed in self._listed(hosts, "webinar"):
            for webinar in listed:
                id = str(webinar["id"])
                if (host, id) <= (after.host, after.reached):
                    continue
                people = self._registrants(webinar)
                if people is None:
                    continue
                yield Page(
                    rows={"webinar": [webinar], "registrant": people},
                    token=f"{host}:{id}",
                    position=_Position(host, id).text(),
                )

    def _registrants(self, webinar: Row) -> list[Row] | None:
        """All registrants in every status; None when the webinar is gone by now."""
        found: list[Row] = []
        try:
            for status in STATUSES:
                path = f"webinars/{webinar['id']}/registrants"
                listed = self._client.all(path, "registrants", {"status": status}, stream="webinar")
                found += [{**record, "status": status} for record in listed]
        except Refused as refusal:
            if refusal.code == NO_REGISTRATION:
                return []
            if refusal.code == UNKNOWN_WEBINAR:
                return None
            raise
        return registrants(found, webinar)

    def _instances(self, request: Request, after: _Position) -> Iterator[Page]:
        today = SYSTEM_CLOCK.now().astimezone(UTC).date()
        oldest = today - timedelta(days=self._settings.history_days)
        first = request.since.astimezone(UTC).date() if request.since else oldest
        last = min(request.until.astimezone(UTC).date(), today) if request.until else today
        for host in self._hosts("instance"):
            if host < after.host:
                continue
            for record in self._past(host, first, last):
                reached = f"{record.get('start_time')} {record['uuid']}"
                if (host, reached) <= (after.host, after.reached) or not _in(request, record):
                    continue
                stays = self._stays(str(record["uuid"]))
                if stays is None:
                    continue
                yield Page(
                    rows={"instance": [instance(record)], "participant": stays},
                    token=f"{host}:{record['uuid']}",
                    position=_Position(host, reached).text(),
                )

    def _past(self, host: str, first: date, last: date) -> Iterator[Row]:
        """Past webinars of a host, in order of start and UUID; the report takes a month at once."""
        start = first
        while start <= last:
            end = min(start + MONTH - timedelta(days=1), last)
            period = {"type": "past", "from": start.isoformat(), "to": end.isoformat()}
            path = f"report/users/{host}/meetings"
            listed = self._client.all(path, "meetings", period, stream="instance", weight="heavy")
            past = [record for record in listed if record.get("type") in WEBINAR_TYPES]
            yield from sorted(past, key=lambda one: f"{one.get('start_time')} {one['uuid']}")
            start = end + timedelta(days=1)

    def _stays(self, uuid: str) -> list[Row] | None:
        """Every stay in one instance; None when its report is not there yet, or no longer."""
        try:
            listed = self._client.all(
                f"report/webinars/{encoded(uuid)}/participants",
                "participants",
                {"include_fields": "registrant_id"},
                stream="instance",
                weight="heavy",
                # What this report counts is not documented: people or stays.
                counted=False,
            )
        except Refused as refusal:
            if refusal.code in (TOO_OLD, UNKNOWN_WEBINAR):
                return None
            raise
        return segments(listed, uuid)

    def _hosts(self, stream: str) -> list[str]:
        """Ids of the users to ask, in order: the configured ones, or all with a licence."""
        if self._settings.hosts:
            return sorted(self._settings.hosts)
        users = self._client.all("users", "users", {"status": "active"}, stream=stream)
        return sorted(str(user["id"]) for user in users if user.get("type") == LICENSED)

    def _listed(self, hosts: Sequence[str], stream: str | None) -> Iterator[tuple[str, list[Row]]]:
        """(host, its webinars); a licensed user without a webinar plan is passed over."""
        for host in hosts:
            path, params = f"users/{host}/webinars", {"type": "scheduled"}
            try:
                listed = self._client.all(path, "webinars", params, stream=stream)
            except NotAvailable:
                if self._settings.hosts:
                    raise
                continue
            yield host, webinars(listed)

    def _see_registrants(self, listed: Sequence[tuple[str, list[Row]]]) -> str:
        known = [webinar for _, found in listed for webinar in found]
        if known:
            self._registrants(known[0])
        return "with every reading of their webinar, until it expires"

    def _see_reports(self, listed: Sequence[tuple[str, list[Row]]]) -> str:
        today = SYSTEM_CLOCK.now().date().isoformat()
        for host, _ in listed[:1]:
            period = {"type": "past", "from": today, "to": today}
            self._client.first(f"report/users/{host}/meetings", "meetings", period, "heavy")
        days = self._settings.attendance_days
        return f"by time of start, re-read for {days} days; a first read goes back six months"


def _in(request: Request, record: Row) -> bool:
    """Whether an instance began within the slice asked for."""
    text = record.get("start_time")
    if not text:
        return True
    moment = datetime.fromisoformat(str(text))
    return not (
        (request.since is not None and moment < request.since)
        or (request.until is not None and moment >= request.until)
    )

"""Salesforce as a source: changes by keyset queries, large first reads by bulk jobs.

Data flow: SalesforceSource.pages() -> Plan -> SalesforceClient -> rows renamed -> Page -> engine.

Changes are read with queryAll in the order (time of change, Id), each query beyond the last key:
`(SystemModstamp = t AND Id > i) OR SystemModstamp > t`. Nothing shifts it, and it can be resumed
after every answer, also when the server cuts one query's answer into several (`nextRecordsUrl`) or
forgets its locator. The time of change is a whole second and is given before the transaction is
committed: the next read begins ten seconds before the mark, which the engine caps at the org's
clock at the beginning of the read.

A first or full read of many rows is one bulk query job. The job's number is landed before its
result is there, so that a crash while waiting goes on waiting; afterwards each part of the result
is a place to resume at.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)
from connectors.protocol import CheckItem, Offer, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.salesforce.client import Job, Rows, SalesforceClient
from connectors.sources.salesforce.errors import GoneError
from connectors.sources.salesforce.plan import ObjectInfo, Plan, plan_of
from connectors.sources.salesforce.settings import SalesforceSettings
from connectors.sources.salesforce.streams import STREAMS

log = logging.getLogger(__name__)

_WAITING = ("UploadComplete", "InProgress")


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: beyond the key (at, id), or in (or after) the results of a job."""

    at: str = ""
    id: str = ""
    job: str = ""
    locator: str = ""
    done: bool = False


class SalesforceSource(ClientSource[SalesforceClient]):
    """One Salesforce org. Building it does no I/O."""

    def __init__(self, name: str, settings: SalesforceSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._map = settings.streams()
        self._client = SalesforceClient(name, settings, context)
        self._plans: dict[str, Plan] = {}

    def streams(self) -> Sequence[StreamSpec]:
        """The streams of the map, with the configured lookback."""
        back = timedelta(seconds=self._settings.lookback_seconds)
        return [
            replace(spec, cursor=replace(spec.cursor, lookback=back))
            for spec in STREAMS
            if spec.name in self._map
        ]

    def check(self) -> Sequence[CheckItem]:
        """Per stream: object, cursor, and what the org lacks; then the calls left today."""
        items: list[CheckItem] = []
        for spec in self.streams():
            try:
                items.append(self._checked(spec))
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
                if isinstance(error, AuthenticationError):
                    return items
        return [*items, self._calls_left()]

    def offers(self) -> Sequence[Offer]:
        """Objects with records of the org that no stream of the map reads, with their labels."""
        read = {mapped.object for mapped in self._map.values()}
        return [
            Offer(str(found["name"]), str(found.get("label") or found["name"]))
            for found in self._client.objects()
            if found["name"] not in read and _is_business(found)
        ]

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; each can be resumed after."""
        plan = self._plan(request.stream)
        start = _Position.parse(request.position)
        if start.done:
            return
        if start.job:
            yield from self._results(plan, request.stream, start)
            return
        total = None
        if request.position is None and request.since is None and request.until is None:
            total = self._count(plan, request.stream)
            if total is None or total >= self._settings.bulk_from_rows:
                job = self._start_job(plan, request.stream)
                if job is not None:
                    place = _Position(job=job.id)
                    yield Page(rows={}, position=place.text(), server_time=job.server_time)
                    yield from self._results(plan, request.stream, place)
                    return
        yield from self._queried(plan, request, start, total)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """The Ids of all records that are not deleted, in chunks."""
        plan = replace(self._plan(stream), cursor=None)
        after: tuple[str, str] | None = None
        size = self._settings.page_size
        while True:
            soql = plan.soql(after=after, limit=size, fields=["Id"])
            read = 0
            for rows in self._answers(soql, stream, deleted=False):
                read += len(rows.values)
                if rows.values:
                    yield [(raw["Id"],) for raw in rows.values]
                    after = plan.place(rows.values[-1])
                if rows.next is None and read < size:
                    return

    def _queried(
        self, plan: Plan, request: Request, start: _Position, total: int | None
    ) -> Iterator[Page]:
        """Keyset queries from `start` on; one that brings fewer than asked for is the last."""
        after = (start.at, start.id) if start.id else None
        size = self._settings.page_size
        while True:
            soql = plan.soql(since=request.since, until=request.until, after=after, limit=size)
            token = f"{plan.object}>{'/'.join(after) if after else ''}"
            read = 0
            for rows in self._answers(soql, request.stream, deleted=True):
                read += len(rows.values)
                if rows.values:
                    after = plan.place(rows.values[-1])
                yield Page(
                    rows={request.stream: [plan.row(raw) for raw in rows.values]},
                    token=token,
                    position=_Position(*after).text() if after else None,
                    expected_total=total,
                    server_time=rows.server_time,
                )
                if rows.next is None and read < size:
                    return
                token = rows.next or token

    def _answers(self, soql: str, stream: str, *, deleted: bool) -> Iterator[Rows]:
        """The answers of one query; fewer, when its locator is forgotten: the key leads on."""
        rows = self._client.query(soql, deleted=deleted, stream=stream)
        yield rows
        while rows.next is not None:
            try:
                rows = self._client.more(rows.next, stream)
            except GoneError:
                log.info("%s.%s: the query's locator is gone; asking anew.", self.name, stream)
                return
            yield rows

    def _count(self, plan: Plan, stream: str) -> int | None:
        """How many records there are; None when they are too many to be counted in time."""
        soql = plan.soql(fields=["COUNT()"], ordered=False)
        try:
            return self._client.query(soql, deleted=False, stream=stream).total
        except RetryableError:
            return None

    def _start_job(self, plan: Plan, stream: str) -> Job | None:
        """A bulk job; None where the org or the object has no Bulk API."""
        try:
            # Without an order: an ordered job is not split up by the server, and may time out.
            return self._client.start_job(plan.soql(ordered=False), stream)
        except (SourceError, NotPermitted):
            log.warning("%s.%s: no bulk job; reading page by page.", self.name, stream)
            return None

    def _results(self, plan: Plan, stream: str, start: _Position) -> Iterator[Page]:
        """The parts of a job's results, from `start` on."""
        job = self._finished(start.job, stream)
        place = start
        while True:
            rows, locator = self._client.results(
                job.id, place.locator, self._settings.bulk_page_size, plan.select, stream
            )
            token = f"{job.id}>{place.locator}"
            place = _Position(job=job.id, locator=locator, done=not locator)
            yield Page(
                rows={stream: [plan.row(raw) for raw in rows]},
                token=token,
                position=place.text(),
                expected_total=job.records,
                server_time=job.server_time,
            )
            if not locator:
                return

    def _finished(self, id: str, stream: str) -> Job:
        """The job once its result is there. RetryableError when that takes too long."""
        wait, waited = min(0.5, self._settings.poll_seconds), 0.0
        while True:
            job = self._client.job(id, stream)
            if job.state == "JobComplete":
                return job
            if job.state not in _WAITING:
                raise SourceError(
                    f"the bulk job ended as {job.state}.",
                    stream=stream,
                    todo="Bulk Data Load Jobs in Setup says why; run again for a new one.",
                )
            if waited > self._settings.job_minutes * 60:
                raise RetryableError(
                    f"the bulk job is not ready after {self._settings.job_minutes:g} minutes.",
                    source=self.name,
                    stream=stream,
                    todo="Run again: the same job is waited for.",
                )
            SYSTEM_CLOCK.sleep(wait)
            waited += wait
            wait = min(wait * 2, self._settings.poll_seconds)

    def _plan(self, stream: str) -> Plan:
        if stream not in self._plans:
            spec = next(spec for spec in STREAMS if spec.name == stream)

            def describe(name: str) -> ObjectInfo:
                return self._client.describe(name, stream)

            self._plans[stream] = plan_of(spec, self._map[stream], describe)
        return self._plans[stream]

    def _checked(self, spec: StreamSpec) -> CheckItem:
        mapped, plan = self._map[spec.name], self._plan(spec.name)
        self._client.query(plan.soql(limit=1), deleted=True, stream=spec.name)
        detail = f"reads {plan.object}; {_cursor_in_words(plan)}"
        if mapped.feeds:
            detail += f"; feeds {', '.join(mapped.feeds)}"
        if plan.missing:
            detail += (
                "; not in this org, or not visible to the connected user, so empty:"
                f" {', '.join(plan.missing)} (name other fields with `mapping`)"
            )
        return CheckItem(spec.name, True, detail)

    def _calls_left(self) -> CheckItem:
        """The org's allowance; the page of limits needs a right of its own, the header does not."""
        try:
            limits: Mapping[str, Any] = self._client.limits()
        except NotPermitted:
            limits = {}
        except JourneyConnectorError as error:
            return failed("calls", error)
        calls, jobs = limits.get("DailyApiRequests"), limits.get("DailyBulkV2QueryJobs")
        parts = []
        if calls:
            parts.append(f"{calls['Remaining']} of {calls['Max']} API calls")
        elif self._client.used:
            used, total = self._client.used
            parts.append(f"{total - used} of {total} API calls")
        if jobs:
            parts.append(f"{jobs['Remaining']} of {jobs['Max']} bulk query jobs")
        left = " and ".join(parts)
        return CheckItem("calls", True, f"left today: {left}" if left else "the org tells no limit")


def _cursor_in_words(plan: Plan) -> str:
    if plan.cursor is None:
        return "no time of change: read in full each time"
    if plan.cursor == "CreatedDate":
        return "incremental by CreatedDate: new records only, changes at a full read"
    return f"incremental by {plan.cursor}"


def _is_business(found: Mapping[str, Any]) -> bool:
    """An object with records of people's doings, not one of the platform's own tables."""
    name = str(found["name"])
    if not found.get("queryable") or found.get("deprecatedAndHidden") or found.get("customSetting"):
        return False
    if name.endswith(("__c", "__x")):
        return True
    return bool(found.get("layoutable") and found.get("createable"))

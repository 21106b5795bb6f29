"""Eventbrite as a source: events, orders, attendees of one organization.

Data flow: EventbriteSource.pages() -> EventbriteClient -> Page -> engine.

Every list is walked along its continuation token, which is also the place to resume from. A token
that the service no longer knows means the list is read again from its start: at once when it
expires between two pages, by the engine when an interrupted batch can not go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.eventbrite.client import ContinuationExpired, EventbriteClient, Listing
from connectors.sources.eventbrite.records import TRIMMED
from connectors.sources.eventbrite.settings import EventbriteSettings
from connectors.sources.eventbrite.streams import STREAMS

_SAID = {
    "event": "no filter by time: read in full, unchanged rows are recognised",
    "order": "incremental by changed_since",
    "attendee": "incremental by changed_since",
}


@dataclass(frozen=True)
class _Position(Place):
    """Where a read stands: the next page's token, or `done`."""

    continuation: str | None = None
    done: bool = False


class EventbriteSource(ClientSource[EventbriteClient]):
    """One organization of an Eventbrite account. Building it does no I/O."""

    def __init__(self, name: str, settings: EventbriteSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = EventbriteClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """The token, the organization it must see, and every list with its cursor."""
        try:
            seen = sorted(self._organizations())
        except JourneyConnectorError as error:
            return [failed("organization", error)]
        wanted = self._settings.organization_id
        if wanted not in seen:
            detail = (
                f"the token does not belong to organization {wanted}; it sees"
                f" {', '.join(seen) or 'none'}. Correct `organization_id`, or ask to be added."
            )
            return [CheckItem("organization", False, detail)]
        items = [CheckItem("organization", True, f"the token sees organization {wanted}")]
        for spec in STREAMS:
            try:
                listing = self._client.list(f"{spec.name}s", self._params(spec.name, None))
                count = "" if listing.count is None else f"{listing.count} {spec.name}s; "
                items.append(CheckItem(spec.name, True, count + _SAID[spec.name]))
            except JourneyConnectorError as error:
                items.append(failed(spec.name, error))
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """The pages of one slice, each of which can be resumed after while its token lives."""
        position = _Position.parse(request.position)
        if position.done:
            return
        trim = TRIMMED[request.stream]
        params = self._params(request.stream, request.since)
        for token, listing in self._walk(request.stream, params, position.continuation):
            rows = [trim(row) for row in listing.rows]
            if request.stream != "event":
                rows = [row for row in rows if _before(row.get("changed"), request.until)]
            following = listing.continuation
            yield Page(
                rows={request.stream: rows},
                token=token,
                position=_Position(following, done=following is None).text(),
                # Later counts include what came while paging, maybe before the place reached.
                expected_total=None if token or request.until else listing.count,
                server_time=listing.server_time,
            )

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All event ids, in chunks."""
        for _, listing in self._walk(stream, self._params(stream, None), None):
            yield [(row["id"],) for row in listing.rows]

    def _walk(
        self, stream: str, params: Mapping[str, Any], start: str | None
    ) -> Iterator[tuple[str, Listing]]:
        """(token, page) until the service says there is no more; begun anew once if a token dies.

        An expired token to resume from is not forgiven here: the engine throws that batch away.
        """
        token, walked, again = start, 0, ""
        while True:
            try:
                listing = self._client.list(f"{stream}s", params, continuation=token, stream=stream)
            except ContinuationExpired:
                if not walked or again:
                    raise
                token, again = None, "again:"
                continue
            walked += 1
            yield f"{again}{token or ''}", listing
            token = listing.continuation
            if token is None:
                return

    def _params(self, stream: str, since: datetime | None) -> dict[str, Any]:
        if stream == "event":
            # In order of creation, so that a new event can only come at the end.
            return {
                "status": "all",
                "time_filter": "all",
                "order_by": "created_asc",
                "page_size": self._settings.page_size,
            }
        if since is None:
            return {}
        return {"changed_since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}

    def _organizations(self) -> Iterator[str]:
        token: str | None = None
        while True:
            listing = self._client.organizations(token)
            yield from (str(row["id"]) for row in listing.rows)
            token = listing.continuation
            if token is None:
                return


def _before(changed: Any, until: datetime | None) -> bool:
    return until is None or not changed or datetime.fromisoformat(str(changed)) < until

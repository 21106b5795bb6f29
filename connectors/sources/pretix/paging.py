"""Ways through pretix's lists: by the time of change, or page by page where nothing shifts.

Data flow: path + parameters -> PretixClient -> Listing after Listing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.sources.pretix.client import Listing, PretixClient, Row


def keyset(
    client: PretixClient,
    path: str,
    params: Mapping[str, Any],
    since_param: str,
    field: str,
    start: str | None,
    stream: str,
) -> Iterator[tuple[str, str | None, Listing, list[Row]]]:
    """(token, value reached, page, rows not seen on the page before), in order of `field`.

    The value reached is None while page numbers are used: such a page can not be resumed after.
    """
    since, seen = start, frozenset[str]()
    token = f"{field}>={since or ''}"
    listing = client.list(path, _given(params, since_param, since), stream)
    while True:
        fresh = [row for row in listing.results if _key(row, field) not in seen]
        last = str(listing.results[-1][field]) if listing.results else since
        yield token, last if last != since else None, listing, fresh
        link = listing.next
        if link is None:
            return
        seen = frozenset(_key(row, field) for row in listing.results)
        if last is not None and last != since:
            since, token = last, f"{field}>={last}"
            listing = client.list(path, _given(params, since_param, since), stream)
        else:
            # A whole page with one and the same value: only page numbers lead through it.
            token = link
            listing = client.follow(link, stream)


def walk(
    client: PretixClient, path: str, params: Mapping[str, Any], stream: str
) -> Iterator[Listing]:
    """All pages of a list by their `next` links."""
    listing = client.list(path, params, stream)
    yield listing
    while listing.next is not None:
        listing = client.follow(listing.next, stream)
        yield listing


def iso(moment: datetime | None) -> str | None:
    """A moment as pretix writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def before(text: Any, until: datetime | None) -> bool:
    """Whether a time lies before `until`; without either it does."""
    told = moment(text)
    return until is None or told is None or told < until


def not_over(event: Row, oldest: datetime) -> bool:
    """Whether the event ended at `oldest` or later; a series, or one without dates, never ends."""
    ended = moment(event.get("date_to") or event.get("date_from"))
    return bool(event.get("has_subevents")) or ended is None or ended >= oldest


def moment(text: Any) -> datetime | None:
    """The time a text names, if it names one."""
    return datetime.fromisoformat(str(text)) if text else None


def _given(params: Mapping[str, Any], name: str, since: str | None) -> Mapping[str, Any]:
    return {**params, name: since} if since else params


def _key(row: Row, field: str) -> str:
    return f"{row.get('code', row.get('id'))}@{row[field]}"

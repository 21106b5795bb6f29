"""What `journey check` says about a pretix organizer, stream by stream.

Data flow: one record of each list -> CheckItem: may it be read, and how will it be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.errors import JourneyConnectorError
from connectors.protocol import CheckItem, StreamSpec
from connectors.sources.base import failed
from connectors.sources.pretix.client import Listing, PretixClient
from connectors.sources.pretix.settings import PretixSettings

# Stream -> its list below the organizer; those of one event are tried with the first event.
PATHS: Mapping[str, str] = {
    "event": "events/",
    "subevent": "subevents/",
    "order": "orders/",
    "membership_type": "membershiptypes/",
    "membership": "memberships/",
    "item": "events/{event}/items/",
    "voucher": "events/{event}/vouchers/",
    "checkin": "events/{event}/checkins/",
}


def checked(
    client: PretixClient, settings: PretixSettings, specs: Sequence[StreamSpec]
) -> list[CheckItem]:
    """One line per stream; only the first when the events can not be read at all."""
    try:
        events = client.list(PATHS["event"], {"page_size": 1})
    except JourneyConnectorError as error:
        return [failed("event", error)]
    first = str(events.results[0]["slug"]) if events.results else None
    items = []
    for name in [spec.name for spec in specs if spec.parent is None]:
        path = PATHS[name]
        try:
            if first is None and "{event}" in path:
                listing = None
            else:
                listing = client.list(path.format(event=first), {"page_size": 1}, name)
            items.append(CheckItem(name, True, _in_words(name, listing, settings)))
        except JourneyConnectorError as error:
            items.append(failed(name, error))
    return items


def _in_words(name: str, listing: Listing | None, settings: PretixSettings) -> str:
    days = settings.checkin_event_days
    if listing is None or "{event}" in PATHS[name]:
        how = "incremental by created_since, per event" if name == "checkin" else "read per event"
        return f"{how}; not of events that ended more than {days} days ago"
    counted = f"{listing.count} {name.replace('_', ' ')}s"
    if name not in ("order", "subevent"):
        return f"{counted}; read in full"
    if listing.generated:
        counted += "; incremental by modified_since, mark from X-Page-Generated"
    else:
        counted += "; no X-Page-Generated: marks come from the server's Date header"
    again = f"; re-read for refunds: {settings.refund_window_days} days"
    return counted + (again if name == "order" else "")

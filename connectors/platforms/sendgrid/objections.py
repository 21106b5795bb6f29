"""Who must not be written to at SendGrid: lists of addresses beside the contacts.

Data flow: suppression lists, unsubscribe groups -> Objections -> status of an address.

Pages are counted by offset, in an order that is not documented (tsg_suppressions_v3.yaml): each
page begins with the last entry of the one before, so that one that moved up does not get lost.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import ShortReadError, SourceError
from connectors.platforms.protocol import PlatformStatus
from connectors.platforms.sendgrid.api import SendgridApi
from connectors.platforms.sendgrid.capabilities import CAPABILITIES

_LISTS = ("unsubscribes", "spam_reports", "bounces", "invalid_emails")
_ATTEMPTS, _OVERLAP = 3, timedelta(minutes=10)
Entries = dict[str, tuple[PlatformStatus, datetime]]  # lower-case address -> status, since when


class Objections:
    """Objections as last read; `groups`: ids of the unsubscribe groups that count."""

    def __init__(
        self, api: SendgridApi, groups: Literal["any"] | Collection[int], *, page: int
    ) -> None:
        self._api, self._groups, self._page = api, groups, page
        self._lock = threading.Lock()
        self._known: Entries | None = None

    def read(self, since: datetime | None = None) -> Entries:
        """All objections, or those raised since (UTC), straight from SendGrid.

        Unsubscribe groups tell no changes: theirs are always all.
        """
        found: Entries = {}
        params = {} if since is None else {"start_time": int(since.timestamp())}
        for name in _LISTS:
            for entry in self._pages(f"suppression/{name}", params):
                _note(found, *_told(entry, name, "created"))
        groups = _items(self._api.ask("asm/suppressions"))
        for entry in groups:
            if self._groups == "any" or entry.get("group_id") in self._groups:
                _note(found, *_told(entry, "group", "created_at"))
        if since is None:
            with self._lock:
                self._known = dict(found)
        return found

    def raised(self, since: datetime) -> list[str]:
        """Addresses whose objection, as last read, is not older (UTC, whole seconds)."""
        mark = since.astimezone(UTC).replace(microsecond=0)
        with self._lock:
            return [address for address, (_, at) in (self._known or {}).items() if at >= mark]

    def refresh(self) -> None:
        """Make sure that what was raised until now is known."""
        with self._lock:
            times = [at for _, at in (self._known or {}).values()]
        if not times:
            self.read()
            return
        # SendGrid's own clock, but never beyond ours: neither may hide an objection.
        new = self.read(min(max(times), SYSTEM_CLOCK.now()) - _OVERLAP)
        with self._lock:
            known = self._known = dict(self._known or {})
            for address, (status, at) in new.items():
                _note(known, address, status, at)

    def of(self, addresses: Iterable[str]) -> tuple[PlatformStatus, datetime | None]:
        """The strictest status of somebody's addresses, and since when, as last read."""
        with self._lock:
            known = self._known or {}
            found = [known[one.lower()] for one in addresses if one.lower() in known]
        if not found:
            return CAPABILITIES.statuses["none"], None
        return min(found, key=lambda entry: entry[0] != "unsubscribed")

    def _pages(self, path: str, params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        for _ in range(_ATTEMPTS):
            found: list[Mapping[str, Any]] = []
            seen: set[tuple[Any, Any]] = set()
            while True:
                offset = max(0, len(found) - 1)
                asked = {**params, "limit": self._page, "offset": offset}
                page = _items(self._api.ask(path, params=asked))
                keys = [(entry.get("email"), entry.get("created")) for entry in page]
                if found and (found[-1].get("email"), found[-1].get("created")) not in keys:
                    break  # somebody was taken off meanwhile, and the others moved up
                more = [e for key, e in zip(keys, page, strict=True) if key not in seen]
                seen.update(keys)
                found += more
                # A full reading does not rely on short pages: the limit may be cut unseen.
                if not more or ("start_time" in params and len(page) < self._page):
                    return found
        raise ShortReadError(
            "the objections kept changing while they were read.",
            todo="Nothing was pushed; start the push again.",
        )


def _told(entry: Mapping[str, Any], word: str, time: str) -> tuple[str, PlatformStatus, datetime]:
    address = str(entry.get("email") or "").lower()
    at = datetime.fromtimestamp(float(entry.get(time) or 0), UTC)
    return address, CAPABILITIES.statuses[word], at


def _note(found: Entries, address: str, status: PlatformStatus, at: datetime) -> None:
    """Keep the strictest status and the newest time of an address."""
    known = found.get(address)
    if known is not None:
        status = known[0] if known[0] == "unsubscribed" else status
        at = max(at, known[1])
    found[address] = (status, at)


def _items(answer: Any) -> list[Mapping[str, Any]]:
    if not isinstance(answer, list):
        raise SourceError(
            "the answer is no list of objections.",
            todo="Without it nobody's objection can be seen: nothing is pushed.",
        )
    return answer

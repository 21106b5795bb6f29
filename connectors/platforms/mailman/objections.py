"""Who may not be written to, as Mailman has it: delivery that is off, and bans.

Data flow: members/find, bans, lists/{id}/bans -> Objections -> the status of an address.

A ban is an address or a regular expression that begins with ^ (mailman/model/bans.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import SourceError
from connectors.platforms.mailman.api import MailmanApi
from connectors.platforms.mailman.capabilities import CAPABILITIES
from connectors.platforms.protocol import PlatformStatus

# The strictest last: it is the one that stays. `unknown` is Mailman's own word.
_OFF = ("unknown", "by_moderator", "by_user", "by_bounces")


@dataclass(frozen=True)
class Objections:
    """Lower-case addresses with their status, patterns of banned ones, and per list id the
    members whose delivery is off there.
    """

    by_address: Mapping[str, PlatformStatus] = field(repr=False)
    banned: frozenset[str] = field(repr=False)
    patterns: Sequence[re.Pattern[str]] = field(repr=False)
    off: Mapping[str, frozenset[str]] = field(repr=False)

    def status(self, address: str) -> PlatformStatus:
        """`address` in lower case; "subscribed" when nothing speaks against writing to it."""
        if address in self.by_address:
            return self.by_address[address]
        if address in self.banned or any(p.match(address) for p in self.patterns):
            return CAPABILITIES.statuses["banned"]
        return CAPABILITIES.statuses["enabled"]


def read_objections(
    api: MailmanApi, owned: Sequence[str], *, heed_all: bool, subscriber: str | None = None
) -> Objections:
    """All objections, or those of one address. `owned`: list ids whose bans count.

    Bounces count wherever they happened; delivery that was turned off counts on every list with
    `heed_all`, else on the owned ones.
    """
    named = {} if subscriber is None else {"subscriber": subscriber}
    found: dict[str, PlatformStatus] = {}
    off: dict[str, set[str]] = {}
    for word in _OFF:
        for item in api.read_all("members/find", role="member", delivery_status=word, **named):
            address, list_id = str(item.get("email", "")).lower(), str(item.get("list_id"))
            off.setdefault(list_id, set()).add(address)
            if heed_all or word == "by_bounces" or list_id in owned:
                found[address] = CAPABILITIES.statuses.get(word, "unknown")
    bans = api.read_all("bans")
    for list_id in owned:
        bans += api.read_all(f"lists/{list_id}/bans")
    said = {str(item.get("email", "")) for item in bans}
    return Objections(
        by_address=found,
        banned=frozenset(text.lower() for text in said if not text.startswith("^")),
        patterns=[_pattern(text) for text in sorted(said) if text.startswith("^")],
        off={list_id: frozenset(addresses) for list_id, addresses in off.items()},
    )


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        raise SourceError(
            "a ban of this Mailman is no valid regular expression.",
            todo="Correct the bans that begin with ^; nothing was pushed.",
        ) from None


def known(item: Mapping[str, Any]) -> str:
    """The lower-case address of an entry of /addresses."""
    return str(item.get("email") or "").lower()

"""What the platform suite works with: an account that can be looked into and interfered with.

Data flow: suite -> PlatformAdapter -> fake -> Account.statuses(), .members() as stored.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from connectors.platforms.protocol import (
    ConsentProof,
    NewContact,
    PlatformAdapter,
    RowOutcome,
    SegmentRef,
)
from connectors.testing.server import FakeServer

PROOF = ConsentProof("membership", datetime(2026, 6, 30, 21, tzinfo=UTC), "crm")
SUBSCRIBED = "subscribed"


class Account(Protocol):
    """A fake account behind a platform adapter, seen from its own database.

    `objections`: words of this fake for people who may not be written to; `late_objections`: those
    a person can reach between two requests of one create. `bulk_write`, `create_write`,
    `update_write`, `contact_page`: (method, regular expression on path and query) of requests, the
    method None where adding and removing have different ones.
    `commands`: what the platform's templates would execute. `error_in_200`: its error document,
    which quotes an address. `short_page`: a page without contacts that promises five. `lacks`:
    what does not apply: "refuses" (no bulk call can be refused for one address), "leaves_segment"
    (a person objects to everything or to nothing), "row_by_row" (one bad row fails a bulk call),
    "slash" (the platform can not name an address with a / in it).
    `reads`: regular expression on the paths of requests that only read although they are no GET.
    """

    kind: str
    objections: Sequence[str]
    late_objections: Sequence[str]
    bulk_write: tuple[str | None, str]  # None: any method
    create_write: tuple[str, str]
    update_write: tuple[str, str]
    contact_page: tuple[str, str]
    commands: Sequence[str]
    error_in_200: Mapping[str, Any]
    short_page: Mapping[str, Any]
    lacks: Collection[str]
    reads: str
    server: FakeServer

    def adapter(self, **settings: Any) -> PlatformAdapter:
        """A new adapter; `max_attempts` and `page_size` may be given. The account closes it."""

    def put(self, email: str, status: str = SUBSCRIBED) -> None:
        """A contact as somebody else made it, or changed its status; one of `objections`."""

    def leave(self, email: str) -> None:
        """The contact goes away altogether, so that later ones move up in the pages."""

    def leave_segment(self, email: str, platform_id: str) -> None:
        """The person leaves one segment by themselves, and objects to it."""

    def statuses(self) -> dict[str, str]:
        """Lower-case address -> what the platform stores about being written to."""

    def make_segment(self, name: str, emails: Sequence[str]) -> str:
        """Somebody else's segment with members; its id on the platform."""

    def members(self, platform_id: str) -> set[str]:
        """Lower-case addresses stored as members of a segment."""

    def segment_names(self) -> dict[str, str]:
        """Id on the platform -> name, of all segments."""

    def refuse(self, email: str) -> None:
        """From now on a bulk call that names this address is refused as a whole."""

    def later(self) -> None:
        """The platform's clock moves on."""


def create(adapter: PlatformAdapter, email: str, **values: str) -> RowOutcome:
    fields = adapter.render_fields({"first_name": "Ada", **values})
    return adapter.create_contact(NewContact(email, PROOF, fields))


def subscribe(account: Account, number: int) -> list[str]:
    """So many subscribed contacts of somebody else."""
    emails = [f"person{n}@example.org" for n in range(number)]
    for email in emails:
        account.put(email)
    return emails


def plain(outcomes: Iterable[RowOutcome]) -> dict[str, str]:
    return {outcome.email: outcome.outcome for outcome in outcomes}


def inside(adapter: PlatformAdapter, ref: SegmentRef) -> set[str]:
    """Members as the adapter reads them."""
    return {contact.email.lower() for contact in adapter.read_segment(ref)}


def writes(account: Account) -> list[tuple[str, str]]:
    """Requests so far that could have changed something."""
    return [
        (r.method, r.path)
        for r in account.server.requests
        if r.method != "GET" and not (account.reads and re.search(account.reads, r.path))
    ]


def chained(error: BaseException) -> str:
    """Everything a log with the whole traceback would show of an error."""
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None:
        seen += [str(current), repr(current), repr(current.args), repr(vars(current))]
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)
    return "\n".join(seen)

"""Which members a list request asks for, and in which order.

Data flow: query parameters -> MemberFilter -> SqlList -> the matching members.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connectors.testing.fakes.mailchimp_common import bad_field, invalid, moment_of
from connectors.testing.fakes.mailchimp_rules import WRITABLE
from connectors.testing.fakes.sql_list import Clause, SqlList, field, moment
from connectors.testing.messages import Request
from connectors.testing.store import Record, microseconds

_SORTS = ("timestamp_opt", "timestamp_signup", "last_changed")


def _moment(name: str) -> str:
    return f"coalesce({moment(name)}, 0)"


STATUS, _CHANGED = field("status"), _moment("last_changed")
_LATER = f"{_CHANGED} > ?"
MEMBER_INDEXES = ((STATUS, _CHANGED, "sort"), (_CHANGED, "sort"))


@dataclass(frozen=True)
class MemberFilter:
    """The parameters of GET members."""

    status: str | None
    after: datetime | None
    before: datetime | None
    unsubscribed_after: datetime | None
    sort: str | None
    descending: bool

    @classmethod
    def of(cls, request: Request) -> MemberFilter:
        status, sort = request.param("status"), request.param("sort_field")
        if status is not None and status not in (*WRITABLE, "archived"):
            raise bad_field("status", "Value is not one of the allowed choices")
        if sort is not None and sort not in _SORTS:
            raise bad_field("sort_field", "Value is not one of the allowed choices")
        unsubscribed_after = moment_of(request, "unsubscribed_since")
        if unsubscribed_after is not None and status not in (None, "unsubscribed"):
            raise invalid("unsubscribed_since can only be used with the status unsubscribed.")
        return cls(
            status,
            moment_of(request, "since_last_changed"),
            moment_of(request, "before_last_changed"),
            unsubscribed_after,
            sort,
            (request.param("sort_dir") or "ASC").upper() == "DESC",
        )

    @property
    def order(self) -> str:
        direction = " desc" if self.descending else ""
        first = f"{_moment(self.sort)}{direction}, " if self.sort is not None else ""
        return f"{first}sort{direction}"

    def clauses(self) -> list[Clause]:
        """All conditions but the lower bound, which moves from page to page of a reader."""
        found = [Clause(f"{STATUS} = ?", (self.status,))] if self.status is not None else []
        if self.unsubscribed_after is not None:
            left = Clause(f"{_CHANGED} > ?", (_micros(self.unsubscribed_after),))
            found += [Clause(f"{STATUS} = 'unsubscribed'"), left]
        if self.before is not None:
            found.append(Clause(f"{_CHANGED} < ?", (_micros(self.before),)))
        return found

    def page(self, members: SqlList, count: int, offset: int) -> list[Record]:
        limit = [] if self.after is None else [Clause(_LATER, (_micros(self.after),))]
        return members.page([*self.clauses(), *limit], self.order, count, offset)

    def total(self, members: SqlList) -> int:
        since = None if self.after is None else _micros(self.after)
        return members.count_from(self.clauses(), self.order, _LATER, since)


def _micros(at: datetime) -> int | None:
    return microseconds(at.isoformat())

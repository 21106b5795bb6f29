"""Which members a list request asks for, and in which order.

Data flow: query parameters -> MemberFilter -> ids of the matching members.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.testing.fakes.index import Row
from connectors.testing.fakes.mailchimp_common import bad_field, invalid, moment_of, parse
from connectors.testing.fakes.mailchimp_rules import WRITABLE
from connectors.testing.messages import Request

_SORTS = ("timestamp_opt", "timestamp_signup", "last_changed")
INDEXED = ("status", *_SORTS)  # the columns of a Row after id, sort and parent
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class MemberFilter:
    """The parameters of GET members; hashable, so that its result can be kept."""

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

    def choose(self, rows: list[Row]) -> list[str]:
        chosen = [row for row in rows if self._wants(row)]
        if self.sort is not None:
            column = 3 + INDEXED.index(self.sort)
            chosen.sort(key=lambda row: parse(row[column]) or _NEVER)
        ids = [str(row[0]) for row in chosen]
        return ids[::-1] if self.descending else ids

    def _wants(self, row: Row) -> bool:
        status, changed = row[3], parse(row[6]) or _NEVER
        if self.status is not None and status != self.status:
            return False
        if self.unsubscribed_after is not None and (
            status != "unsubscribed" or changed <= self.unsubscribed_after
        ):
            return False
        if self.after is not None and changed <= self.after:
            return False
        return self.before is None or changed < self.before

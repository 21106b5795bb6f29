"""Writes membership stories as CiviCRM memberships: an overwritten row and an append-only log.

Data flow: Life, now -> Record("civicrm", Membership | MembershipLog | MembershipType).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from connectors.testing.store import Record
from sandbox.life import Life
from sandbox.membership import DAY, GRACE_DAYS, PLAN_CODES, Story, Term, price
from sandbox.scale import Scale, at_local, local_day

Writer = Callable[[str, dict[str, Any], datetime, datetime], Record]


@dataclass(frozen=True)
class LogRow:
    """One line of the membership log."""

    day: date
    membership: int
    status: str
    plan: int
    start: date | None
    end: date | None


def log_rows(story: Story) -> list[LogRow]:
    """All log lines of a story up to the limit, oldest first."""
    plan = story.terms[0].plan if story.terms else 1
    rows: list[LogRow] = []
    if story.applied:
        rows.append(LogRow(story.applied, 0, "Pending", plan, None, None))
    if story.withdrawn:
        rows.append(LogRow(story.withdrawn, 0, "Cancelled", plan, None, None))
    if story.test_membership:
        day = story.test_membership
        rows.append(LogRow(day, 0, "New", plan, day, day + timedelta(days=364)))
    start: date | None = None
    previous: Term | None = None
    for number, term in enumerate(story.terms):
        following = story.terms[number + 1] if number + 1 < len(story.terms) else None
        is_first = previous is None or previous.membership != term.membership
        contiguous = (
            previous is not None
            and not is_first
            and previous.resigned is None
            and previous.end is not None
            and term.start == previous.end + DAY
        )
        start = start if contiguous else term.start
        rows += _term_rows(term, following, start, "New" if is_first else "Current")
        previous = term
    if story.death_known and story.terms:
        rows = sorted((r for r in rows if r.day < story.death_known), key=lambda row: row.day)
        last = story.terms[-1]
        if last.effective_end is None or last.effective_end + timedelta(days=GRACE_DAYS) >= (
            story.death_known
        ):
            plain_end = rows[-1].end
            rows.append(
                LogRow(story.death_known, last.membership, "Deceased", last.plan, start, plain_end)
            )
    return sorted(rows, key=lambda row: row.day)


def _term_rows(
    term: Term, following: Term | None, start: date | None, status: str
) -> Iterator[LogRow]:
    """What one term writes: its commitment, the night job's status changes, pause, resignation."""
    shift = term.resumed - term.paused if term.resumed and term.paused else timedelta(0)
    end = term.end - shift if term.end else None

    def row(day: date, status: str, end: date | None) -> LogRow:
        return LogRow(day, term.membership, status, term.plan, start, end)

    yield row(term.committed, status, end)
    until = term.effective_end or date.max
    next_commit = following.committed if following else date.max
    settled = term.committed + timedelta(days=90)
    if status == "New" and settled < min(until, next_commit):
        yield row(settled, "Current", end)
    if term.paused and term.resumed:
        yield row(term.paused, "Paused", end)
        yield row(term.resumed, "Current", term.end)
    if term.resigned:
        yield row(term.resigned, "Cancelled", term.end)
    elif term.end:
        if next_commit > term.end:
            yield row(term.end + DAY, "Grace", term.end)
        if next_commit > term.end + timedelta(days=GRACE_DAYS):
            yield row(term.end + timedelta(days=GRACE_DAYS + 1), "Expired", term.end)


def membership_records(life: Life, now: datetime, record: Writer) -> Iterator[Record]:
    """The log up to `now`, and each membership as its last line left it."""
    today = local_day(now)
    slots: dict[date, int] = {}
    latest: dict[int, LogRow] = {}
    joined: dict[int, date] = {}
    opened: dict[int, date] = {}
    for row in log_rows(life.story):
        slots[row.day] = slots.get(row.day, -1) + 1
        if row.day > today:
            continue
        latest[row.membership] = row
        opened.setdefault(row.membership, row.day)
        if row.start:
            joined.setdefault(row.membership, row.start)
        moment = at_local(row.day, 12)
        body = {
            "id": life.scale.ordinal(row.day, life.person.index, slots[row.day]),
            "membership_id": life.person.membership_id(row.membership),
            "status_id:name": row.status,
            "membership_type_id": row.plan,
            "start_date": _text(row.start),
            "end_date": _text(row.end),
            "modified_id": 2,
            "modified_date": row.day.isoformat(),
        }
        yield record("MembershipLog", body, moment, moment)
    for number, row in latest.items():
        created = at_local(opened[number], 12)
        holder = (
            life.person.contact_id
            if number == 0
            else life.holder(created + timedelta(seconds=1), now)
        )
        body = {
            "id": life.person.membership_id(number),
            "contact_id": holder,
            "membership_type_id": row.plan,
            "join_date": _text(joined.get(number)),
            "start_date": _text(row.start),
            "end_date": _text(row.end),
            "status_id:name": row.status,
            "is_override": False,
            "is_test": life.story.test_membership is not None,
            "contribution_recur_id": life.person.index + 1 if life.story.auto_renew else None,
            "source": "web form" if life.person.index % 2 else "paper form",
            "owner_membership_id": None,
        }
        yield record("Membership", body, created, at_local(row.day, 12))


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def plan_records(scale: Scale, now: datetime, record: Writer) -> Iterator[Record]:
    """The six plans with today's prices."""
    for plan, code in PLAN_CODES.items():
        body = {
            "id": plan,
            "name": code,
            "title": code.title(),
            "minimum_fee": f"{price(scale, plan, local_day(now)) / 100:.2f}",
            "duration_unit": {4: "month", 5: "lifetime", 6: "lifetime"}.get(plan, "year"),
            "duration_interval": 1,
            "period_type": "fixed" if plan == 3 else "rolling",
            "fixed_period_start_day": 101 if plan == 3 else None,
            "is_active": True,
        }
        moment = at_local(scale.start, 8)
        yield record("MembershipType", body, moment, moment)

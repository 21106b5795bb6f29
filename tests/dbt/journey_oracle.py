"""Service journeys a second time: an interpreter that walks through a life moment by moment.

Data flow: journeys as configured + random Story -> `interpret` -> instances with their stays and
tasks -> compared with the SQL by the test.
Nothing here shares code or method with the models: no windows and no minima, only a pointer that
moves forward while time passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class Touch:
    """An interaction at a UTC moment; event and case are `system:id`."""

    at: datetime
    activity: str
    purpose: str | None = None
    department: str = "events"
    channel: str = "web"
    event: str | None = None
    event_kind: str | None = None
    case: str | None = None


@dataclass(frozen=True)
class Milestone:
    """A day or moment of a membership or an event, with what it is about."""

    at: datetime
    name: str
    about: dict[str, str]
    event_kind: str | None = None


@dataclass
class Story:
    """What is known of one person."""

    key: str
    touches: list[Touch] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    deceased: date | None = None


@dataclass
class Stay:
    """One stage as it was lived through."""

    stage_no: int
    entered: datetime
    left: datetime | None = None
    left_by: str = "open"


@dataclass
class Instance:
    """One journey of one person, played to its end or to today."""

    key: str
    journey: dict[str, Any]
    subject: str
    opened: datetime
    outcome: str = "open"
    started: datetime | None = None
    ended: datetime | None = None
    succeeded: datetime | None = None
    stays: list[Stay] = field(default_factory=list)
    entered: dict[int, datetime] = field(default_factory=dict)
    passed: dict[int, datetime] = field(default_factory=dict)
    done: dict[int, datetime] = field(default_factory=dict)


def midnight(day: date) -> datetime:
    """The UTC moment (naive) at which a local day begins."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC).replace(tzinfo=None)


FOREVER = midnight(date(9999, 1, 1))


def local_day(moment: datetime) -> date:
    return moment.replace(tzinfo=UTC).astimezone(ZONE).date()


def over_after(moment: datetime, days: int) -> datetime:
    """The end of the given number of whole days after the day of the moment."""
    return midnight(local_day(moment) + timedelta(days=days + 1))


def interpret(
    journeys: list[dict[str, Any]], story: Story, flags: dict[str, set[str]], today: date
) -> list[Instance]:
    """Every instance of the person; `flags` are the flags of each activity."""
    now = midnight(today + timedelta(days=1))
    found = []
    for name in sorted({journey["id"] for journey in journeys}):
        versions = sorted(
            (journey for journey in journeys if journey["id"] == name), key=lambda j: j["version"]
        )
        opened = [one for one in _open(versions, story, flags, now) if _begins(one, story, flags)]
        opened.sort(key=lambda one: (one.opened, one.subject))
        for number, one in enumerate(opened):
            following = opened[number + 1].opened if number + 1 < len(opened) else FOREVER
            _play(one, story, flags, now, FOREVER if one.journey["concurrent"] else following)
        found += opened
    return found


def _given(
    rules: list[dict[str, Any]], story: Story, flags: dict[str, set[str]], per: str
) -> Iterator[tuple[datetime, str | None]]:
    """Moment and subject of each time one of the rules' signals is given."""
    for rule in rules:
        happenings: list[Touch | Milestone] = [*story.touches, *story.milestones]
        for item in happenings:
            if not _fits(rule, item, flags):
                continue
            about = (
                {"event": item.event, "case": item.case} if isinstance(item, Touch) else item.about
            )
            at = item.at
            if rule["days"]:
                at = midnight(local_day(at) + timedelta(days=rule["days"]))
            yield at, story.key if per == "member" else about.get(per)


def _fits(rule: dict[str, Any], item: Touch | Milestone, flags: dict[str, set[str]]) -> bool:
    if rule["event_kind"] and rule["event_kind"] != item.event_kind:
        return False
    if isinstance(item, Milestone):
        return bool(rule["milestone"] == item.name)
    if rule["milestone"]:
        return False
    named = rule["activity"] == item.activity or rule["flag"] in flags.get(item.activity, set())
    return named and all(
        rule[what] in (None, getattr(item, what)) for what in ("purpose", "department", "channel")
    )


def _open(
    versions: list[dict[str, Any]], story: Story, flags: dict[str, set[str]], now: datetime
) -> list[Instance]:
    first: dict[str, Instance] = {}
    for number, journey in enumerate(versions):
        begins = date.fromisoformat(journey["applies_from"] or "0001-01-01")
        later = versions[number + 1]["applies_from"] if number + 1 < len(versions) else "9999-12-31"
        for at, subject in _given(journey["start"], story, flags, journey["per"]):
            if subject is None or at >= now:
                continue
            if not begins <= local_day(at) < date.fromisoformat(later):
                continue
            if subject not in first or at < first[subject].opened:
                first[subject] = Instance(story.key, journey, subject, at)
    return list(first.values())


def _begins(one: Instance, story: Story, flags: dict[str, set[str]]) -> bool:
    """Whether there is anything left to begin: not dead, and not over before the start."""
    if story.deceased and midnight(story.deceased) <= one.opened:
        return False
    if one.journey["per"] == "member":
        return True
    final = [*one.journey["end"]["withdrawn_when"], *one.journey["stages"][-1]["done_when"]]
    return not any(
        subject == one.subject and at < one.opened
        for at, subject in _given(final, story, flags, one.journey["per"])
    )


def _play(
    one: Instance, story: Story, flags: dict[str, set[str]], now: datetime, superseded: datetime
) -> None:
    journey, per = one.journey, one.journey["per"]
    ours = (None, one.subject)

    def moments(rules: list[dict[str, Any]], since: datetime) -> set[datetime]:
        given = _given(rules, story, flags, per)
        return {at for at, subject in given if subject in ours and since <= at < now}

    signals: dict[int, set[datetime]] = {}
    for number, stage in enumerate(journey["stages"], start=1):
        since = one.opened
        if stage["look_back_days"]:
            since = midnight(local_day(one.opened) - timedelta(days=stage["look_back_days"]))
        signals[number] = moments(stage["done_when"], since)
    withdrawals = moments(journey["end"]["withdrawn_when"], one.opened)
    if story.deceased:
        withdrawals.add(midnight(story.deceased))
    runs_out = over_after(one.opened, journey["end"]["expires_after_days"])
    expiry = min({runs_out} | moments(journey["end"]["expires_when"], one.opened))
    successes = moments(journey["success"], one.opened)
    times = sorted({one.opened, expiry, superseded, *withdrawals, *set().union(*signals.values())})
    counts = dict.fromkeys(signals, 0)
    pointer, last = 1, len(journey["stages"])
    for at in (moment for moment in times if moment < now):
        ends_before = at >= min(expiry, superseded)
        if one.started is None and at >= one.opened:
            _start(one, at)
        if not ends_before:
            reached = 0
            for number in signals:
                counts[number] += at in signals[number]
                wanted = journey["stages"][number - 1]["times"]
                if counts[number] == wanted and number not in one.done:
                    one.done[number] = at
                    reached = number
            if one.started is None and reached:
                _start(one, at)
            while pointer <= reached:
                pointer = _leave(one, pointer, at)
        if pointer > last:
            one.outcome, one.ended = "completed", at
            break
        if at in withdrawals and (not ends_before or at == min(expiry, superseded)):
            one.outcome, one.ended = "withdrawn", at
            break
        if ends_before:
            one.outcome = "superseded" if superseded <= expiry else "expired"
            one.ended = at
            break
    if one.outcome not in ("open", "completed"):
        one.stays[-1].left, one.stays[-1].left_by = one.ended, one.outcome
    achieved = [at for at in successes if at <= (one.ended or now)]
    one.succeeded = min(achieved, default=None)


def _start(one: Instance, at: datetime) -> None:
    one.started = one.entered[1] = at
    one.stays.append(Stay(1, at))


def _leave(one: Instance, number: int, at: datetime) -> int:
    """Closes stage `number` at the moment and enters the next; a stage without a stay vanishes."""
    stay = one.stays[-1]
    one.passed[number] = at
    own = one.done.get(number) == at
    if own or stay.entered < at:
        stay.left, stay.left_by = at, "done" if own else "passed"
    else:
        one.stays.pop()
    if number < len(one.journey["stages"]):
        one.entered[number + 1] = at
        one.stays.append(Stay(number + 1, at))
    return number + 1


def due(one: Instance, number: int) -> tuple[datetime, date]:
    """First late moment and last day on time of a stage that was reached."""
    stage = one.journey["stages"][number - 1]
    sla = stage["sla"] or {"days": stage["expected_days"], "hours": None, "counted_from": "entry"}
    since = one.opened if sla["counted_from"] == "start" else one.entered[number]
    if sla["hours"]:
        at = since + timedelta(hours=sla["hours"])
        return at, local_day(at)
    return over_after(since, sla["days"]), local_day(since) + timedelta(days=sla["days"])


def fate(one: Instance, number: int, now: datetime) -> str:
    """How the step of a reached stage went."""
    done, passed = one.done.get(number), one.passed.get(number)
    if done and passed and done > passed:
        return "out_of_order"
    if done:
        return "on_time" if done < due(one, number)[0] else "late"
    if passed or one.ended:
        return "missed"
    return "overdue" if due(one, number)[0] < now else "pending"

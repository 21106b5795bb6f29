"""Service journeys: one file each, checked as a whole before anything uses them.

Data flow: config/journeys/*.yml -> `read_journeys` -> Journey per file (or every problem with file
and line) -> `compile_journeys` -> the dbt variable `journeys`.

A journey moves on signals only: an interaction of the activity catalogue, any interaction with a
flag of it, or a milestone of the membership. No SQL is ever written in a journey.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from flows.configuration.marked_yaml import KeyPath, MarkedYaml, read_yaml
from flows.configuration.models import Name, Strict
from flows.configuration.problems import nearest, validate
from flows.errors import Problem
from flows.home import Home
from flows.product import DBT_PROJECT

Subject = Literal["member", "spell", "term", "event", "case"]
MILESTONES: dict[str, tuple[Subject, ...]] = {
    "first_join": ("spell", "term"),
    "rejoin": ("spell", "term"),
    "reinstated": ("spell", "term"),
    "renewal_due": ("term",),
    "renewed": ("term",),
    "lapsed": ("spell", "term"),
    "resigned": ("spell", "term"),
    "returned": ("spell",),
    "event_starts": ("event",),
    "event_ends": ("event",),
}
"""Milestone -> what it is about; model int_journey_milestones says on which day each happens."""
FLAGS = ("meaningful", "value_event", "advocacy", "high_intent", "member_initiated", "negative")
_ABOUT_ACTIVITIES: dict[str, tuple[str, ...]] = {
    "event": ("event_registered", "event_cancelled", "event_attended", "event_no_show"),
    "case": ("case_opened", "case_resolved", "case_reopened"),
}
FEW_STAGES, MANY_STAGES = 3, 7

Text = Annotated[str, Field(min_length=1, max_length=500)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=80)]
Count = Annotated[int, Field(ge=1, le=36500)]


class Signal(Strict):
    """Something that happens: exactly one of activity, flag and milestone, narrowed by the rest.

    `days` is how many days after it the signal counts; before it, for a milestone, when negative.
    """

    activity: Name | None = None
    flag: (
        Literal[
            "meaningful", "value_event", "advocacy", "high_intent", "member_initiated", "negative"
        ]
        | None
    ) = None
    milestone: Name | None = None
    purpose: Code | None = None
    department: Code | None = None
    channel: Code | None = None
    event_kind: Code | None = None
    days: Annotated[int, Field(ge=-36500, le=36500)] = 0


Signals = Annotated[tuple[Signal, ...], Field(min_length=1)]


class Sla(Strict):
    """How long the organisation may take: whole days after the day it counts from, or hours."""

    days: Count | None = None
    hours: Count | None = None
    counted_from: Literal["entry", "start"] = "entry"


class Stage(Strict):
    """One stage: who acts, what is next, how long it should take, and what ends it.

    Signals count from the start of the journey, or from `look_back_days` before it.
    """

    id: Name
    title: Annotated[str, Field(min_length=1, max_length=60)]
    owner_type: Literal["organisation", "member", "shared"]
    owner_team: Name
    next_action: Text
    expected_days: Count
    sla: Sla | None = None
    support_level: Literal["low", "medium", "high"] | None = None
    done_when: Signals
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    look_back_days: Annotated[int, Field(ge=0, le=3650)] = 0


class End(Strict):
    """What ends an instance short of its last stage."""

    expires_after_days: Count
    expires_when: tuple[Signal, ...] = ()
    withdrawn_when: tuple[Signal, ...] = ()


class Journey(Strict):
    """One version of one service journey; an instance keeps the version in force at its start."""

    id: Name
    version: Annotated[int, Field(ge=1)]
    title: Annotated[str, Field(min_length=1, max_length=100)]
    outcome: Text
    purpose: Literal["membership", "marketing"]
    per: Subject
    concurrent: bool = False
    applies_from: date | None = None
    start: Signals
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=30)]
    success: Signals
    end: End

    def compile(self) -> dict[str, Any]:
        """The journey for the dbt variable `journeys`."""
        return self.model_dump(mode="json")

    def signals(self) -> Iterator[tuple[KeyPath, Signal]]:
        """Every signal with its place in the file."""
        for index, signal in enumerate(self.start):
            yield ("start", index), signal
        for number, stage in enumerate(self.stages):
            for index, signal in enumerate(stage.done_when):
                yield ("stages", number, "done_when", index), signal
        for index, signal in enumerate(self.success):
            yield ("success", index), signal
        for index, signal in enumerate(self.end.expires_when):
            yield ("end", "expires_when", index), signal
        for index, signal in enumerate(self.end.withdrawn_when):
            yield ("end", "withdrawn_when", index), signal


def compile_journeys(journeys: Sequence[Journey]) -> list[dict[str, Any]]:
    """The dbt variable `journeys`, in order of id and version."""
    return [item.compile() for item in sorted(journeys, key=lambda j: (j.id, j.version))]


def stage_count_warnings(journeys: Sequence[Journey]) -> list[str]:
    """A sentence per journey whose number of stages people will find hard to work with."""
    return [
        f"{item.id} has {len(item.stages)} stage{'s' if len(item.stages) > 1 else ''}; "
        f"{FEW_STAGES} to {MANY_STAGES} (best: about 5) can be told apart and worked with"
        for item in journeys
        if not FEW_STAGES <= len(item.stages) <= MANY_STAGES
    ]


def read_journeys(home: Home) -> tuple[list[Journey], list[Problem]]:
    """The journeys of the organisation, or everything that is wrong with them.

    The folder may be missing: an organisation need not have service journeys.
    """
    problems: list[Problem] = []
    found: list[tuple[Journey, MarkedYaml]] = []
    for path in sorted([*home.journeys.glob("*.yml"), *home.journeys.glob("*.yaml")]):
        journey, marked = read_journey(path, f"config/journeys/{path.name}")
        problems += marked.problems
        if journey:
            found.append((journey, marked))
    problems += _version_problems(found)
    return ([], problems) if problems else ([journey for journey, _ in found], [])


def read_journey(path: Path, shown_as: str) -> tuple[Journey | None, MarkedYaml]:
    """One file; what is wrong with it is in the second value's `problems`."""
    marked = read_yaml(path, shown_as)
    if marked.value is None and marked.problems:
        return None, marked
    journey = validate(Journey, marked)
    if journey:
        for place, signal in journey.signals():
            _check_signal(signal, place, marked)
        _check_start(journey, marked)
        _check_stages(journey, marked)
    return (None if marked.problems else journey), marked


@cache
def activity_codes() -> tuple[str, ...]:
    """The activities of the catalogue (seed activity_catalogue, published as dim_activity)."""
    with (DBT_PROJECT / "seeds" / "activity_catalogue.csv").open(encoding="utf-8") as rows:
        return tuple(row["activity"] for row in csv.DictReader(rows))


def _check_signal(signal: Signal, place: KeyPath, marked: MarkedYaml) -> None:
    where = ".".join(str(part) for part in place)
    kinds = [name for name in ("activity", "flag", "milestone") if getattr(signal, name)]
    if len(kinds) != 1:
        said = f"names {' and '.join(kinds)}" if kinds else "names nothing that happens"
        marked.problem(place, f"'{where}' {said}", "exactly one of activity, flag, milestone")
        return
    if signal.activity and signal.activity not in activity_codes():
        _unknown("activity", signal.activity, activity_codes(), place, marked)
    if signal.milestone and signal.milestone not in MILESTONES:
        _unknown("milestone", signal.milestone, MILESTONES, place, marked)
    if signal.milestone:
        for name in ("purpose", "department", "channel", "event_kind"):
            if getattr(signal, name) and not (
                name == "event_kind" and signal.milestone.startswith("event_")
            ):
                marked.problem((*place, name), f"a milestone has no {name}", "activity or flag")
    elif signal.days < 0:
        marked.problem(
            (*place, "days"),
            "nobody knows of an interaction before it happens",
            "0 or more days; only a milestone may lie ahead",
        )


def _check_start(journey: Journey, marked: MarkedYaml) -> None:
    """A start must say which spell, term, event or case it is about."""
    if journey.per == "member":
        return
    for index, signal in enumerate(journey.start):
        tells = signal.activity in _ABOUT_ACTIVITIES.get(journey.per, ()) or (
            journey.per in MILESTONES.get(signal.milestone or "", ())
        )
        if not tells:
            able = [name for name, about in MILESTONES.items() if journey.per in about]
            able += _ABOUT_ACTIVITIES.get(journey.per, ())
            said = signal.activity or signal.flag or signal.milestone
            marked.problem(
                ("start", index),
                f"'{said}' does not say which {journey.per} it is about (per: {journey.per})",
                f"one of {', '.join(able)}",
            )


def _check_stages(journey: Journey, marked: MarkedYaml) -> None:
    first: dict[str, int] = {}
    for index, stage in enumerate(journey.stages):
        place: KeyPath = ("stages", index)
        if stage.id in first:
            line = marked.line(("stages", first[stage.id], "id"))
            marked.problem(
                (*place, "id"), f"stage '{stage.id}' is given twice (first in line {line})"
            )
        first.setdefault(stage.id, index)
        if stage.sla and (stage.sla.days is None) == (stage.sla.hours is None):
            marked.problem((*place, "sla"), "'sla' is not one length", "either days or hours")
        if stage.sla and stage.owner_type == "member":
            marked.problem(
                (*place, "sla"),
                f"stage '{stage.id}' is the member's; an SLA binds the organisation",
                "expected_days only, or owner_type organisation or shared",
            )
    if journey.stages[-1].look_back_days:
        marked.problem(
            ("stages", len(journey.stages) - 1, "look_back_days"),
            "the last stage ends the journey, which cannot be before its start",
            "no look_back_days in the last stage",
        )


def _version_problems(found: Sequence[tuple[Journey, MarkedYaml]]) -> list[Problem]:
    """Versions of one journey must differ in number and follow each other in time."""
    problems: list[Problem] = []
    before: dict[str, tuple[Journey, MarkedYaml]] = {}
    for journey, marked in sorted(found, key=lambda item: (item[0].id, item[0].version)):
        previous = before.get(journey.id)
        before[journey.id] = (journey, marked)
        if previous is None:
            continue
        last, file = previous
        if last.version == journey.version:
            problems.append(
                Problem(
                    marked.file,
                    marked.line(("version",)),
                    f"version {journey.version} of '{journey.id}' is also in {file.file}",
                )
            )
        elif journey.applies_from is None or (
            last.applies_from is not None and journey.applies_from <= last.applies_from
        ):
            begins = f" ({last.applies_from})" if last.applies_from else ""
            problems.append(
                Problem(
                    marked.file,
                    marked.line(("applies_from",)),
                    f"version {journey.version} of '{journey.id}' does not say from when it applies",
                    f"applies_from: a date after that of version {last.version}{begins}",
                )
            )
        if last.per != journey.per:
            problems.append(
                Problem(
                    marked.file,
                    marked.line(("per",)),
                    f"'{journey.id}' is per {last.per} in version {last.version}",
                    f"per: {last.per} in every version, or another id",
                )
            )
    return problems


def _unknown(
    kind: str, word: str, known: Collection[str], place: KeyPath, marked: MarkedYaml
) -> None:
    guess = nearest(word, known)
    marked.problem(
        (*place, kind),
        f"unknown {kind} '{word}'",
        f"did you mean {guess}?" if guess else f"one of {', '.join(known)}",
    )

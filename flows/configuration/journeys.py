"""What a service journey consists of, and how it reaches dbt.

Data flow: config/journeys/*.yml -> flows/configuration/journey_files.py -> Journey ->
`compile_journeys` -> the dbt variable `journeys`.

A journey moves on signals only: an interaction of the activity catalogue, any interaction with a
flag of it, or a milestone of the membership. No SQL is ever written in a journey.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from flows.configuration.marked_yaml import KeyPath
from flows.configuration.models import Name, Strict

Flag = Literal[
    "meaningful", "value_event", "advocacy", "high_intent", "member_initiated", "negative"
]
Subject = Literal["member", "spell", "term", "event", "case"]
MILESTONES: dict[str, tuple[Subject, ...]] = {
    "first_join": ("spell",),
    "rejoin": ("spell",),
    "reinstated": ("spell",),
    "renewal_due": ("term",),
    "renewed": ("term",),
    "lapsed": ("spell", "term"),
    "resigned": ("spell", "term"),
    "returned": ("spell",),
    "event_starts": ("event",),
    "event_ends": ("event",),
}
"""Milestone -> what it is about; model int_journey_milestones says on which day each happens."""
FEW_STAGES, MANY_STAGES = 3, 7

Text = Annotated[str, Field(min_length=1, max_length=500)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=80)]
Count = Annotated[int, Field(ge=1, le=36500)]


class Signal(Strict):
    """Something that happens: exactly one of activity, flag and milestone, narrowed by the rest.

    `days` is how many days after it the signal counts; before it, for a milestone, when negative.
    """

    activity: Name | None = None
    flag: Flag | None = None
    milestone: Name | None = None
    purpose: Code | None = None
    department: Code | None = None
    channel: Code | None = None
    event_kind: Code | None = None
    days: Annotated[int, Field(ge=-36500, le=36500)] = 0


def _at_least_one(value: tuple[Any, ...]) -> tuple[Any, ...]:
    # Not min_length: of a list with one wrong item that would say it is empty, too.
    if not value:
        raise ValueError("the list is empty; give at least one")
    return value


Signals = Annotated[tuple[Signal, ...], AfterValidator(_at_least_one)]


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
    stages: Annotated[tuple[Stage, ...], AfterValidator(_at_least_one)]
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

"""Service journeys: one file each, checked as a whole before anything uses them.

Data flow: config/journeys/*.yml -> `read_journeys` -> Journeys, or all problems with file and line.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

from flows.configuration.journeys import MILESTONES, Journey, Signal
from flows.configuration.marked_yaml import KeyPath, MarkedYaml, read_yaml
from flows.configuration.problems import nearest, validate
from flows.errors import Problem
from flows.home import Home
from flows.product import DBT_PROJECT

_ABOUT: dict[str, tuple[str, ...]] = {
    "event": ("event_registered", "event_cancelled", "event_attended", "event_no_show"),
    "case": ("case_opened", "case_resolved", "case_reopened"),
}
"""Subject -> the activities that say which event or case they are about."""


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
        if signal.milestone and signal.milestone not in MILESTONES:
            continue
        tells = signal.activity in _ABOUT.get(journey.per, ()) or (
            journey.per in MILESTONES.get(signal.milestone or "", ())
        )
        if not tells:
            able = [name for name, about in MILESTONES.items() if journey.per in about]
            able += _ABOUT.get(journey.per, ())
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
                    f"version {journey.version} of '{journey.id}' does not say when it begins",
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

"""How the journey is measured: tenure bands, stage conversions, the engagement score.

Data flow: sections `stages` and `engagement` of config/organisation.yml -> these models ->
variables of the dbt project. What is left out keeps the default of dbt_project.yml.
"""

from __future__ import annotations

import csv
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.product import DBT_PROJECT

Days = Annotated[int, Field(ge=0, le=36500)]
Stage = Literal[
    "prospect",
    "awareness",
    "research",
    "applicant",
    "onboarding",
    "engaged",
    "advocate",
    "dormant",
    "paused",
    "renewal_due",
    "grace",
    "lapsed",
    "former",
    "deceased",
]
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class _Section(BaseModel):
    """A part of a configuration file: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageConversion(_Section):
    """Of those who enter one stage: who reaches the other within so many days."""

    from_stage: Stage
    to_stage: Stage
    within_days: Annotated[int, Field(ge=1, le=3650)]


class Stages(_Section):
    """Thresholds of the stage machine, in days, and what is measured of the stages."""

    onboarding_days: Days = 90
    renewal_window_days: Days = 90
    dormant_days: Days = 180
    grace_days: Days = 30
    lapsed_days: Days = 365
    reinstate_days: Days = 365
    research_days: Days = 90
    advocate_days: Days = 365
    snapshot_days: Annotated[int, Field(ge=1, le=1000)] = 90
    tenure_bands: dict[Word, Days] | None = None
    conversions: Annotated[tuple[StageConversion, ...], Field(min_length=1)] | None = None

    @field_validator("tenure_bands")
    @classmethod
    def _bands_rise_from_zero(cls, value: dict[str, int] | None) -> dict[str, int] | None:
        days = list(value.values()) if value else [0]
        if days[0] != 0 or any(after <= before for before, after in pairwise(days)):
            raise ValueError(
                "expected a first band from day 0 and rising days, as {new: 0, old: 365}"
            )
        return value

    @field_validator("conversions")
    @classmethod
    def _pairs_differ(
        cls, value: tuple[StageConversion, ...] | None
    ) -> tuple[StageConversion, ...] | None:
        pairs = [(one.from_stage, one.to_stage, one.within_days) for one in value or ()]
        if len(set(pairs)) < len(pairs):
            raise ValueError("the same conversion stands there twice; remove one")
        return value


class ActivityWeight(_Section):
    """What differs from the seed for one activity; what is left out stays as it is."""

    weight: Annotated[float, Field(ge=0, le=1000)] | None = None
    half_life_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    cap_day: Annotated[int, Field(ge=1, le=1000)] | None = None
    cap_28d: Annotated[int, Field(ge=1, le=1000)] | None = None


class Engagement(_Section):
    """The engagement score. Raise `weights_version` whenever a weight changes."""

    weights_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,20}$")] = "1"
    weights: dict[Word, ActivityWeight] = Field(default_factory=dict)
    peer_minimum: Annotated[int, Field(ge=2, le=100_000)] = 50

    @field_validator("weights")
    @classmethod
    def _known_activities(cls, value: dict[str, ActivityWeight]) -> dict[str, ActivityWeight]:
        unknown = sorted(set(value) - _activities())
        if unknown:
            raise ValueError(
                f"no activity is called {', '.join(unknown)}; expected codes of"
                " dbt_project/seeds/activity_catalogue.csv, as event_attended"
            )
        return value

    @model_validator(mode="after")
    def _changed_weights_have_a_version(self) -> Self:
        if self.weights and self.weights_version == "1":
            raise ValueError(
                "weights differ from the product's, so weights_version must not be '1': give them"
                " a version of your own, as 2026-a"
            )
        return self


@cache
def _activities() -> frozenset[str]:
    seed = DBT_PROJECT / "seeds" / "activity_catalogue.csv"
    with seed.open(encoding="utf-8", newline="") as rows:
        return frozenset(row["activity"] for row in csv.DictReader(rows))


def measure_variables(stages: Stages, engagement: Engagement) -> dict[str, Any]:
    """The dbt variables of both sections; what is not said stays as in dbt_project.yml."""
    found = stages.model_dump(exclude={"tenure_bands", "conversions"})
    if stages.tenure_bands:
        found["tenure_bands"] = stages.tenure_bands
    if stages.conversions:
        found["stage_conversions"] = [one.model_dump() for one in stages.conversions]
    found["engagement_weights_version"] = engagement.weights_version
    found["engagement_weights"] = {
        activity: weight.model_dump(exclude_none=True)
        for activity, weight in engagement.weights.items()
    }
    found["engagement_peer_minimum"] = engagement.peer_minimum
    return found

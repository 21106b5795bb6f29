"""The typed configuration files of an organisation; unknown keys are errors everywhere.

Data flow: config/organisation.yml, sources.yml, platforms.yml, targets.yml -> these models.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from activation.contact_policy import ContactPolicy
from flows.configuration.measures import Engagement, Stages

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=36500)]
EnvName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
MessageKind = Literal[
    "transactional",
    "renewal_notice",
    "dues_reminder",
    "win_back",
    "event_promotion",
    "miss_you",
    "welcome",
]
Purpose = Annotated[str, Field(pattern=r"^[^\W_][\w-]*$", max_length=40)]
SurveyOrCase = Annotated[str, Field(pattern=r"^[^'\\\\]{1,80}$")]
Milestone = Literal["welcome_delivered", "first_contact", "first_value"]
Metric = Literal["renewal_rate", "first_year_retention", "nps", "resolution_time", "active_members"]
DIRECTIONS: dict[str, str] = {
    "renewal_rate": "at_least",
    "first_year_retention": "at_least",
    "nps": "above",
    "resolution_time": "below",
    "active_members": "at_least",
}
RANGES: dict[str, tuple[float, float, str]] = {
    "renewal_rate": (0, 1, "a share such as 0.80"),
    "first_year_retention": (0, 1, "a share such as 0.85"),
    "nps": (-100, 100, "points from -100 to 100"),
    "resolution_time": (0.01, 100_000, "hours, more than 0"),
    "active_members": (0, 1e9, "a number of people"),
}
Attribute = Literal[
    "member_number", "first_name", "last_name", "birth_date", "email", "phone_e164", "address"
]
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Strict(BaseModel):
    """A configuration section: unknown keys are refused, values are not coerced across types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class OrganisationFacts(Strict):
    """Who this is. `union_mode`: membership itself is special-category data (GDPR Art. 9)."""

    name: str = Field(min_length=1)
    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    timezone: str
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    union_mode: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is not a time zone; expected a name like Europe/Berlin")
        return value


class Touchpoints(Strict):
    """When writing to people is too much, and how far back a touch may have led to joining.

    Times in days, hours, minutes and seconds as their names say. `more_message_purposes` lists, per
    kind of message, purposes (first words of titles) that are of it besides the product's own.
    """

    fatigue_messages_30d: Annotated[int, Field(ge=1, le=1000)] = 6
    collision_hours: Annotated[int, Field(ge=1, le=168)] = 24
    attribution_days: Days = 180
    attribution_half_life_days: Annotated[int, Field(ge=1, le=365)] = 7
    machine_click_seconds: Annotated[int, Field(ge=0, le=600)] = 5
    walk_in_minutes: Annotated[int, Field(ge=0, le=1440)] = 60
    more_message_purposes: dict[MessageKind, tuple[Purpose, ...]] = Field(default_factory=dict)


class PlanRules(Strict):
    """What differs for one plan; an empty section says that the plan exists and nothing differs."""

    grace_days: Days | None = None
    reinstate_days: Days | None = None
    is_rate_excluded: bool | None = None


class Guards(Strict):
    """When a night stops itself; the brakes of a push are settings of its platform.

    A stream that lost `source_drop_share` of the last good run's rows (and had `source_min_rows`),
    or all of them, blocks the run.
    """

    source_drop_share: Share = 0.4
    source_min_rows: Annotated[int, Field(ge=0)] = 20


class Retention(Strict):
    """How long what is kept."""

    landing_days: Days = 30
    known_days: Days = 7  # private files of `journey build --as-known-at`
    published_versions: Annotated[int, Field(ge=2, le=100)] = 3
    receipts: Annotated[int, Field(ge=1, le=10000)] = 400


class Identity(Strict):
    """How people are recognised; a cluster above the guard is left for review.

    `verified_by`: the sources that have checked an attribute; their values win, and where a date
    of birth is checked somewhere, only checked ones contradict each other. `death_margin_days`: a
    record that did something itself this long after a death is another person's.
    """

    cluster_guard: Annotated[int, Field(ge=2, le=100)] = 12
    verified_by: dict[Attribute, tuple[Name, ...]] = Field(default_factory=dict)
    death_margin_days: Days = 365


class NpsSurveys(Strict):
    """Survey codes by kind; relational and transactional answers are never mixed."""

    relational: tuple[SurveyOrCase, ...] = ("nps", "member-pulse")
    transactional: tuple[SurveyOrCase, ...] = ("nps-transactional",)


class Metrics(Strict):
    """What the metrics need to know of this organisation.

    `observed_since`: for a source that tells nothing of people who left before a day, that day.
    """

    onboarding_milestones: Annotated[tuple[Milestone, ...], Field(min_length=1)] = (
        "welcome_delivered",
        "first_contact",
        "first_value",
    )
    nps_surveys: NpsSurveys = NpsSurveys()
    nps_wave: Literal["month", "quarter", "year"] = "quarter"
    resolution_excluded_case_types: tuple[SurveyOrCase, ...] = (
        "spam",
        "duplicate",
        "test",
        "grievance",
    )
    observed_since: dict[Name, date] = Field(default_factory=dict)


class Notifications(Strict):
    """Environment names that hold Apprise or webhook URLs, and which events are sent."""

    url_envs: tuple[EnvName, ...] = ()
    events: tuple[Literal["failure", "held", "success"], ...] = ("failure", "held")


class Organisation(Strict):
    """config/organisation.yml."""

    version: Literal[1]
    profile: Literal["sandbox", "production"] = "sandbox"
    organisation: OrganisationFacts
    clock: str = "system"
    plans: dict[Name, PlanRules] = Field(default_factory=dict)
    stages: Stages = Stages()
    engagement: Engagement = Engagement()
    touchpoints: Touchpoints = Touchpoints()
    guards: Guards = Guards()
    retention: Retention = Retention()
    identity: Identity = Identity()
    contact_policy: ContactPolicy = ContactPolicy()
    metrics: Metrics = Metrics()
    notifications: Notifications = Notifications()

    @field_validator("clock")
    @classmethod
    def _safe_clock(cls, value: str) -> str:
        if value == "system":
            return value
        parts = urlsplit(value)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise ValueError("expected 'system' or the sandbox clock, an http://127.0.0.1 address")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.organisation.timezone)


class Connection(Strict):
    """One source: `settings` as its kind declares them, `secrets` by environment name."""

    kind: Name
    enabled: bool = True
    required: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, EnvName] = Field(default_factory=dict)


class PlatformConnection(Strict):
    """One platform to push to. `lists` etc. are the kind's own settings."""

    kind: Name
    enabled: bool = True
    segments: tuple[str, ...] | Literal["all"] = "all"
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, EnvName] = Field(default_factory=dict)


class Sources(Strict):
    """config/sources.yml; a source's name is its raw schema."""

    version: Literal[1]
    sources: dict[Name, Connection]


class Platforms(Strict):
    """config/platforms.yml."""

    version: Literal[1]
    platforms: dict[Name, PlatformConnection]


class Target(Strict):
    """What a metric should reach, and who answers for it.

    Shares are 0 to 1, the NPS is -100 to 100, the time to resolution is in hours. Which side of
    the value is good belongs to the metric (DIRECTIONS); it may be said too, but not contradicted.
    """

    metric: Metric
    direction: Literal["at_least", "above", "below"] | None = None
    value: float
    owner_team: Name
    plan: Name | None = None
    from_date: date | None = None

    @field_validator("direction")
    @classmethod
    def _the_metrics_own(cls, value: str | None, known: ValidationInfo) -> str | None:
        metric = known.data.get("metric")
        if value is not None and metric in DIRECTIONS and value != DIRECTIONS[metric]:
            raise ValueError(f"a target for {metric} is '{DIRECTIONS[metric]}'")
        return value

    @field_validator("value")
    @classmethod
    def _in_the_metrics_unit(cls, value: float, known: ValidationInfo) -> float:
        low, high, words = RANGES.get(known.data.get("metric", ""), (-1e9, 1e9, ""))
        if not low <= value <= high:
            raise ValueError(f"{value:g} is out of range; expected {words}")
        return value

    @field_validator("plan")
    @classmethod
    def _where_plans_are_told_apart(cls, value: str | None, known: ValidationInfo) -> str | None:
        if value is not None and known.data.get("metric") not in (None, "renewal_rate"):
            raise ValueError("only a target for renewal_rate may name a plan")
        return value

    @property
    def good_side(self) -> str:
        """Which side of the value is good."""
        return DIRECTIONS[self.metric]


class Targets(Strict):
    """config/targets.yml."""

    version: Literal[1]
    targets: tuple[Target, ...] = ()

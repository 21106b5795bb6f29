"""The typed configuration files of an organisation; unknown keys are errors everywhere.

Data flow: config/organisation.yml, sources.yml, platforms.yml, targets.yml -> these models.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=36500)]
EnvName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
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


class Stages(Strict):
    """Thresholds of the stage machine, in days."""

    onboarding_days: Days = 90
    renewal_window_days: Days = 90
    dormant_days: Days = 180
    grace_days: Days = 30
    lapsed_days: Days = 365
    reinstate_days: Days = 365
    research_days: Days = 90
    advocate_days: Days = 365


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
    """How people are recognised; a cluster above the guard is left for review."""

    cluster_guard: Annotated[int, Field(ge=2, le=100)] = 12


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
    guards: Guards = Guards()
    retention: Retention = Retention()
    identity: Identity = Identity()
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
    """What a metric should reach, and who answers for it."""

    metric: Literal["renewal_rate", "first_year_retention", "active_members"]
    value: Annotated[float, Field(ge=0)]
    owner_team: Name
    plan: Name | None = None
    from_date: date | None = None


class Targets(Strict):
    """config/targets.yml."""

    version: Literal[1]
    targets: tuple[Target, ...] = ()

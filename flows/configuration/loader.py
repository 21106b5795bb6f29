"""Read all configuration files, list everything that is wrong with any of them.

Data flow: config/organisation.yml, sources.yml, platforms.yml, targets.yml, segments/*.yml,
journeys/*.yml -> Configuration | ConfigurationInvalid(problems with file, line, what was expected).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from activation.segments import Segment
from flows.configuration import kinds
from flows.configuration.connections import (
    check_source_names,
    complete_settings,
    refuse_strangers_in_sandbox,
)
from flows.configuration.journey_files import read_journeys
from flows.configuration.journeys import Journey
from flows.configuration.marked_yaml import MarkedYaml, read_yaml
from flows.configuration.models import Organisation, Platforms, Sources, Target, Targets
from flows.configuration.problems import nearest, validate
from flows.configuration.secrets import Secrets, read_secrets
from flows.errors import ConfigurationInvalid, Problem
from flows.home import Home

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Configuration:
    """Everything configured, checked. Settings hold secrets: never log or print them."""

    home: Home
    organisation: Organisation
    sources: Sources
    platforms: Platforms
    targets: tuple[Target, ...]
    segments: Sequence[Segment]
    journeys: Sequence[Journey]
    source_settings: Mapping[str, Mapping[str, Any]]
    platform_settings: Mapping[str, Mapping[str, Any]]
    secrets: Secrets

    def __repr__(self) -> str:
        return f"Configuration({self.organisation.organisation.slug} in {self.home.root})"


def load_configuration(home: Home, *, need_secrets: bool = True) -> Configuration:
    """The organisation's configuration; raises ConfigurationInvalid listing all problems.

    `need_secrets=False` checks everything but whether the secrets are set.
    """
    problems: list[Problem] = []
    secrets = read_secrets(home.env_file, ".env", problems)
    files = {
        name: read_yaml(home.config / f"{name}.yml", f"config/{name}.yml")
        for name in ("organisation", "sources", "platforms", "targets")
    }
    organisation = _read(Organisation, files["organisation"])
    sources = _read(Sources, files["sources"])
    platforms = _read(Platforms, files["platforms"])
    targets = _read(Targets, files["targets"])
    source_settings: dict[str, dict[str, Any]] = {}
    platform_settings: dict[str, dict[str, Any]] = {}
    if sources:
        check_source_names(sources.sources, files["sources"])
        source_settings = complete_settings(
            "sources",
            sources.sources,
            kinds.source_kinds({item.kind for item in sources.sources.values()}),
            files["sources"],
            secrets,
            need_secrets=need_secrets,
        )
    if platforms:
        platform_settings = complete_settings(
            "platforms",
            platforms.platforms,
            kinds.platform_kinds(),
            files["platforms"],
            secrets,
            need_secrets=need_secrets,
            forced={"union_mode": True} if _is_union(organisation) else None,
        )
        profile = organisation.profile if organisation else "production"
        refuse_strangers_in_sandbox(profile, platform_settings, files["platforms"])
    segments, segment_problems = kinds.read_segments(home)
    problems += segment_problems
    journeys, journey_problems = read_journeys(home)
    problems += journey_problems
    if organisation:
        problems += kinds.unknown_plans(segments, organisation.plans, home)
        if targets:
            _check_targets(targets, organisation, files["targets"])
        if need_secrets:
            _check_notification_names(organisation, files["organisation"], secrets)
    if platforms and not segment_problems:
        _check_platform_segments(platforms, segments, files["platforms"])
    for marked in files.values():
        problems += marked.problems
    if problems or not (organisation and sources and platforms and targets):
        raise ConfigurationInvalid(problems)
    return Configuration(
        home,
        organisation,
        sources,
        platforms,
        targets.targets,
        segments,
        journeys,
        source_settings,
        platform_settings,
        secrets,
    )


def _read(model: type[M], marked: MarkedYaml) -> M | None:
    """Validate one file; a file that could not be parsed has its problems noted already."""
    if marked.value is None and marked.problems:
        return None
    return validate(model, marked)


def _is_union(organisation: Organisation | None) -> bool:
    return organisation is not None and organisation.organisation.union_mode


def _check_targets(targets: Targets, organisation: Organisation, marked: MarkedYaml) -> None:
    seen: set[tuple[object, ...]] = set()
    for index, target in enumerate(targets.targets):
        same = (target.metric, target.plan, target.from_date)
        if same in seen:
            marked.problem(
                ("targets", index, "metric"),
                f"a second target for {target.metric}",
                "one per metric, plan and from_date",
            )
        seen.add(same)
        if target.plan is not None and target.plan not in organisation.plans:
            guess = nearest(target.plan, organisation.plans)
            marked.problem(
                ("targets", index, "plan"),
                f"unknown plan '{target.plan}'",
                f"did you mean {guess}?" if guess else f"one of {', '.join(organisation.plans)}",
            )


def _check_notification_names(
    organisation: Organisation, marked: MarkedYaml, secrets: Secrets
) -> None:
    for index, name in enumerate(organisation.notifications.url_envs):
        if secrets.get(name) is None:
            marked.problem(
                ("notifications", "url_envs", index),
                f"secret {name} is not set",
                "it in the environment or in .env",
            )


def _check_platform_segments(
    platforms: Platforms, segments: Sequence[Segment], marked: MarkedYaml
) -> None:
    known = [segment.id for segment in segments]
    for name, platform in platforms.platforms.items():
        if platform.segments == "all":
            continue
        for index, segment_id in enumerate(platform.segments):
            if segment_id not in known:
                guess = nearest(segment_id, known)
                marked.problem(
                    ("platforms", name, "segments", index),
                    f"unknown segment '{segment_id}'",
                    f"did you mean {guess}?" if guess else "a file of config/segments",
                )

"""The section `touchpoints` of organisation.yml reaches dbt, and mistakes in it are named."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from flows.configuration import load_configuration
from flows.errors import ConfigurationInvalid
from flows.example import write_example
from flows.home import Home
from flows.product import DBT_PROJECT
from flows.steps.build import dbt_variables


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    write_example(tmp_path)
    for name in ("CIVICRM_API_KEY", "PRETIX_TOKEN", "STRIPE_API_KEY", "MAILCHIMP_API_KEY"):
        monkeypatch.setenv(name, "sk_test_c-us1")
    return Home(tmp_path)


def _with(home: Home, line: str) -> Home:
    path = home.config / "organisation.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("touchpoints:\n", f"touchpoints:\n  {line}\n"), encoding="utf-8")
    return home


def test_an_organisations_own_words_reach_dbt(home: Home) -> None:
    _with(home, "more_message_purposes: {welcome: [hallo], renewal_notice: [beitrag]}")
    variables = dbt_variables(load_configuration(home), "run", date(2026, 6, 30))
    assert variables["more_message_purposes"] == {
        "welcome": ("hallo",),
        "renewal_notice": ("beitrag",),
    }
    assert variables["fatigue_messages_30d"] == 6


def test_defaults_are_those_of_the_dbt_project(home: Home) -> None:
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    settings = load_configuration(home).organisation.touchpoints.model_dump()
    assert {name: project["vars"][name] for name in settings} == settings


@pytest.mark.parametrize(
    "line",
    [
        "more_message_purposes: {farewell: [bye]}",
        'more_message_purposes: {welcome: ["x\'; drop table y"]}',
        "walk_in_minutes: -1",
    ],
)
def test_mistakes_are_named(home: Home, line: str) -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        load_configuration(_with(home, line))
    assert any("organisation.yml" in str(problem) for problem in raised.value.problems)

"""Bad configuration: all problems together, with file, line and what was expected (fault 31)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.configuration import load_configuration
from flows.configuration.measures import measure_variables
from flows.configuration.models import Target
from flows.errors import ConfigurationInvalid
from flows.example import write_example
from flows.home import Home
from flows.steps.build import targets_in_force

KEYS = {
    "CIVICRM_API_KEY": "a",
    "PRETIX_TOKEN": "b",
    "STRIPE_API_KEY": "sk_test_c",
    "MAILCHIMP_API_KEY": "d-us1",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    write_example(tmp_path)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return Home(tmp_path)


def change(home: Home, file: str, old: str, new: str) -> int:
    """Replace once; the line (from 1) where the replacement begins."""
    path = home.config / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {file}"
    at = text.index(old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[:at].count("\n") + 1


def problems(home: Home) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as raised:
        load_configuration(home)
    return [str(problem) for problem in raised.value.problems]


def test_the_example_is_valid(home: Home) -> None:
    configuration = load_configuration(home)
    assert len(configuration.segments) == 8
    assert set(configuration.source_settings) == {
        "civicrm",
        "pretix",
        "stripe",
        "mailchimp",
        "filedrop",
    }


def test_all_problems_of_all_files_are_listed_with_their_lines(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = change(home, "organisation.yml", "timezone: Europe/Berlin", "timezone: Europe/Berlim")
    days = change(home, "organisation.yml", "dormant_days: 180", "dormant_days: half a year")
    key = change(home, "organisation.yml", "source_drop_share:", "source_drop_shar:")
    kind = change(home, "sources.yml", "kind: pretix", "kind: pretiks")
    monkeypatch.delenv("STRIPE_API_KEY")
    change(home, "targets.yml", "value: 0.80", "value: 0.80\n    plan: individuel")
    rule = change(home, "segments/20_grace.yml", "stage = 'grace'", "stagee = 'grace'")
    found = problems(home)
    expected = [
        (f"organisation.yml:{zone}:", "'Europe/Berlim' is not a time zone"),
        (f"organisation.yml:{days}:", "a whole number"),
        (f"organisation.yml:{key}:", "did you mean 'source_drop_share'?"),
        (f"sources.yml:{kind}:", "did you mean 'pretix'?"),
        ("sources.yml:", "STRIPE_API_KEY is not set"),
        ("segments/20_grace.yml:" + str(rule), "did you mean 'stage'?"),
    ]
    for where, what in expected:
        assert any(where in line and what in line for line in found), (where, what, found)


def test_unknown_plans_are_found_in_targets_and_segments(home: Home) -> None:
    change(home, "targets.yml", "value: 0.80", "value: 0.80\n    plan: individuel")
    change(home, "segments/20_grace.yml", "stage = 'grace'", "plan_code in ('student', 'monthli')")
    found = problems(home)
    assert any("targets.yml" in line and "did you mean 'individual'?" in line for line in found)
    assert any("20_grace.yml" in line and "did you mean 'monthly'?" in line for line in found)
    assert len(found) == 2


def test_targets_are_in_the_unit_of_their_metric_and_on_its_good_side(home: Home) -> None:
    change(home, "targets.yml", "value: 0.80", "value: 80")
    change(home, "targets.yml", "value: 0.85", "value: 0.85\n    plan: student")
    change(home, "targets.yml", "value: 40", "value: 40\n    direction: below")
    change(home, "targets.yml", "metric: resolution_time", "metric: nps")
    found = problems(home)
    for expected in (
        "80 is out of range; expected a share such as 0.80",
        "only a target for renewal_rate may name a plan",
        "a target for nps is 'above'",
    ):
        assert any("targets.yml" in line and expected in line for line in found), (expected, found)


def test_a_metric_has_one_target_at_a_time(home: Home) -> None:
    change(home, "targets.yml", "metric: resolution_time", "metric: nps")
    assert any("a second target for nps" in line for line in problems(home))


def test_the_target_that_began_last_is_in_force() -> None:
    old = Target(metric="nps", value=30, owner_team="a")
    new = Target(metric="nps", value=40, owner_team="a", from_date=date(2026, 7, 1))
    plan = Target(metric="renewal_rate", value=0.7, owner_team="a", plan="student")
    assert targets_in_force([new, plan, old], date(2026, 6, 30)) == [plan, old]
    assert targets_in_force([new, plan, old], date(2026, 7, 1)) == [new, plan]


def test_a_kind_has_one_source_and_a_name_is_no_other_kinds(home: Home) -> None:
    change(home, "sources.yml", "  stripe:\n    kind: stripe", "  payments:\n    kind: stripe")
    load_configuration(home)
    change(home, "sources.yml", "kind: pretix", "kind: stripe")
    change(home, "sources.yml", "  payments:\n", "  main:\n")
    found = problems(home)
    assert any("the name 'pretix' is taken" in line for line in found), found
    assert any("the name 'main' is taken" in line for line in found), found
    assert any("'pretix' is of kind stripe already" in line for line in found), found


def test_a_key_given_twice_names_both_lines(home: Home) -> None:
    line = change(home, "organisation.yml", "  slug: example", "  slug: example\n  slug: other")
    assert problems(home) == [
        f"config/organisation.yml:{line + 1}: key 'slug' is given twice (first in line {line})"
    ]


def test_broken_yaml_and_missing_files_do_not_hide_the_other_files(home: Home) -> None:
    change(home, "organisation.yml", "  slug: example", "  slug: [example")
    (home.config / "targets.yml").unlink()
    change(home, "platforms.yml", "list_id: a1b2c3", "list_id: 12-3")
    found = problems(home)
    assert any("organisation.yml" in line and "not valid YAML" in line for line in found)
    assert any("targets.yml: the file is missing" in line for line in found)
    assert any("platforms.yml" in line and "list_id" in line for line in found)


def test_a_secret_that_is_wrong_is_never_shown(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_API_KEY", "pk_live_do_not_show_me")
    found = problems(home)
    assert any("sources.yml" in line and "secret 'api_key'" in line for line in found)
    assert "do_not_show_me" not in "\n".join(found)


def test_secrets_come_from_the_env_file_and_the_environment_wins(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIVICRM_API_KEY")
    home.env_file.write_text("# keys\nCIVICRM_API_KEY='from file'\nPRETIX_TOKEN=file\n")
    configuration = load_configuration(home)
    assert configuration.source_settings["civicrm"]["api_key"] == "from file"
    assert configuration.source_settings["pretix"]["api_token"] == KEYS["PRETIX_TOKEN"]


@pytest.mark.parametrize("address", ["https://us1.api.mailchimp.com", None])
def test_outside_production_no_platform_of_the_world_is_reached(
    home: Home, address: str | None
) -> None:
    new = f"base_url: {address}" if address else "connections: 3"
    change(home, "platforms.yml", "base_url: http://127.0.0.1:8704", new)
    found = problems(home)
    assert len(found) == 1
    assert "not on this machine" in found[0]
    change(home, "organisation.yml", "profile: sandbox", "profile: production")
    load_configuration(home)


def test_union_mode_reaches_the_platform(home: Home) -> None:
    change(home, "organisation.yml", "union_mode: false", "union_mode: true")
    assert any("may not leave in union mode" in line for line in problems(home))
    change(home, "platforms.yml", "LNAME: last_name", "")
    assert load_configuration(home).platform_settings["mailchimp"]["union_mode"] is True


def test_the_command_lists_them_all_starts_nothing_and_ends_with_2(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(home, "organisation.yml", "dormant_days: 180", "dormant_days: x")
    monkeypatch.delenv("PRETIX_TOKEN")
    result = CliRunner().invoke(app, ["nightly", "--home", str(home.root)])
    assert result.exit_code == 2
    assert "2 problems in the configuration" in result.stderr
    assert "PRETIX_TOKEN is not set" in result.stderr
    assert not home.data.exists()


def test_what_is_measured_is_checked_like_the_rest(home: Home) -> None:
    line = change(
        home,
        "organisation.yml",
        "  snapshot_days: 90",
        "  tenure_bands: {new: 0, old: 400, middle: 365}\n"
        "  conversions: [{from_stage: lapsed, to_stage: gone, within_days: 90}]\n"
        "  snapshot_days: 90",
    )
    change(home, "organisation.yml", "weights: {}", "weights: {event_attended: {weight: 6}}")
    found = "\n".join(problems(home))
    assert f"organisation.yml:{line}" in found
    assert "rising days" in found
    assert f"organisation.yml:{line + 1}" in found
    assert "weights_version must not be '1'" in found


def test_measures_reach_dbt_and_silence_keeps_the_defaults(home: Home) -> None:
    organisation = load_configuration(home).organisation
    silent = measure_variables(organisation.stages, organisation.engagement)
    assert "tenure_bands" not in silent
    assert "stage_conversions" not in silent
    assert silent["dormant_days"] == 180
    change(
        home,
        "organisation.yml",
        "  snapshot_days: 90",
        "  tenure_bands: {new: 0, old: 400}\n"
        "  conversions: [{from_stage: lapsed, to_stage: onboarding, within_days: 90}]\n"
        "  snapshot_days: 30",
    )
    change(
        home,
        "organisation.yml",
        'weights_version: "1"\n  weights: {}',
        "weights_version: 2026-a\n  weights: {event_attended: {weight: 6}}",
    )
    organisation = load_configuration(home).organisation
    said = measure_variables(organisation.stages, organisation.engagement)
    assert said["tenure_bands"] == {"new": 0, "old": 400}
    assert said["stage_conversions"] == [
        {"from_stage": "lapsed", "to_stage": "onboarding", "within_days": 90}
    ]
    assert said["snapshot_days"] == 30
    assert said["engagement_weights"] == {"event_attended": {"weight": 6.0}}
    assert said["engagement_weights_version"] == "2026-a"


def test_a_weight_for_an_unknown_activity_is_an_error(home: Home) -> None:
    change(home, "organisation.yml", "weights: {}", "weights: {event_atended: {weight: 6}}")
    assert "no activity is called event_atended" in "\n".join(problems(home))

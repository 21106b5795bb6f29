"""Moments a user may ask for with --as-known-at, and what they mean."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connectors.landing.loader import Loader
from flows.configuration import load_configuration
from flows.errors import JourneyError, UsageError
from flows.example import write_example
from flows.home import Home
from flows.steps.known import build_as_known, local_day, moment_of, remove_known

BERLIN = ZoneInfo("Europe/Berlin")
at = datetime.fromisoformat


@pytest.mark.parametrize(
    ("text", "moment", "day"),
    [
        ("2026-06-29", at("2026-06-29 22:00:00"), date(2026, 6, 29)),
        ("2026-01-31", at("2026-01-31 23:00:00"), date(2026, 1, 31)),
        # the day the clocks go forward ends an hour earlier in UTC than the day before
        ("2026-03-29", at("2026-03-29 22:00:00"), date(2026, 3, 29)),
        ("2026-06-29T22:30:00", at("2026-06-29 22:30:00"), date(2026, 6, 30)),
        ("2026-06-29 21:00:00.5", at("2026-06-29 21:00:00.5"), date(2026, 6, 29)),
        ("2026-06-29T23:00:00+02:00", at("2026-06-29 21:00:00"), date(2026, 6, 29)),
    ],
)
def test_a_day_means_its_end_and_a_moment_is_utc(text: str, moment: datetime, day: date) -> None:
    assert moment_of(text, BERLIN) == moment
    assert local_day(moment, BERLIN) == day


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "29.06.2026", "2026-06-29T99:00"])
def test_anything_else_is_refused_with_the_forms_that_work(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        moment_of(text, BERLIN)
    assert text in refused.value.message
    assert "2026-06-29T21:00:00" in refused.value.hint


def test_old_and_unfinished_files_are_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.known.mkdir(parents=True)
    for name in ("as-known-old.duckdb", "as-known-new.duckdb"):
        (home.known / name).touch()
    (home.known / ".building-x").mkdir()
    (home.known / ".building-x" / "as-known-other.duckdb").touch()
    now = datetime.now(UTC)
    eight_days_ago = now.timestamp() - 8 * 86_400
    os.utime(home.known / "as-known-old.duckdb", (eight_days_ago, eight_days_ago))
    assert remove_known(home, 7, now) == [".building-x", "as-known-old.duckdb"]
    assert [path.name for path in home.known.iterdir()] == ["as-known-new.duckdb"]
    assert remove_known(Home(tmp_path / "elsewhere"), 7, now) == []


def test_before_the_first_load_nothing_is_built(tmp_path: Path) -> None:
    write_example(tmp_path)
    home = Home(tmp_path)
    home.make()
    configuration = load_configuration(home, need_secrets=False)
    moment, day = at("2026-06-29 21:00:00"), date(2026, 6, 29)
    with pytest.raises(JourneyError, match="nothing has been loaded yet"):
        build_as_known(configuration, "r1", day, moment)
    Loader(home.raw).ensure_all({}, {}, [])
    with pytest.raises(UsageError, match=r"nothing was known at 2026-06-29 21:00:00 \(UTC\)"):
        build_as_known(configuration, "r1", day, moment)
    assert not list(home.known.glob("*"))

"""Whole nights on the sandbox association, compared with its truth."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest
from night_tools import Nights

pytestmark = pytest.mark.slow
UNDECIDABLE_SHARE = 0.03


def test_the_platform_holds_exactly_who_the_truth_says(nights: Nights) -> None:
    first = nights.snapshots[0]
    assert len(first.wanted) > 50
    assert first.delivered == first.wanted


def test_a_second_night_at_once_pushes_nothing_and_fetches_little(nights: Nights) -> None:
    first, second, _ = nights.snapshots
    assert second.receipt["state"] == "succeeded"
    assert second.writes == first.writes
    assert second.delivered == first.delivered
    assert second.fetched < first.fetched / 2
    changed = sum(
        item["inserted"] + item["updated"] + item["deleted"]
        for item in second.receipt["streams"]
        if item["source"] != "mailchimp"
    )
    assert changed == 0


def test_after_a_day_only_the_difference_is_pushed(nights: Nights) -> None:
    _, second, third = nights.snapshots
    assert third.delivered == third.wanted
    assert third.wanted != second.wanted
    report = third.receipt["pushes"][0]
    assert sum(item["adds"] for item in report["segments"]) == len(third.wanted - second.wanted)
    assert sum(item["removes"] for item in report["segments"]) <= len(second.wanted - third.wanted)


def test_nobody_was_subscribed_or_unsubscribed_by_a_push(nights: Nights) -> None:
    first, second, _ = nights.snapshots
    assert first.statuses == second.statuses
    assert "unsubscribed" in first.statuses.values()
    reached = {address for _, address in first.delivered}
    assert {first.statuses[address] for address in reached} == {"subscribed"}


def test_every_day_of_two_years_has_the_stage_the_truth_says(nights: Nights) -> None:
    truth = nights.snapshots[2].truth
    undecidable = set(truth["undecidable"]["person_id"])
    people = set(truth["stages"]["person_id"])
    assert len(undecidable) < UNDECIDABLE_SHARE * len(people)
    end = date(2026, 7, 1)
    start = end - timedelta(days=730)
    wanted = day_by_day(truth["stages"].rename(columns={"person_id": "who"}), start, end)
    found = day_by_day(our_stages(nights, truth["records"]), start, end)
    decidable = sorted(people - undecidable)
    different = {who for who in decidable if wanted.get(who, {}) != found.get(who, {})}
    assert not different, (
        f"{len(different)} of {len(decidable)} people differ: {sorted(different)[:5]}"
    )


def our_stages(nights: Nights, records: pd.DataFrame) -> pd.DataFrame:
    """Stage visits of the last build under the truth's person ids."""
    build = (nights.home.builds / "current").resolve()
    with duckdb.connect(str(build), read_only=True) as db:
        db.register("records", records)
        return db.execute(
            """
            with keys as (
                select distinct r.person_id as who, m.person_key
                from records as r
                inner join map_identity as m
                    on m.source_system = r.source_system
                    and m.source_record_id = r.source_record_id
                    and m.valid_to is null
            )
            select keys.who, h.valid_from, h.valid_to, h.stage
            from keys
            inner join fct_lifecycle_stage_history as h on h.member_key = keys.person_key
            """
        ).df()


def day_by_day(visits: pd.DataFrame, start: date, end: date) -> dict[str, dict[date, str]]:
    """who -> day -> stage, from `start` to `end` inclusive."""
    found: dict[str, dict[date, str]] = {}
    for who, valid_from, valid_to, stage in visits[
        ["who", "valid_from", "valid_to", "stage"]
    ].itertuples(index=False, name=None):
        first = max(pd.Timestamp(valid_from).date(), start)
        last = min(
            end if pd.isna(valid_to) else pd.Timestamp(valid_to).date() - timedelta(days=1), end
        )
        days = found.setdefault(str(who), {})
        for number in range((last - first).days + 1):
            days[first + timedelta(days=number)] = str(stage)
    return found


def test_the_analyst_file_holds_the_operations_of_all_nights(nights: Nights) -> None:
    with duckdb.connect(str(nights.home.current / "analyst.duckdb"), read_only=True) as db:
        runs = db.execute("select run_id, state from ops_run order by run_id").fetchall()
        streams = db.execute("select count(distinct source) from ops_stream").fetchone()
        columns = {
            row[0] for row in db.execute("select column_name from duckdb_columns()").fetchall()
        }
    assert [state for _, state in runs] == ["succeeded", "succeeded", "running"]
    assert streams == (5,)
    assert not columns & {"email", "email_key", "first_name", "last_name", "phone_e164", "street"}


def test_a_reader_in_another_process_read_all_the_time(nights: Nights) -> None:
    reads, versions = nights.reads
    assert reads > 20
    assert versions == 3


def test_pages_are_there_and_name_nobody(nights: Nights) -> None:
    home = nights.home
    report = (home.current / "report.html").read_text(encoding="utf-8")
    pages = [report, *(p.read_text("utf-8") for p in (home.docs / "gx").rglob("*.html"))]
    assert (home.docs / "dbt" / "index.html").stat().st_size > 100_000
    assert len(pages) > 10
    addresses = list(nights.snapshots[0].statuses)
    assert not [address for address in addresses if any(address in page for page in pages)]


def test_only_good_things_are_left_on_disk(nights: Nights) -> None:
    home = nights.home
    assert not list(home.data.rglob("*.wal"))
    assert not list(home.published.glob(".*"))
    assert len([p for p in home.published.iterdir() if not p.is_symlink()]) == 3

"""The report page: drawn from a published file, self-contained, nothing in it interpreted."""

import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from report.data import with_interval
from report.page import write_report

TODAY = date(2026, 6, 30)
RUN = {
    "run_id": "r1",
    "summary": "1 source",
    "streams": [
        {
            "source": "civicrm",
            "stream": "contact",
            "state": "loaded",
            "fetched": 12345,
            "inserted": 3,
            "updated": 0,
            "deleted": 0,
            "quarantined": 0,
            "error": "",
        }
    ],
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Four members, two of whom moved a stage ten days ago; 36 months of renewals at 3 of 4."""
    moved = TODAY - timedelta(days=10)
    long_ago = TODAY - timedelta(days=400)
    with duckdb.connect(str(tmp_path / "analyst.duckdb")) as db:
        db.execute(
            "create table mart_member_360 as select * from (values"
            " ('a', 'engaged', 'membership', true, 10), ('b', 'engaged', 'membership', true, 10),"
            " ('c', 'dormant', 'membership', true, 400), ('d', 'former', 'marketing', false, 400))"
            " t(member_key, stage, owner_team, is_active_member, days_in_stage)"
            f" cross join (select date '{TODAY}' as as_of_date)"
        )
        history = [
            (key, start, end, stage)
            for key in "ab"
            for start, end, stage in ((long_ago, moved, "dormant"), (moved, None, "engaged"))
        ]
        history += [("c", long_ago, None, "dormant"), ("d", long_ago, None, "former")]
        db.execute(
            "create table fct_lifecycle_stage_history"
            "(member_key text, valid_from date, valid_to date, stage text)"
        )
        db.executemany("insert into fct_lifecycle_stage_history values (?,?,?,?)", history)
        db.execute(
            "create table metric_renewal_rate as"
            " select s.slice_name, s.slice_value, cast(m as date) as period_start,"
            " last_day(m) as period_end, 40 as denominator, 30 as numerator,"
            " 0.75 as value, 0.6 as lo, 0.85 as hi, m < date '2026-05-01' as is_mature"
            " from range(date '2023-07-01', date '2026-07-01', interval 1 month) t(m),"
            " (values ('all', 'all'), ('term_number', '1'), ('term_number', '2'))"
            " s(slice_name, slice_value)"
        )
        db.execute(
            "create table rpt_targets(metric text, metric_label text, slice_value text,"
            " unit text, direction text, owner_team text, status text, n bigint, target double,"
            " value double, lo double, hi double, period_start date, period_end date,"
            " position integer)"
        )
        db.execute(
            "create table dim_journey_version as select 'renewal' as journey_id,"
            " 1 as journey_version, 'Renewal' as journey_title,"
            " date '0001-01-01' as applies_from_date, date '9999-12-31' as applies_until_date"
        )
        db.execute(
            "create table dim_journey_stage as select 'renewal' as journey_id,"
            " 1 as journey_version, * from (values (1, 'notice', 'Notice sent'),"
            " (2, 'decide', 'Decides')) t(stage_no, stage_id, stage_title)"
            " cross join (select 'organisation' as owner_type, 'membership' as owner_team)"
        )
        db.execute(
            "create table mart_journey_members as select 'renewal' as journey_id, * from"
            f" (values ('i1', 'notice', date '{TODAY}'), ('i2', 'notice', date '{moved}'))"
            " t(instance_id, stage_id, due_date)"
            " cross join (select 'organisation' as owner_type, 'membership' as owner_team)"
        )
        year = (date(2025, 5, 1), date(2026, 4, 30))
        renewal = ("renewal_rate", "Renewal rate")
        goal = ("share", "at_least", "membership")
        hours = ("resolution_time", "Time to first resolution", "all", "hours", "below", "service")
        score = ("nps", "Net Promoter Score", "all", None, "above", "marketing")
        rows = [
            (*score, "too few", 4, 40.0, None, None, None, None, None, 3),
            (*renewal, "all", *goal, "missed", 480, 0.8, 0.75, 0.709, 0.787, *year, 1),
            (*renewal, "student", *goal, "not proven", 60, 0.825, 0.8, 0.68, 0.88, *year, 2),
            (*hours, "met", 400, 48.0, 31.5, 30.0, 33.25, *year, 4),
        ]
        marks = ", ".join("?" * 15)
        db.executemany(f"insert into rpt_targets values ({marks})", rows)
    return tmp_path


def test_page_says_what_the_file_says(published: Path) -> None:
    page = _page(published, name="Example Association")
    assert "12,345" in page
    assert re.search(r"People seen</span><b>4<", page)
    assert re.search(r"Members</span><b>3<", page)
    assert re.search(r"Renewal rate</span><b>75\.0%<", page)
    assert "dormant  3" in page  # three dormant 90 days ago, in the flow picture
    assert "engaged  2" in page
    assert "Notice sent" in page
    assert "2  (1 late)" in page  # due today is in time


def test_without_journeys_the_page_says_so(published: Path) -> None:
    with duckdb.connect(str(published / "analyst.duckdb")) as db:
        for table in ("dim_journey_version", "dim_journey_stage", "mart_journey_members"):
            db.execute(f"delete from {table}")
    assert "No journey is configured." in _page(published, name="x")


def test_every_target_is_shown_with_its_verdict(published: Path) -> None:
    page = _page(published, name="x")
    assert '<b>75.0%</b><em class="bad">at least 80%: missed</em>' in page
    assert '<b>31.5 h</b><em class="ok">under 48 h: met</em>' in page
    assert '<b>–</b><em class="muted">above 40: too few</em>' in page
    rows = re.findall(r"<tr><td>(Renewal rate|Net Promoter|Time to first)", page)
    assert rows == ["Renewal rate", "Renewal rate", "Net Promoter", "Time to first"]  # by position
    assert "70.9% to 78.7%" in page
    assert "May 2025 to Apr 2026" in page
    plan = page[page.index("<td>student</td>") :].split("</tr>")[0]
    assert "at least 82.5%" in plan
    assert 'class="warn">not proven' in plan


def test_page_without_targets(published: Path) -> None:
    with duckdb.connect(str(published / "analyst.duckdb")) as db:
        db.execute("delete from rpt_targets")
    page = _page(published, name="x")
    assert "No target is configured" in page
    assert "dashed" not in page


def test_page_loads_nothing_and_runs_nothing(published: Path) -> None:
    page = _page(published, name="<script>alert(1)</script>")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    links = set(re.findall(r"https?://[^\"'<\s]+", page))
    assert {link for link in links if not link.startswith("http://www.w3.org/")} == set()


def test_an_empty_warehouse_is_named(published: Path) -> None:
    with duckdb.connect(str(published / "analyst.duckdb")) as db:
        db.execute("delete from mart_member_360")
    with pytest.raises(LookupError, match="mart_member_360 is empty"):
        _page(published, name="x")


def test_interval_matches_the_published_example() -> None:
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662 by Wilson's method."""
    found = with_interval(pd.DataFrame({"numerator": [81], "denominator": [263]})).iloc[0]
    assert (round(found["lo"], 4), round(found["hi"], 4)) == (0.2553, 0.3662)


def _page(published: Path, *, name: str) -> str:
    out = write_report(published, published / "report.html", organisation={"name": name}, run=RUN)
    return out.read_text("utf-8")

"""What the report says, read from a published analyst file.

Data flow: published/<version>/analyst.duckdb (read only) -> tidy data frames -> `report.page`.
Only counts leave this module: no member key, no name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd

FLOW_DAYS = 90
RENEWAL_MONTHS = 36
TERM_MONTHS = 24


@dataclass(frozen=True)
class ReportData:
    """Everything the page draws: one frame per section, shares as 0..1."""

    as_of: date
    people: int
    active_members: int
    stages: pd.DataFrame  # stage, owner_team, people, share, median_days
    flow: pd.DataFrame  # from_stage, to_stage, people
    renewal_months: pd.DataFrame  # period_start, numerator, denominator, rate, ci_*, is_mature
    renewal_terms: pd.DataFrame  # slice_value, numerator, denominator, value, lo, hi
    targets: pd.DataFrame  # metric, metric_label, slice_value, unit, direction, target, value, ...
    journeys: pd.DataFrame  # journey, stage, owner_type, owner_team, in_time, late; in order


def read(analyst: Path) -> ReportData:
    """The report's frames from one analyst file; raises duckdb.Error when a table is missing."""
    with duckdb.connect(str(analyst), read_only=True) as db:
        as_of, people, active = _people(db)
        stages = db.execute(
            """
            select stage, coalesce(max(owner_team), '') as owner_team, count(*) as people,
                   count(*) / sum(count(*)) over () as share, median(days_in_stage) as median_days
            from mart_member_360 group by stage
            """
        ).df()
        flow = db.execute(
            """
            select past.stage as from_stage, now.stage as to_stage, count(*) as people
            from fct_lifecycle_stage_history as past
            inner join fct_lifecycle_stage_history as now on now.member_key = past.member_key
            where past.valid_from <= $then and (past.valid_to is null or past.valid_to > $then)
              and now.valid_from <= $today and (now.valid_to is null or now.valid_to > $today)
            group by all
            """,
            {"then": as_of - timedelta(days=FLOW_DAYS), "today": as_of},
        ).df()
        months = db.execute(
            """
            select period_start, numerator, denominator, value, lo, hi, is_mature
            from metric_renewal_rate
            where slice_name = 'all' and period_end <= $today and denominator > 0
            order by period_start desc limit $months
            """,
            {"today": as_of, "months": RENEWAL_MONTHS},
        ).df()
        terms = db.execute(
            """
            select slice_value, sum(numerator) as numerator, sum(denominator) as denominator
            from metric_renewal_rate
            where slice_name = 'term_number' and is_mature
              and period_start > $today - to_months($months)
            group by slice_value having sum(denominator) >= 10
            order by try_cast(regexp_extract(slice_value, '[0-9]+') as integer)
            """,
            {"today": as_of, "months": TERM_MONTHS},
        ).df()
        journeys = db.execute(
            """
            select versions.journey_title as journey, stages.stage_title as stage,
                   stages.owner_type, stages.owner_team,
                   count(people.instance_id) filter (where people.due_date >= $today) as in_time,
                   count(people.instance_id) filter (where people.due_date < $today) as late
            from dim_journey_stage as stages
            inner join dim_journey_version as versions using (journey_id, journey_version)
            left join mart_journey_members as people using (journey_id, stage_id)
            where versions.applies_from_date <= $today and versions.applies_until_date > $today
            group by stages.journey_id, stages.stage_no, versions.journey_title,
                     stages.stage_title, stages.owner_type, stages.owner_team
            order by stages.journey_id, stages.stage_no
            """,
            {"today": as_of},
        ).df()
        targets = db.execute(
            """
            select metric, metric_label, slice_value, unit, direction, owner_team, status, n,
                   target, value, lo, hi, period_start, period_end
            from rpt_targets order by position
            """
        ).df()
    return ReportData(
        as_of=as_of,
        people=people,
        active_members=active,
        stages=stages,
        flow=flow,
        renewal_months=months.sort_values("period_start", ignore_index=True),
        renewal_terms=with_interval(terms),
        targets=targets,
        journeys=journeys,
    )


def with_interval(rates: pd.DataFrame) -> pd.DataFrame:
    """Adds value, lo, hi: the share and its Wilson 95 % interval (Wilson 1927)."""
    n, k, z = rates["denominator"], rates["numerator"], 1.959963984540054
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * (p * (1 - p) / n + z * z / (4 * n * n)).pow(0.5) / (1 + z * z / n)
    return rates.assign(value=p, lo=centre - half, hi=centre + half)


def _people(db: duckdb.DuckDBPyConnection) -> tuple[date, int, int]:
    """(as of, people, active members); LookupError when nobody is in the file."""
    row = db.execute(
        """
        select max(as_of_date), count(*), count(*) filter (where is_active_member)
        from mart_member_360
        """
    ).fetchone()
    if row is None or row[0] is None:
        raise LookupError("the published warehouse holds nobody: mart_member_360 is empty")
    return row[0], int(row[1]), int(row[2])

"""The stage history of the sandbox association against its truth, person by person, day by day.

Data flow: sandbox -> connectors -> raw -> whole dbt project -> history; truth/*.parquet; compare.
"""

from __future__ import annotations

from pathlib import Path

from upstream import Built

COMPARE = """
with people as (
    select distinct records.person_id, identity.member_key
    from read_parquet('{truth}/records.parquet') as records
    inner join int_identity__current as identity using (source_system, source_record_id)
    where records.person_id not in (select person_id from '{truth}/undecidable.parquet')
),
days as (
    select cast(day as date) as day
    from range(
        (select min(valid_from) from '{truth}/stages.parquet'),
        (select max(as_of_date) + 1 from mart_member_360),
        interval 1 day
    ) as series (day)
),
wanted as (
    select truth.person_id, days.day, truth.stage
    from '{truth}/stages.parquet' as truth
    inner join days
        on days.day >= truth.valid_from and days.day < coalesce(truth.valid_to, 'infinity')
    where truth.person_id not in (select person_id from '{truth}/undecidable.parquet')
),
found as (
    select people.person_id, days.day, history.stage
    from fct_lifecycle_stage_history as history
    inner join people using (member_key)
    inner join days
        on days.day >= history.valid_from and days.day < coalesce(history.valid_to, 'infinity')
    where days.day >= (select max(day) - 731 from days)
)
select {what}
from wanted full outer join found using (person_id, day)
"""


def test_every_day_of_two_years_is_the_truths(sandbox_build: Built, world: Path) -> None:
    assert sandbox_build.code == 0, sandbox_build.said[-4000:]
    truth = world / "truth"
    count = sandbox_build.rows(COMPARE.format(truth=truth, what="count(*)"))[0][0]
    assert count > 100_000, f"only {count} person-days were compared"
    wrong = COMPARE + "where wanted.stage is distinct from found.stage"
    what = "wanted.stage, found.stage, count(*), min(person_id), min(day)"
    found = sandbox_build.rows(wrong.format(truth=truth, what=what) + " group by 1, 2 order by 3")
    assert found == []

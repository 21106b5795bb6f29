"""Commands about service journeys: list, show, members.

Data flow: config/journeys/*.yml + published warehouse -> who is in which stage, and what is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.errors import UsageError
from flows.output import (
    HomeOption,
    JsonOption,
    expected_errors,
    show,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from flows.configuration import Configuration
    from flows.configuration.journeys import Journey

app = typer.Typer(
    help="Service journeys: who is in which stage, and what is due.", no_args_is_help=True
)
JourneyName = Annotated[str, typer.Argument(help="A journey id such as renewal.")]
_LISTED = ("journey", "version", "title", "stages", "open", "ended", "succeeded", "overdue")
_STAGES = ("stage", "owner", "team", "people", "stalled", "overdue", "due_7_days", "due_30_days")


@app.command("list")
@expected_errors
def list_journeys(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every configured journey with its instances in the published warehouse."""
    configuration = _configuration(home)
    outcomes = {
        (row["journey_id"], row["journey_version"]): row
        for row in _published(configuration, "select * from rpt_journey_outcomes")
    }
    overdue = {
        (row["journey_id"], row["journey_version"]): row["n"]
        for row in _published(
            configuration,
            "select journey_id, journey_version, count(*) as n from fct_journey_task"
            " where task_status = 'overdue' group by all",
        )
    }
    found = []
    for item in configuration.journeys:
        key = item.id, item.version
        row = outcomes.get(key, {})
        found.append(
            {
                "journey": item.id,
                "version": item.version,
                "title": item.title,
                "stages": len(item.stages),
                "open": row.get("open_instances", 0),
                "ended": row.get("instances", 0) - row.get("open_instances", 0),
                "succeeded": row.get("successful", 0),
                "overdue": overdue.get(key, 0),
            }
        )
    if as_json:
        show_json(found)
        return
    show_table(_LISTED, [[row[column] for column in _LISTED] for row in found])


@app.command("show")
@expected_errors
def show_journey(
    journey: JourneyName, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """One journey: people per stage now, what is due for them, and how much each team has to do."""
    configuration = _configuration(home)
    chosen = _newest(configuration, journey)
    counted = _published(
        configuration,
        """
        select visits.stage_id, count(*) as people,
               count(*) filter (where visits.is_stalled) as stalled,
               count(*) filter (where tasks.task_status = 'overdue') as overdue,
               count(*) filter (where tasks.task_status = 'open' and tasks.days_left <= 7)
                   as due_7_days,
               count(*) filter (where tasks.task_status = 'open' and tasks.days_left <= 30)
                   as due_30_days
        from fct_journey_stage as visits
        left join (
            select fct_journey_task.*, due_date - as_of_date as days_left
            from fct_journey_task
            cross join (select max(as_of_date) as as_of_date from mart_member_360)
            where task_status in ('open', 'overdue')
        ) as tasks using (instance_id, stage_no)
        where visits.journey_id = ? and visits.is_open
        group by visits.stage_id
        """,
        [journey],
    )
    by_stage = {row["stage_id"]: row for row in counted}
    stages = [
        {
            "stage": stage.id,
            "owner": stage.owner_type,
            "team": stage.owner_team,
            **{key: by_stage.get(stage.id, {}).get(key, 0) for key in _STAGES[3:]},
            "next_action": stage.next_action,
            "segment": f"jrn:{journey}:{stage.id}",
        }
        for stage in chosen.stages
    ]
    workload = _published(
        configuration,
        "select owner_team, sum(people)::int as people, sum(overdue)::int as overdue,"
        " sum(due_next_7_days)::int as due_7_days, sum(due_next_30_days)::int as due_30_days,"
        " min(earliest_due_date) as earliest_due_date"
        " from mart_owner_workload where journey_id = ? group by 1 order by 1",
        [journey],
    )
    if as_json:
        show_json(
            {
                "journey": chosen.id,
                "version": chosen.version,
                "outcome": chosen.outcome,
                "stages": stages,
                "workload": workload,
            }
        )
        return
    show(f"{chosen.id} v{chosen.version}: {chosen.outcome}")
    show_table(_STAGES, [[row[column] for column in _STAGES] for row in stages])
    columns = ("owner_team", "people", "overdue", "due_7_days", "due_30_days", "earliest_due_date")
    show_table(columns, [[row[column] for column in columns] for row in workload], "To do, by team")


@app.command()
@expected_errors
def members(
    journey: JourneyName,
    stage: Annotated[str | None, typer.Argument(help="Only this stage of it.")] = None,
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=0, help="How many people to show.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Who is in a journey now, what is next for them and by when; the most urgent first."""
    configuration = _configuration(home)
    chosen = _newest(configuration, journey)
    known = [item.id for item in chosen.stages]
    if stage and stage not in known:
        raise UsageError(
            f"journey {journey} has no stage '{stage}'", hint=f"Its stages: {', '.join(known)}."
        )
    found = _published(
        configuration,
        "select member_key, segment_id, days_in_stage, is_stalled, owner_team, next_action,"
        " due_date from mart_journey_members where journey_id = ? and coalesce(stage_id = ?, true)"
        " order by due_date, member_key, instance_id limit ?",
        [journey, stage, limit],
    )
    if as_json:
        show_json(found)
        return
    columns = ("member_key", "segment_id", "days_in_stage", "owner_team", "next_action", "due_date")
    show_table(columns, [[row[column] for column in columns] for row in found])


def _configuration(home: Any) -> Configuration:
    from flows.configuration import load_configuration
    from flows.home import find_home

    return load_configuration(find_home(home), need_secrets=False)


def _published(
    configuration: Configuration, sql: str, values: list[Any] | None = None
) -> list[dict[str, Any]]:
    """Rows of the published analyst file; none before the first night."""
    from flows.warehouse import analyst, rows

    if not configuration.home.current.exists():
        return []
    with analyst(configuration.home) as db:
        return rows(db, sql, values)


def _newest(configuration: Configuration, name: str) -> Journey:
    versions = [item for item in configuration.journeys if item.id == name]
    if not versions:
        known = ", ".join(dict.fromkeys(item.id for item in configuration.journeys)) or "none"
        raise UsageError(f"there is no journey '{name}'", hint=f"Configured: {known}.")
    return max(versions, key=lambda item: item.version)

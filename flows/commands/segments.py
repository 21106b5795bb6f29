"""Commands about segments: list, preview, explain, diff.

Data flow: config/segments/*.yml + published warehouse -> who is in, who would be, and why.
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
    from activation.segments import Segment
    from flows.configuration import Configuration

app = typer.Typer(help="Segments: who is in, and why.", no_args_is_help=True)
SegmentName = Annotated[str, typer.Argument(help="A segment id such as 20_grace.")]


@app.command("list")
@expected_errors
def list_segments(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every configured segment with its size in the published warehouse."""
    from flows.warehouse import activation, rows

    configuration = _configuration(home)
    sizes: dict[str, int] = {}
    if configuration.home.current.exists():
        with activation(configuration.home) as db:
            sql = "select segment_id, count(*) as n from seg_candidates group by 1"
            sizes = {row["segment_id"]: row["n"] for row in rows(db, sql)}
    found = [
        {
            "segment": segment.id,
            "title": segment.title,
            "purpose": segment.purpose,
            "owner_team": segment.owner_team,
            "priority": segment.priority,
            "members": sizes.get(segment.id, 0),
        }
        for segment in configuration.segments
    ]
    if as_json:
        show_json(found)
        return
    columns = ("segment", "title", "purpose", "owner_team", "priority", "members")
    show_table(columns, [[row[column] for column in columns] for row in found])


@app.command()
@expected_errors
def preview(
    segment: SegmentName,
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=0, help="How many member keys to show.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """Who the file as it is now would select from the published warehouse; nothing is built."""
    configuration = _configuration(home)
    chosen = _segment(configuration, segment)
    members = _selected(configuration, chosen)
    stages: dict[str, int] = {}
    for row in members:
        stages[row["stage"]] = stages.get(row["stage"], 0) + 1
    if as_json:
        keys = [row["member_key"] for row in members[:limit]]
        show_json({"segment": segment, "members": len(members), "stages": stages, "sample": keys})
        return
    show(f"{segment}: {len(members):,} people qualify, before consent")
    counted = sorted(stages.items(), key=lambda item: item[1], reverse=True)
    show_table(("stage", "people"), counted)
    for row in members[:limit]:
        show(f"  {row['member_key']}")


@app.command()
@expected_errors
def explain(
    segment: SegmentName,
    member: Annotated[str, typer.Argument(help="A member key or a member number.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which conditions of the segment hold for one person."""
    from flows.warehouse import member_key_of, member_row

    configuration = _configuration(home)
    chosen = _segment(configuration, segment)
    key = member_key_of(configuration.home, member)
    conditions = chosen.explain(member_row(configuration.home, key))
    is_in = all(holds for _, holds in conditions)
    if as_json:
        listed = [{"condition": text, "holds": holds} for text, holds in conditions]
        show_json({"segment": segment, "member_key": key, "is_in": is_in, "conditions": listed})
        return
    show(f"{key} is {'in' if is_in else 'not in'} {segment}:")
    for text, holds in conditions:
        mark = {True: "yes", False: "no", None: "unknown"}[holds]
        show(f"  {mark:8}{text}")


@app.command()
@expected_errors
def diff(
    segment: Annotated[str | None, typer.Argument(help="Only this segment.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who would enter and leave if the files as they are now were used; nothing is changed."""
    from flows.warehouse import activation, rows

    configuration = _configuration(home)
    if segment:
        _segment(configuration, segment)
    with activation(configuration.home) as db:
        published = rows(db, "select segment_id, member_key from seg_candidates")
    found = []
    for item in configuration.segments:
        if segment and item.id != segment:
            continue
        now = {row["member_key"] for row in _selected(configuration, item)}
        before = {row["member_key"] for row in published if row["segment_id"] == item.id}
        enter, leave = len(now - before), len(before - now)
        found.append(
            {
                "segment": item.id,
                "published": len(before),
                "now": len(now),
                "enter": enter,
                "leave": leave,
            }
        )
    if as_json:
        show_json(found)
        return
    columns = ("segment", "published", "now", "enter", "leave")
    show_table(columns, [[row[column] for column in columns] for row in found])


def _configuration(home: Any) -> Configuration:
    from flows.configuration import load_configuration
    from flows.home import find_home

    return load_configuration(find_home(home), need_secrets=False)


def _segment(configuration: Configuration, name: str) -> Segment:
    for segment in configuration.segments:
        if segment.id == name:
            return segment
    from flows.configuration.problems import nearest

    guess = nearest(name, [segment.id for segment in configuration.segments])
    raise UsageError(
        f"there is no segment '{name}'" + (f"; did you mean {guess}?" if guess else "")
    )


def _selected(configuration: Configuration, segment: Segment) -> list[dict[str, Any]]:
    """Members of the published mart for which the checked rule is true."""
    from flows.warehouse import analyst, rows

    with analyst(configuration.home) as db:
        sql = f"select member_key, stage from mart_member_360 where {segment.rule_sql} order by 1"
        return rows(db, sql)

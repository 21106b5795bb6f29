"""Commands about the sandbox association: generate, serve, advance, and the demo.

Data flow: sandbox folder -> fake vendor systems on loopback -> `journey nightly` against them.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.errors import JourneyError, UsageError
from flows.output import HomeOption, JsonOption, expected_errors, say, show, show_json

app = typer.Typer(help="A made-up association with known truth, on loopback.", no_args_is_help=True)
DirOption = Annotated[
    Path | None, typer.Option("--dir", help="The sandbox folder; sandbox-data beside config/.")
]
DEFAULT_FOLDER = "sandbox-data"
DEFAULT_DAY = date(2026, 6, 30)


@app.command()
@expected_errors
def generate(
    home: HomeOption = None,
    folder: DirOption = None,
    people: Annotated[int, typer.Option(min=50, max=1_000_000)] = 3000,
    seed: int = 7,
    today: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an older world.")] = False,
) -> None:
    """Make the association: its systems' records, and the truth about every person."""
    from sandbox.world import generate as make

    where = _folder(home, folder)
    if _exists(where) and not replace:
        raise UsageError(f"{where} already holds a sandbox", hint="Add --replace to make it anew.")
    day = today.date() if today else DEFAULT_DAY
    summary = make(where, seed=seed, people=people, today=day)
    show(f"{summary.people:,} people on {summary.today} in {where}")


@app.command()
@expected_errors
def serve(
    home: HomeOption = None,
    folder: DirOption = None,
    advance_days: Annotated[int, typer.Option("--advance", min=0, help="Days to pass first.")] = 0,
    people: Annotated[
        int, typer.Option(min=50, max=1_000_000, help="How many, if it is made now.")
    ] = 3000,
) -> None:
    """Serve the association's systems on loopback until stopped; makes it first if needed."""
    from flows.demo import ensure_sandbox, serve_until_stopped
    from flows.home import find_home
    from sandbox.world import advance as pass_days

    where = _folder(home, folder)
    ensure_sandbox(find_home(home), where, people=people)
    if advance_days:
        pass_days(where, advance_days)
    serve_until_stopped(where)


@app.command()
@expected_errors
def advance(
    days: Annotated[int, typer.Argument(min=1, max=3660)] = 1,
    home: HomeOption = None,
    folder: DirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let days pass: joins, renewals, cancellations, payments, unsubscribes, deletions."""
    from sandbox.world import advance as pass_days

    where = _folder(home, folder)
    if not _exists(where):
        raise JourneyError(f"{where} holds no sandbox", hint="Run `journey sandbox generate`.")
    summary = pass_days(where, days)
    if as_json:
        show_json({"today": summary.today, "people": summary.people})
    else:
        show(f"it is {summary.today} now")


@expected_errors
def demo(
    home: HomeOption = None,
    folder: DirOption = None,
    people: Annotated[int, typer.Option(min=50, max=1_000_000)] = 3000,
    as_json: JsonOption = False,
) -> None:
    """A whole night on the sandbox association; prints where to look and leaves nothing running."""
    from flows.demo import run_demo
    from flows.home import find_home

    found = find_home(home)
    result = run_demo(found, _folder(home, folder), people=people, tell=say)
    if as_json:
        show_json(result.as_dict())
    else:
        for line in result.lines():
            show(line)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _folder(home: Path | None, folder: Path | None) -> Path:
    from flows.home import find_home

    return folder.resolve() if folder else find_home(home).root / DEFAULT_FOLDER


def _exists(folder: Path) -> bool:
    return (folder / "sandbox.sqlite").is_file()

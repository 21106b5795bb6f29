"""Commands that set things up: init, check.

Data flow: the shipped example -> an organisation's folder; its configuration -> what is wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from flows.errors import JourneyError
from flows.output import (
    HomeOption,
    JsonOption,
    expected_errors,
    show,
    show_json,
    show_table,
)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(init)
    app.command()(check)


@expected_errors
def init(
    folder: Annotated[Path, typer.Argument(help="The new folder; it may be empty, not used.")],
) -> None:
    """Write an example organisation's folder: configuration, secrets by name, prefect.yaml."""
    from flows.example import write_example

    written = write_example(folder)
    show(f"{len(written)} files written to {folder}:")
    for path in written:
        show(f"  {path}")
    show("Next, to try it on the sandbox association it is set up for:")
    show(f"  cd {folder}")
    show("  journey sandbox serve &         # writes the sandbox's keys into .env")
    show("  journey nightly")
    show("or put your own addresses into config/, your secrets into .env (see .env.example), then")
    show("  journey check")


@expected_errors
def check(
    home: HomeOption = None,
    connect: Annotated[
        bool, typer.Option("--connect/--offline", help="Also ask every source and platform.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, secrets, and every connection; start nothing."""
    from flows.configuration import load_configuration
    from flows.configuration.journeys import stage_count_warnings
    from flows.home import find_home

    configuration = load_configuration(find_home(home))
    rows: list[dict[str, Any]] = [
        {
            "what": "configuration",
            "name": configuration.organisation.organisation.slug,
            "ok": True,
            "detail": f"{len(configuration.segments)} segments, "
            f"{len(configuration.journeys)} journeys, "
            f"{len(configuration.source_settings)} sources, "
            f"{len(configuration.platform_settings)} platforms",
        }
    ]
    for warning in stage_count_warnings(configuration.journeys):
        rows.append({"what": "warning", "name": "journeys", "ok": True, "detail": warning})
    if connect:
        from flows.steps.checks import check_connections

        rows += check_connections(configuration)
    if as_json:
        show_json(rows)
    else:
        show_table(
            ("what", "name", "ok", "detail"),
            [(r["what"], r["name"], r["ok"], r["detail"]) for r in rows],
        )
    bad = [row for row in rows if not row["ok"]]
    if bad:
        raise JourneyError(f"{len(bad)} check(s) failed: {', '.join(row['name'] for row in bad)}")

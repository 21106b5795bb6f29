"""What commands print: tables or JSON on stdout, everything else on stderr; errors as sentences.

Data flow: command result -> stdout; JourneyError -> message + exit code.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from flows.errors import ConfigurationInvalid, JourneyError

P = ParamSpec("P")
R = TypeVar("R")

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", help="The organisation's folder; else JOURNEY_HOME, else the current folder."
    ),
]
AllowDrop = Annotated[
    list[str] | None,
    typer.Option("--allow-drop", help="SOURCE or SOURCE.STREAM whose loss of rows is right."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable result on stdout.")]


def show_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, default=_encode) + "\n")


def show(text: str = "") -> None:
    """One line of plain text on stdout."""
    sys.stdout.write(text + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A table on stdout; numbers to the right."""
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    found = [list(row) for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(found) and all(isinstance(row[index], int | float) for row in found)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in found:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def console() -> Any:
    """A rich console on stdout that honours NO_COLOR and never marks text up by accident."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 120
    return Console(
        file=sys.stdout,
        markup=False,
        highlight=False,
        no_color=bool(os.environ.get("NO_COLOR")),
        width=width,
    )


def say(text: str) -> None:
    """A line for the person at the terminal (stderr), beside the result."""
    sys.stderr.write(text + "\n")


def expected_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn expected failures into a message and the right exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except JourneyError as error:
            _report(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(error.exit_code) from None
        except Exception as error:
            known = _connector_error(error)
            if known is None:
                raise
            _report(known, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(known.exit_code) from None

    return wrapped


def _connector_error(error: Exception) -> JourneyError | None:
    """Connector errors already say what to do; the lock's is 'already running'."""
    from connectors.errors import AlreadyRunning as ConnectorBusy
    from connectors.errors import JourneyConnectorError

    if not isinstance(error, JourneyConnectorError):
        return None
    found = JourneyError(str(error))
    if isinstance(error, ConnectorBusy):
        found.exit_code = 4
    return found


def _report(error: JourneyError, *, as_json: bool) -> None:
    if as_json:
        value: dict[str, Any] = {"error": error.message, "exit_code": error.exit_code}
        if error.hint:
            value["hint"] = error.hint
        if isinstance(error, ConfigurationInvalid):
            value["problems"] = [vars(problem) for problem in error.problems]
        show_json(value)
    say(f"journey: {error.message}")
    if error.hint:
        say(error.hint)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


def _encode(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    return str(value)

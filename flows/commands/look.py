"""Commands that only look: status, why, report, docs.

Data flow: receipts + published warehouse -> a short answer.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
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

OpenOption = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (status, why, report, docs):
        app.command()(command)


@expected_errors
def status(
    home: HomeOption = None,
    runs: Annotated[int, typer.Option(min=1, help="How many runs to show.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """What is published, what the last runs did, and whether one is running."""
    from flows.home import find_home
    from flows.lock import RunLock
    from flows.steps.receipts import read_receipts

    found = find_home(home)
    receipts = read_receipts(found, newest=runs)
    running = RunLock(found).holder()
    published = _published(found.current / "manifest.json")
    if as_json:
        show_json({"running": running, "published": published, "runs": receipts})
        return
    show(f"running: {running['run_id']} ({running.get('what', '?')})" if running else "running: no")
    if published:
        show(f"published: {published['version']} as of {published['as_of']}, {_age(published)} old")
    else:
        show("published: nothing yet; run `journey nightly`")
    show_table(
        ("run", "what", "state", "seconds", "adds", "removes", "warnings", "error"),
        [
            (
                item["run_id"],
                item["kind"],
                item["state"],
                item["seconds"],
                _sum(item, "adds"),
                _sum(item, "removes"),
                len(item["warnings"]),
                (item["error"].splitlines() or [""])[0][:60],
            )
            for item in receipts
        ],
    )
    if receipts and receipts[0]["people"]:
        show_table(("stage", "people"), list(receipts[0]["people"].items()))


@expected_errors
def why(
    member: Annotated[str, typer.Argument(help="A member key or a member number.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Why a person is in a stage and in which segments, with the stages before."""
    from flows.configuration import load_configuration
    from flows.home import find_home
    from flows.warehouse import analyst, member_key_of, member_row, rows

    configuration = load_configuration(find_home(home), need_secrets=False)
    key = member_key_of(configuration.home, member)
    row = member_row(configuration.home, key)
    with analyst(configuration.home) as db:
        history = rows(
            db,
            "select stage, valid_from, valid_to from fct_lifecycle_stage_history"
            " where member_key = ? order by valid_from desc",
            [key],
        )
    inside = {
        segment.id: all(holds for _, holds in segment.explain(row))
        for segment in configuration.segments
    }
    if as_json:
        show_json({"member": row, "history": history, "segments": inside})
        return
    show(f"{key}: {row['stage']} since {row['stage_since_date']} ({row['stage_reason']})")
    for name in ("plan_code", "term_start_date", "term_end_date", "is_auto_renew", "systems_seen"):
        show(f"  {name}: {row.get(name)}")
    mine = [name for name, is_in in inside.items() if is_in]
    show(f"  segments (before consent): {', '.join(mine) if mine else 'none'}")
    show_table(
        ("stage", "from", "to"),
        [(item["stage"], item["valid_from"], item["valid_to"] or "now") for item in history[:15]],
    )


@expected_errors
def report(home: HomeOption = None, open_it: OpenOption = False) -> None:
    """Where the published report page is."""
    from flows.home import find_home

    _page(find_home(home).current / "report.html", open_it)


@expected_errors
def docs(home: HomeOption = None, open_it: OpenOption = False) -> None:
    """Where dbt's documentation and the Data Docs are."""
    from flows.home import find_home

    found = find_home(home)
    for name in ("dbt", "gx"):
        _page(found.docs / name / "index.html", open_it)


def _page(path: Any, open_it: bool) -> None:
    if not path.is_file():
        raise JourneyError(f"{path} does not exist yet", hint="Run `journey nightly` first.")
    show(str(path))
    if open_it and sys.stdout.isatty():
        import webbrowser

        webbrowser.open(path.resolve().as_uri())


def _published(path: Any) -> dict[str, Any] | None:
    import json

    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _age(published: dict[str, Any]) -> str:
    seconds = (
        datetime.now(UTC) - datetime.fromisoformat(published["published_at"])
    ).total_seconds()
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _sum(receipt: dict[str, Any], key: str) -> int:
    return sum(item[key] for push in receipt["pushes"] for item in push["segments"])

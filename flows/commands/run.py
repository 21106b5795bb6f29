"""Commands that do a night or a part of it: nightly, ingest, build, publish, push.

Data flow: arguments -> Options -> flows.night (or the Prefect flow) -> a short result.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.errors import HeldByGuard, JourneyError, UsageError
from flows.output import (
    AllowDrop,
    HomeOption,
    JsonOption,
    expected_errors,
    say,
    show,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from flows.home import Home
    from flows.results import Receipt
    from flows.session import Options

AsOf = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The local day; today.")
]
Full = Annotated[bool, typer.Option("--full", help="Read every source from its beginning.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Plan the push, send nothing.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (nightly, ingest, build, publish, push):
        app.command()(command)


@expected_errors
def nightly(
    home: HomeOption = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    allow_drop: AllowDrop = None,
    full: Full = False,
    docs: Annotated[bool, typer.Option(help="Write dbt's documentation and Data Docs.")] = True,
    prefect: Annotated[
        bool | None,
        typer.Option(
            "--prefect/--no-prefect",
            help="As a Prefect flow; by default if PREFECT_API_URL is set.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A whole night: sources, warehouse, audit, publish, push."""
    from flows.home import find_home

    found = find_home(home)
    options = _options(as_of, dry_run=dry_run, allow_drop=allow_drop, full=full, docs=docs)
    wants_prefect = bool(os.environ.get("PREFECT_API_URL")) if prefect is None else prefect
    if wants_prefect:
        receipt = _through_prefect(found.root, options)
    else:
        from flows.night import run_night

        receipt = run_night(found, options).as_dict()
    _finish(receipt, as_json=as_json)


@expected_errors
def ingest(
    home: HomeOption = None,
    allow_drop: AllowDrop = None,
    full: Full = False,
    as_json: JsonOption = False,
) -> None:
    """Read all sources, load and validate; build nothing."""
    from expectations.run import Auditor
    from flows.home import find_home
    from flows.night import ingest as ingest_all
    from flows.session import session

    options = _options(None, allow_drop=allow_drop, full=full)
    with session(find_home(home), "ingest", options) as running:
        ingest_all(running, Auditor())
    _finish(running.receipt.as_dict(), as_json=as_json)


@expected_errors
def build(
    home: HomeOption = None,
    as_of: AsOf = None,
    as_known_at: Annotated[
        str | None,
        typer.Option(
            "--as-known-at",
            help="Only what was known then: a day (its end) or a moment in UTC. The result is a"
            " private file that is never published.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Build the warehouse from what is loaded; publish nothing."""
    from flows.home import find_home
    from flows.night import build_warehouse, tidy
    from flows.session import session

    if as_known_at:
        _build_as_known(find_home(home), as_known_at, _options(as_of), as_json=as_json)
        return
    with session(find_home(home), "build", _options(as_of)) as running:
        tidy(running)
        build_warehouse(running)
    _finish(running.receipt.as_dict(), as_json=as_json)


@expected_errors
def publish(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Audit and publish the last `journey build`; push nothing."""
    from expectations.run import Auditor
    from flows.home import find_home
    from flows.night import publish_waiting
    from flows.session import session

    with session(find_home(home), "publish", _options(None)) as running:
        publish_waiting(running, Auditor())
    _finish(running.receipt.as_dict(), as_json=as_json)


@expected_errors
def push(
    platform: Annotated[str | None, typer.Argument(help="Only this platform.")] = None,
    home: HomeOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--send", help="Show the plan (default), or send it.")
    ] = True,
    approve: Annotated[
        str | None, typer.Option(help="The hash of a plan that is held; sends exactly that plan.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a push of the published segments would change; --send or --approve does it."""
    from flows.home import find_home
    from flows.night import push_segments
    from flows.session import session

    sending = not dry_run or approve is not None
    with session(find_home(home), "push", _options(None, dry_run=not sending)) as running:
        if platform and platform not in running.configuration.platforms.platforms:
            raise UsageError(f"there is no platform '{platform}' in config/platforms.yml")
        reports = push_segments(running, dry_run=not sending, approve=approve, only=platform)
    if as_json:
        show_json({"reports": reports, "state": running.receipt.state})
    else:
        for report in reports:
            show_push(report)
    _raise_for(running.receipt)


def show_push(report: dict[str, Any]) -> None:
    """One platform's report as a table, with what is held and how to let it pass."""
    rows = [
        (
            item["segment"],
            item["desired"],
            item["before"],
            item["adds"],
            item["removes"],
            "HELD" if item["held"] else "",
        )
        for item in report["segments"]
    ]
    title = f"{report['destination']}: {report['status']}"
    show_table(("segment", "wanted", "there", "adds", "removes", ""), rows, title)
    if report.get("blocked_reason"):
        show(f"blocked: {report['blocked_reason']}")
    for item in report["segments"]:
        if item["held"]:
            show(f"{item['segment']}: {item['held_reason']}")
            if item.get("approve"):
                show(f"  to let it pass: journey push --approve {item['approve']}")
    for line in report.get("preview", ()):
        show(f"  {line}")


def _build_as_known(home: Home, moment: str, options: Options, *, as_json: bool) -> None:
    """Build the private file and say where it lies."""
    from flows.night import build_known
    from flows.session import session
    from flows.steps.known import moment_of

    with session(home, "build as known", options) as running:
        known_at = moment_of(moment, running.configuration.organisation.zone)
        file = build_known(running, known_at)
    receipt = running.receipt.as_dict()
    if as_json:
        show_json(receipt | {"file": str(file), "known_at": known_at.isoformat()})
        return
    _finish(receipt, as_json=False)
    show(f"  known at {known_at} UTC, as of {receipt['as_of']}: {file}")
    show("  It holds contact data and is yours alone. Query it read-only, for example:")
    show(f'  duckdb -readonly "{file}" "select stage, count(*) from mart_member_360 group by all"')
    days = running.configuration.organisation.retention.known_days
    show(f"  A night removes it after {days} days.")


def _options(
    as_of: datetime | None,
    *,
    dry_run: bool = False,
    allow_drop: list[str] | None = None,
    full: bool = False,
    docs: bool = True,
) -> Options:
    from flows.session import Options

    day = as_of.date() if as_of else None
    return Options(
        as_of=day, dry_run=dry_run, allow_drops=tuple(allow_drop or ()), full=full, docs=docs
    )


def _through_prefect(root: Any, options: Options) -> dict[str, Any]:
    """Run the flow; its state and receipt come back like those of a plain night."""
    # Without a server Prefect keeps its own database: that belongs to the organisation's data.
    os.environ.setdefault("PREFECT_HOME", str(root / "data" / "prefect"))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    from flows.home import Home
    from flows.nightly import nightly as flow
    from flows.steps.receipts import read_receipts

    flow(
        home=str(root),
        as_of=options.as_of,
        dry_run=options.dry_run,
        allow_drops=list(options.allow_drops),
        full=options.full,
        docs=options.docs,
    )
    return read_receipts(Home(root), newest=1)[0]


def _finish(receipt: dict[str, Any], *, as_json: bool) -> None:
    from flows.summary import receipt_lines

    if as_json:
        show_json(receipt)
    else:
        for line in receipt_lines(receipt):
            show(line)
    if receipt["state"] == "held":
        say(f"journey: {receipt['error']}")
        raise typer.Exit(HeldByGuard.exit_code)
    if receipt["state"] == "failed":
        say(f"journey: {receipt['error']}")
        raise typer.Exit(JourneyError.exit_code)


def _raise_for(receipt: Receipt) -> None:
    if receipt.state == "held":
        raise HeldByGuard(receipt.error)
    if receipt.state == "failed":
        raise JourneyError(receipt.error)

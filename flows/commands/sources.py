"""The sources one by one: list, check, discover, sync, backfill, replay, reconcile.

Data flow: arguments -> one source of the configuration -> engine and loader -> a table.
None of them builds or pushes anything: the next night does, from what is loaded then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.output import (
    AllowDrop,
    HomeOption,
    JsonOption,
    expected_errors,
    show,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from connectors.protocol import Source, StreamSpec
    from flows.results import StreamResult
    from flows.session import Options, Session

app = typer.Typer(help="The configured sources.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="SOURCE", help="As in config/sources.yml.")]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help="Only this stream; may be given again.")
]


@app.command("list")
@expected_errors
def list_sources(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every configured source with its streams and how far it has been read."""
    from connectors.landing.state import read_states
    from flows.configuration import load_configuration
    from flows.home import find_home
    from flows.steps.ingest import declared_streams

    configuration = load_configuration(find_home(home), need_secrets=False)
    states = read_states(configuration.home.raw)
    rows = []
    for name, connection in configuration.sources.sources.items():
        for spec in declared_streams(configuration, name):
            state = states.get((name, spec.name))
            rows.append(
                {
                    "source": name,
                    "stream": spec.name,
                    "required": connection.required,
                    "enabled": connection.enabled,
                    "cursor": spec.cursor.kind if spec.parent is None else f"with {spec.parent}",
                    "deletes": spec.deletes,
                    "mark": state.mark if state else None,
                    "loaded_at": state.loaded_at.isoformat(timespec="seconds") if state else None,
                }
            )
    if as_json:
        show_json(rows)
        return
    show_table(
        ("source", "stream", "cursor", "mark", "loaded at (UTC)"),
        [(r["source"], r["stream"], r["cursor"], r["mark"], r["loaded_at"]) for r in rows],
    )


@app.command("check")
@expected_errors
def check_sources(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Ask every source whether credentials and permissions are fine, and which cursor it has."""
    from flows.commands.setup import check

    check(home=home, connect=True, as_json=as_json)


@app.command("discover")
@expected_errors
def discover_source(
    name: Name, home: HomeOption = None, stream: Streams = None, as_json: JsonOption = False
) -> None:
    """What a source's records hold beside the declared columns. Keeps nothing, shows no value."""
    from connectors.discovery import discover, offers
    from flows.configuration import load_configuration
    from flows.home import find_home
    from flows.steps.repair import known_source, known_streams

    source = known_source(load_configuration(find_home(home)), name)
    found = [
        item for spec in known_streams(source, stream or []) for item in discover(source, spec.name)
    ]
    more = offers(source)
    if as_json:
        show_json(
            {
                "streams": [
                    {
                        "stream": item.stream,
                        "records": item.records,
                        "fields": [vars(field) for field in item.fields],
                        "unseen": item.unseen,
                    }
                    for item in found
                ],
                "offers": [vars(offer) for offer in more],
            }
        )
        return
    show_table(
        ("stream", "records looked at", "declared, not seen", "seen, not declared"),
        [
            (
                item.stream,
                item.records,
                ", ".join(item.unseen),
                ", ".join(f"{f.path} ({f.type})" for f in item.fields if not f.column),
            )
            for item in found
        ],
    )
    if more:
        show_table(("not read", "what it is"), [(offer.name, offer.detail) for offer in more])


@app.command("sync")
@expected_errors
def sync_source(
    name: Name,
    home: HomeOption = None,
    stream: Streams = None,
    full: Annotated[bool, typer.Option("--full", help="From the beginning.")] = False,
    allow_drop: AllowDrop = None,
    as_json: JsonOption = False,
) -> None:
    """Read what is new in one source, load and validate it."""
    from expectations.run import Auditor
    from flows.home import find_home
    from flows.night import ingest
    from flows.session import Options, session
    from flows.steps.repair import known_source, known_streams

    options = Options(full=full, allow_drops=tuple(allow_drop or ()))
    with session(find_home(home), "sync", options) as run:
        known_streams(known_source(run.configuration, name), stream or [])
        ingest(run, Auditor(), source=name, streams=tuple(stream or ()))
    _show(run, as_json=as_json)


@app.command("backfill")
@expected_errors
def backfill_source(
    name: Name,
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Day (UTC).")],
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Day after; else now.")
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Days read and loaded at a time.")] = 31,
    home: HomeOption = None,
    stream: Streams = None,
    as_json: JsonOption = False,
) -> None:
    """Read a past slice again; how far the source has been read stays as it is."""
    from flows.errors import UsageError
    from flows.steps.repair import backfill_stream

    begin = since.replace(tzinfo=UTC)
    end = until.replace(tzinfo=UTC) if until else datetime.now(UTC)
    if end <= begin:
        raise UsageError("--to must be later than --from")

    def work(run: Session, source: Source, specs: list[StreamSpec]) -> Iterator[StreamResult]:
        for spec in specs:
            yield from backfill_stream(
                run.configuration,
                source,
                spec,
                since=begin,
                until=end,
                window=timedelta(days=window),
                clock=_clock(run),
            )

    _work(name, "backfill", home, stream, work, as_json=as_json)


@app.command("replay")
@expected_errors
def replay_source(
    name: Name,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Leave out what was read before (UTC)."),
    ] = None,
    home: HomeOption = None,
    stream: Streams = None,
    as_json: JsonOption = False,
) -> None:
    """Load landed batches again, for example after a column was declared. Asks no vendor."""
    from flows.steps.repair import replay_streams

    begin = since.replace(tzinfo=UTC) if since else None

    def work(run: Session, source: Source, specs: list[StreamSpec]) -> Iterator[StreamResult]:
        return replay_streams(run.configuration, source, specs, since=begin)

    _work(name, "replay", home, stream, work, as_json=as_json)


@app.command("reconcile")
@expected_errors
def reconcile_source(
    name: Name,
    home: HomeOption = None,
    stream: Streams = None,
    allow_drop: AllowDrop = None,
    as_json: JsonOption = False,
) -> None:
    """Compare all keys now: what the source no longer has is marked as deleted."""
    from flows.session import Options
    from flows.steps.repair import reconcile_streams

    def work(run: Session, source: Source, specs: list[StreamSpec]) -> Iterator[StreamResult]:
        allowed = run.options.allow_drops
        return reconcile_streams(
            run.configuration, source, specs, _clock(run), allowed_drops=allowed
        )

    options = Options(allow_drops=tuple(allow_drop or ()))
    _work(name, "reconcile", home, stream, work, options=options, as_json=as_json)


def _work(
    name: str,
    kind: str,
    home: Any,
    stream: list[str] | None,
    work: Callable[[Session, Source, list[StreamSpec]], Iterator[StreamResult]],
    *,
    options: Options | None = None,
    as_json: bool,
) -> None:
    """Run `work` under the organisation's lock; its results go into the run's receipt."""
    from flows.home import find_home
    from flows.session import Options, session
    from flows.steps.repair import known_source, known_streams

    with session(find_home(home), kind, options or Options()) as run:
        source = known_source(run.configuration, name)
        specs = known_streams(source, stream or [])
        for result in work(run, source, specs):
            run.receipt.streams.append(result)
    _show(run, as_json=as_json)


def _clock(run: Session) -> Any:
    from flows.steps.clockwork import engine_clock

    return engine_clock(run.configuration, run.today)


def _show(run: Session, *, as_json: bool) -> None:
    if as_json:
        show_json(run.receipt.as_dict())
        return
    numbers = ("fetched", "inserted", "updated", "unchanged", "deleted", "quarantined")
    show_table(
        ("stream", "state", *numbers, "error"),
        [
            (
                f"{item.source}.{item.stream}",
                item.state,
                *(getattr(item, number) for number in numbers),
                item.error,
            )
            for item in run.receipt.streams
        ],
    )
    show("Loaded. The next `journey nightly` builds and pushes from it.")

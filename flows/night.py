"""One whole night, in the one order it may run in.

Data flow: sources -> landing -> raw -> validate -> ONE dbt build -> audit -> publish -> push
-> receipt. A failed night leaves yesterday's warehouse and yesterday's segments, and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from expectations.run import Auditor
from flows.errors import AuditFailed, JourneyError, UsageError
from flows.guards import held
from flows.home import Home
from flows.results import BuildResult, PublishResult, Receipt, SourceResult, StreamResult
from flows.runner import Runner
from flows.session import Options, Session, session
from flows.steps.audit import AuditResult, audit
from flows.steps.build import (
    build,
    candidate,
    failures_in_words,
    node_rows,
    promote,
    remove_orphans,
)
from flows.steps.clockwork import engine_clock
from flows.steps.documents import write_data_docs, write_dbt_docs, write_page
from flows.steps.ingest import ingest_source
from flows.steps.known import build_as_known, local_day, remove_known
from flows.steps.load import load, prune_landing
from flows.steps.publish import prune, publish
from flows.steps.push import push_platforms
from flows.steps.receipts import write_operations
from flows.steps.validate import validate


def run_night(home: Home, options: Options, runner: Runner | None = None) -> Receipt:
    """The whole night. Raises JourneyError (its exit code says which kind) after the receipt."""
    with session(home, "nightly", options, runner) as run:
        auditor = Auditor()
        tidy(run)
        ingest(run, auditor)
        built = build_warehouse(run)
        publish_build(run, built, auditor)
        push_segments(run, dry_run=options.dry_run)
    return run.receipt


def tidy(run: Session) -> None:
    """Remove what interrupted runs left: orphan builds, half-written versions."""
    orphans = remove_orphans(run.home)
    remove_known(run.home, run.configuration.organisation.retention.known_days, datetime.now(UTC))
    prune(run.home, run.configuration.organisation.retention.published_versions)
    if orphans:
        run.warn(f"removed {len(orphans)} file(s) of builds that never became good")


def ingest(
    run: Session, auditor: Auditor, *, source: str | None = None, streams: Sequence[str] = ()
) -> None:
    """Read all sources at the same time, load one after another, check what came.

    `source` and `streams` narrow the reading to one source, and to those of its streams.
    """
    configuration, options = run.configuration, run.options
    clock = engine_clock(configuration, run.today)
    work = {
        name: partial(ingest_source, configuration, name, clock, full=options.full, only=streams)
        for name, connection in configuration.sources.sources.items()
        if connection.enabled and source in (None, name)
    }
    with run.timed("ingest"):
        ingested = run.runner.parallel("ingest", work)
    loaded = run.step(
        "load", partial(load, configuration, ingested, allowed_drops=options.allow_drops)
    )
    run.receipt.streams = loaded
    prune_landing(configuration, clock.now())
    result = run.step(
        "validate",
        partial(validate, configuration, loaded, auditor, allowed_drops=options.allow_drops),
    )
    run.receipt.counts = dict(result.counts)
    run.runner.table("streams", [_stream_row(item) for item in loaded], "What each stream brought")
    for text in result.checkpoint.warned:
        run.warn(text)
    for drop in result.drops:
        if drop.overridden:
            run.warn(f"allowed: {drop}")
    _judge(run, ingested, loaded)
    lost = [str(drop) for drop in result.drops if not drop.overridden]
    if lost:
        raise held(lost)
    if not result.checkpoint.ok:
        raise AuditFailed(
            "landed data failed its checks:\n  " + "\n  ".join(result.checkpoint.failed),
            hint="Nothing was built or pushed. See docs/runbooks.",
        )


def build_warehouse(run: Session) -> BuildResult:
    """One dbt build; raises AuditFailed for failed tests, JourneyError for failed models."""
    result = run.step("build", partial(build, run.configuration, run.receipt.run_id, run.as_of))
    run.receipt.nodes = dict(result.nodes)
    run.runner.table("dbt-nodes", node_rows(result), "Every dbt node: status and seconds")
    for node in result.warned:
        run.warn(f"dbt warning: {node}")
    if not result.ok:
        said = failures_in_words(result)
        kind = JourneyError if any(not text.startswith("test ") for text in said) else AuditFailed
        raise kind(
            f"{len(said)} dbt node(s) failed:\n  " + "\n  ".join(said[:20]),
            hint=f"Nothing was published. dbt's log: {run.home.dbt / 'logs' / 'dbt.log'}",
        )
    return result


def build_known(run: Session, known_at: datetime) -> Path:
    """The private file of what was known at `known_at` (naive UTC), which must have passed."""
    now = datetime.now(UTC).replace(tzinfo=None)
    if known_at > now:
        raise UsageError(
            f"--as-known-at: {known_at} (UTC) has not come yet; it is {now:%Y-%m-%d %H:%M:%S}"
        )
    # The sandbox keeps its own calendar, but what is loaded is dated by the machine's clock.
    day = min(local_day(known_at, run.configuration.organisation.zone), run.today.date)
    as_of = run.options.as_of or day
    run.receipt.as_of = as_of
    return run.step(
        "build as known",
        partial(build_as_known, run.configuration, run.receipt.run_id, as_of, known_at),
    )


def publish_waiting(run: Session, auditor: Auditor) -> PublishResult:
    """Audit and publish the build that waits (`journey build` leaves it)."""
    waiting = candidate(run.home)
    if waiting is None:
        raise JourneyError("there is no finished build to publish", hint="Run `journey build`.")
    return publish_build(run, waiting, auditor)


def publish_build(run: Session, built: BuildResult, auditor: Auditor) -> PublishResult:
    """Audit, document, write both files and flip; raises AuditFailed before anything is seen."""
    audited = run.step("audit", partial(audit, run.configuration, built, auditor))
    run.receipt.people = audited.stages
    for text in audited.checkpoint.warned:
        run.warn(text)
    if not audited.checkpoint.ok:
        _write_docs(run, built, auditor)
        raise AuditFailed(
            "the build failed its audit:\n  " + "\n  ".join(audited.checkpoint.failed),
            hint="Nothing was published or pushed. See data/docs/gx/checks.html.",
        )
    promote(run.home, built)
    facts = {
        "audited": True,
        "as_of": run.as_of.isoformat(),
        "run_id": run.receipt.run_id,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "organisation": run.configuration.organisation.organisation.slug,
    }
    done = run.step(
        "publish",
        lambda: publish(
            run.home,
            built,
            keep=run.configuration.organisation.retention.published_versions,
            facts=facts,
            extra=lambda folder: _add_pages(run, folder, audited),
        ),
    )
    run.receipt.version = done.version
    _write_docs(run, built, auditor)
    run.runner.link("report", (run.home.current / "report.html").as_uri(), "The report page")
    return done


def push_segments(
    run: Session, *, dry_run: bool, approve: str | None = None, only: str | None = None
) -> list[dict[str, Any]]:
    """Push what is published; marks the receipt held or failed when a platform did not get it."""
    reports = run.step(
        "push",
        partial(
            push_platforms,
            run.configuration,
            run.today,
            run_id=run.receipt.run_id,
            dry_run=dry_run,
            approve=approve,
            only=only,
        ),
    )
    run.receipt.pushes = reports
    run.runner.table("segments", [r for p in reports for r in _segment_rows(p)], "What was pushed")
    for report in reports:
        reason = report.get("blocked_reason", "")
        if report["status"] == "failed":
            run.receipt.state, run.receipt.error = "failed", reason
        elif report["status"] in ("held", "blocked") and run.receipt.state != "failed":
            run.receipt.state = "held"
            run.receipt.error = reason or "segments are held by a guard"
    return reports


def _judge(run: Session, ingested: list[SourceResult], streams: list[StreamResult]) -> None:
    """A required source that failed ends the night; any other one is a warning."""
    lost = [item.error for item in streams if item.state == "held"]
    if lost:
        raise held(lost)
    errors = {one.source: one.error for one in ingested if one.error}
    for item in streams:
        if item.state == "failed":
            errors.setdefault(item.source, item.error)
    required = run.configuration.sources.sources
    for name, error in errors.items():
        if not required[name].required:
            run.warn(f"source {name} failed and is not required: {error}")
    stopping = [error for name, error in errors.items() if required[name].required]
    if stopping:
        raise JourneyError(
            "a required source failed:\n  " + "\n  ".join(stopping),
            hint="The other sources were loaded. Nothing was published or pushed.",
        )


def _add_pages(run: Session, folder: Path, audited: AuditResult) -> None:
    run.receipt.version = folder.name.removeprefix(".partial-")
    write_operations(run.home, folder / "analyst.duckdb", run.receipt)
    facts = run.receipt.as_dict() | {
        "segments": audited.segments,
        "summary": summary_line(run.receipt),
    }
    try:
        write_page(run.configuration, folder, facts)
    except Exception as error:  # whatever a picture stumbles over: nobody's segments wait for it
        said = (str(error).splitlines() or [""])[0]
        run.warn(f"the report page could not be written: {type(error).__name__}: {said}")


def _write_docs(run: Session, built: BuildResult, auditor: Auditor) -> None:
    if not run.options.docs:
        return
    with run.timed("docs"):
        write_data_docs(run.configuration, auditor)
        if write_dbt_docs(run.configuration, built, run.as_of) is None:
            run.warn("dbt's documentation could not be written; see data/dbt/logs")


def summary_line(receipt: Receipt) -> str:
    """The night in one sentence of counts."""
    fetched = sum(item.fetched for item in receipt.streams)
    changed = sum(item.inserted + item.updated + item.deleted for item in receipt.streams)
    sources = len({item.source for item in receipt.streams})
    checks = sum(receipt.nodes.values())
    return (
        f"{sources} sources, {fetched:,} rows fetched, {changed:,} new or changed, "
        f"{checks:,} dbt models and tests"
    )


def _stream_row(item: StreamResult) -> dict[str, object]:
    return {
        "stream": f"{item.source}.{item.stream}",
        "state": item.state,
        "fetched": item.fetched,
        "inserted": item.inserted,
        "updated": item.updated,
        "deleted": item.deleted,
        "quarantined": item.quarantined,
    }


def _segment_rows(report: dict[str, Any]) -> list[dict[str, object]]:
    return [
        {
            "destination": report["destination"],
            "segment": item["segment"],
            "adds": item["adds"],
            "removes": item["removes"],
            "held": item["held_reason"] if item["held"] else "",
        }
        for item in report["segments"]
    ]

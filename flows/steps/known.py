"""The warehouse as it would have been built at a past moment: a private file, never published.

Data flow: raw.duckdb (versions known at K) + the identity map as it was at K -> dbt ->
data/known/as-known-<K>.duckdb.
Only the models run, not their tests: a test that fails would leave a hole in a file that nobody
publishes. Records of erased people are gone from raw and do not come back.
"""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from flows.configuration import Configuration
from flows.errors import JourneyError, UsageError
from flows.home import Home
from flows.logs import logger
from flows.steps.build import dbt_variables, last_good, run_dbt, unread_models

FORMS = "a day such as 2026-06-29, or a moment in UTC such as 2026-06-29T21:00:00"
# What lives in the build and can not be derived from raw: carried on, cut off at K.
CARRIED = "map_identity"


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """The moment meant by `text`, naive UTC: a day means its end where the organisation is.

    Raises UsageError for anything else.
    """
    try:
        if len(text) <= len("2026-06-29"):
            end = datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), zone)
            return end.astimezone(UTC).replace(tzinfo=None)
        given = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--as-known-at: '{text}' is no moment", hint=f"Give {FORMS}.") from None
    if given.tzinfo is not None:
        given = given.astimezone(UTC).replace(tzinfo=None)
    return given


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The organisation's calendar day at a moment (naive UTC); midnight ends the day before."""
    just_before = moment.replace(tzinfo=UTC) - timedelta(microseconds=1)
    return just_before.astimezone(zone).date()


def build_as_known(
    configuration: Configuration, run_id: str, as_of: date, known_at: datetime
) -> Path:
    """Build what was known at `known_at` (naive UTC); the file, which replaces one of the same K.

    Raises JourneyError when dbt fails or when nothing had been loaded by then.
    """
    home = configuration.home
    _refuse_before_first_load(home, known_at)
    home.known.mkdir(exist_ok=True)
    home.known.chmod(0o700)
    final = home.known / f"as-known-{known_at:%Y%m%dT%H%M%S}Z.duckdb"
    # In a folder of its own until it is whole, but under its final name: views in a DuckDB file
    # name the file they are in.
    workshop = home.known / f".building-{run_id}"
    workshop.mkdir()
    building = workshop / final.name
    try:
        _carry_identity(home, building, known_at)
        variables = dbt_variables(configuration, run_id, as_of)
        variables["as_known_at"] = known_at.isoformat(sep=" ", timespec="microseconds")
        command = ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type"]
        command.append("test")
        if unread := unread_models(configuration):
            command += ["--exclude", *unread]
        code = run_dbt(home, command, variables, building)
        if code != 0:
            raise JourneyError(
                f"the warehouse as known at {known_at} could not be built (dbt's exit code {code})",
                hint=f"See {home.dbt / 'logs' / 'dbt.log'}.",
            )
        building.replace(final)
    finally:
        shutil.rmtree(workshop)
    logger().info("built as known", known_at=str(known_at), file=final.name)
    return final


def remove_known(home: Home, days: int, now: datetime) -> list[str]:
    """Delete private files that are older than `days`, and unfinished ones; their names."""
    removed = []
    oldest = now.timestamp() - days * 86_400
    for path in sorted(home.known.glob("*")):
        if path.name.startswith("."):
            shutil.rmtree(path)
        elif path.stat().st_mtime < oldest:
            path.unlink()
        else:
            continue
        removed.append(path.name)
    return removed


def _refuse_before_first_load(home: Home, known_at: datetime) -> None:
    if not home.raw.is_file():
        raise JourneyError("nothing has been loaded yet", hint="Run `journey nightly` first.")
    with duckdb.connect(str(home.raw), read_only=True) as db:
        row = db.execute("select min(known_at) from _journey.batch").fetchone()
    first = row[0] if row else None
    if first is None or first > known_at:
        raise UsageError(
            f"nothing was known at {known_at} (UTC): the first load was at {first}",
            hint=f"Give a later moment: {FORMS}.",
        )


def _carry_identity(home: Home, database: Path, known_at: datetime) -> None:
    """The append-only map as it stood at K: later rows are gone, later ends are open again.

    Without it people would get the keys of a first night, which later nights may have replaced.
    """
    current = last_good(home)
    with duckdb.connect(str(database)) as db:
        if current is None:
            return
        db.execute(f"attach '{str(current).replace(chr(39), chr(39) * 2)}' as last (read_only)")
        found = db.execute(
            "select 1 from duckdb_tables() where database_name = 'last' and table_name = ?",
            [CARRIED],
        ).fetchone()
        if found:
            db.execute(
                f"create table {CARRIED} as select * replace (case when valid_to <= ?"
                f" then valid_to end as valid_to) from last.{CARRIED} where valid_from <= ?",
                [known_at, known_at],
            )
        db.execute("detach last")

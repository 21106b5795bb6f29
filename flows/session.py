"""Everything around a run: configuration, lock, receipt, private files, errors in words.

Data flow: home + options -> `session` -> Session (held lock, receipt being written) -> receipt.
Whatever happens inside, the receipt says how it ended and somebody is told.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TypeVar

import duckdb

from flows.configuration import Configuration, Today, load_configuration, read_clock
from flows.errors import HeldByGuard, JourneyError
from flows.home import Home
from flows.lock import RunLock
from flows.logs import logger
from flows.notify import notify
from flows.results import Receipt, StepTime
from flows.runid import new_run_id
from flows.runner import PlainRunner, Runner
from flows.steps.receipts import prune_receipts, settle_interrupted, write_receipt

T = TypeVar("T")
MINIMUM_FREE_BYTES = 100_000_000


@dataclass(frozen=True)
class Options:
    """How a run may differ from an ordinary night.

    `allow_drops` names sources ("civicrm") or streams ("civicrm.contact") whose loss of rows
    somebody has explained; it is written into the receipt. `dry_run`: plan pushes, send nothing.
    """

    as_of: date | None = None
    dry_run: bool = False
    allow_drops: tuple[str, ...] = ()
    full: bool = False
    docs: bool = True


@dataclass
class Session:
    """One run that holds the lock."""

    configuration: Configuration
    options: Options
    today: Today
    receipt: Receipt
    runner: Runner = field(default_factory=PlainRunner)

    @property
    def home(self) -> Home:
        return self.configuration.home

    @property
    def as_of(self) -> date:
        return self.options.as_of or self.today.date

    def step(self, name: str, work: Callable[[], T]) -> T:
        """Run one step, note its time in the receipt, log its end."""
        with self.timed(name):
            return self.runner.step(name, work)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Note how long a block took and how it ended."""
        started = time.monotonic()
        state = "failed"
        logger().info(f"{name} ...")
        try:
            yield
            state = "done"
        finally:
            seconds = round(time.monotonic() - started, 2)
            self.receipt.steps.append(StepTime(name, seconds, state))
            write_receipt(self.home, self.receipt)
            logger().info(f"{name} {state}", seconds=seconds)

    def warn(self, text: str) -> None:
        """Something worth knowing that stops nothing."""
        self.receipt.warnings.append(text)
        logger().warning(text)


@contextmanager
def session(
    home: Home, kind: str, options: Options, runner: Runner | None = None
) -> Iterator[Session]:
    """A run of `kind`, from checked configuration to written receipt.

    Raises ConfigurationInvalid or AlreadyRunning before anything is started, and whatever the run
    raises; full disks and database errors come out as JourneyError.
    """
    configuration = load_configuration(home)
    today = read_clock(configuration.organisation)
    run_id = new_run_id()
    with _private_files(), RunLock(home).held(run_id, kind):
        home.make()
        settle_interrupted(home)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        as_of = options.as_of or today.date
        receipt = Receipt(run_id, kind, as_of, now, dry_run=options.dry_run)
        receipt.overrides = tuple(f"allow-drop {name}" for name in options.allow_drops)
        running = Session(configuration, options, today, receipt, runner or PlainRunner())
        started = time.monotonic()
        try:
            _refuse_full_disk(home)
            write_receipt(home, receipt)
            with _errors_in_words(home):
                yield running
            if receipt.state == "running":
                receipt.state = "succeeded"
        except JourneyError as error:
            receipt.state = "held" if isinstance(error, HeldByGuard) else "failed"
            receipt.error = error.message
            raise
        except BaseException as error:
            receipt.state, receipt.error = "failed", type(error).__name__
            raise
        finally:
            receipt.ended_at = datetime.now(UTC).isoformat(timespec="seconds")
            receipt.seconds = round(time.monotonic() - started, 2)
            write_receipt(home, receipt)
            prune_receipts(home, configuration.organisation.retention.receipts)
            _tell(configuration, receipt)


def _tell(configuration: Configuration, receipt: Receipt) -> None:
    if receipt.state == "held":
        notify(configuration, "held", receipt)
    elif receipt.state == "failed":
        notify(configuration, "failure", receipt)
    elif receipt.kind == "nightly":
        notify(configuration, "success", receipt)


@contextmanager
def _errors_in_words(home: Home) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _disk_full(home) from error
        raise JourneyError(f"the file system said: {error}") from error
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise _disk_full(home) from error
        raise JourneyError(f"the database said: {str(error).splitlines()[0]}") from error


def _refuse_full_disk(home: Home) -> None:
    if shutil.disk_usage(home.data).free < MINIMUM_FREE_BYTES:
        raise _disk_full(home)


def _disk_full(home: Home) -> JourneyError:
    return JourneyError(
        f"the disk that holds {home.data} is full",
        hint="Yesterday's warehouse and segments are untouched. Free some space and run again.",
    )


@contextmanager
def _private_files() -> Iterator[None]:
    """Files made during a run are the owner's only; publishing opens what others may read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)

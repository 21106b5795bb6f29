"""The sandbox association: a deterministic world with known truth, and the passing of its days.

Data flow: seed, size, today -> lives -> vendor records (sandbox.sqlite), survey files (drop/),
truth (truth/*.parquet).

A world of day T that is advanced by N days equals a world generated for day T + N (of the same
year): both show the same lives, only later. Mailchimp is the exception on purpose: what a client
pushed there stays, and nobody is ever subscribed again.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from connectors.testing.bulk import MAX_PARTS, PartWriter, assemble
from connectors.testing.store import RecordStore
from sandbox.blocks import (
    Changes,
    Task,
    common_records,
    compare,
    make_block,
    own_part,
    settle,
)
from sandbox.mailchimp import Tally
from sandbox.platform_changes import merge_member
from sandbox.scale import Scale, closing
from sandbox.serve import fakes
from sandbox.surveys import Surveys
from sandbox.truth import Truth

BLOCK = 2000  # people simulated as one piece of work
UNFINISHED = "unfinished"  # the folder, inside the world's, of what is being made
STORE_FILE = "sandbox.sqlite"
ENTITIES = (
    *(("civicrm", name) for name in ("Contact", "MembershipType", "Membership", "MembershipLog")),
    *(("civicrm", name) for name in ("Case", "CaseContact", "Activity")),
    *(("pretix", name) for name in ("event", "order", "checkin")),
    *(("stripe", name) for name in ("customer", "invoice", "charge", "refund", "dispute", "event")),
    *(("mailchimp", name) for name in ("member", "report", "sent_to", "email_activity")),
    *(("mailchimp", name) for name in ("unsubscribed", "segment", "segment_member")),
)
T = TypeVar("T")
Mapper = Callable[..., Iterable[Any]]


@dataclass(frozen=True)
class WorldSummary:
    """What is there now: `records` per (vendor, entity), people per stage and per segment today."""

    path: Path
    seed: int
    people: int
    today: date
    records: dict[tuple[str, str], int]
    stages: dict[str, int]
    segments: dict[str, int]
    undecidable: int
    changed: int  # records written or removed by this call


def generate(
    path: Path,
    *,
    seed: int = 7,
    people: int = 3000,
    today: date = date(2026, 6, 30),
    truth_days: int = 731,
    processes: int | None = None,
    noise: float = 1.0,
) -> WorldSummary:
    """Write a whole association into the folder `path`; an older world there is replaced.

    `people` have appeared by 30 June of `today`'s year. `truth_days` limits the stage truth.
    `noise` multiplies how often systems get a person wrong (typos, second contacts, other
    addresses, missing values); 1 is the default association.
    The same seed, size and noise give the same world with any number of `processes` (None: all
    cores).
    """
    scale = Scale.for_today(seed, people, today, noise)
    making = _emptied(path / UNFINISHED)
    task = Task(scale, closing(today), truth_days, parts=_emptied(making / "parts"))
    with Truth(making / "truth") as truth, _workers(scale, today, processes) as each:
        surveys = Surveys(_emptied(making / "spool"), making / "drop")
        tally = Tally()
        for block in each(partial(make_block, task), _blocks(scale, today)):
            truth.take(block.truth)
            surveys.add(block.surveys)
            tally.add(block.tally)
        groups = truth.groups()
        truth.finish(groups, each(partial(settle, task), _batches(groups)))
    surveys.finish()
    with PartWriter(own_part(making / "parts")) as part:
        part.add(common_records(scale, task.now, tally))
    assemble(making / STORE_FILE, sorted((making / "parts").iterdir()))
    settings = {
        "seed": seed,
        "people": people,
        "start": scale.start,
        "truth_days": truth_days,
        "noise": noise,
    }
    store = RecordStore(making / STORE_FILE)
    try:
        for name, value in settings.items():
            store.set_setting(f"world_{name}", str(value))
        store.set_now(task.now)
        fakes(store)  # makes the indexes of their lists
        summary = _summary(path, store, scale, today, truth)
    finally:
        store.close()
    _replace(path, making)
    return replace(summary, changed=sum(summary.records.values()))


def advance(path: Path, days: int = 1, *, processes: int | None = None) -> WorldSummary:
    """Let `days` days pass: new, changed and deleted records, a later clock, a later truth.

    Raises FileNotFoundError when `path` holds no world and ValueError for a number of days that
    is not positive or leads past the end of the simulated time.
    """
    if not (path / STORE_FILE).exists():
        raise FileNotFoundError(f"No sandbox in {path}: generate one there first.")
    if days < 1:
        raise ValueError(f"days must be at least 1, not {days}: this world's time runs forward.")
    store = RecordStore(path / STORE_FILE)
    try:
        values = {
            name: store.setting(f"world_{name}") or ""
            for name in ("seed", "people", "start", "truth_days", "noise")
        }
        scale = Scale(
            int(values["seed"]),
            int(values["people"]),
            date.fromisoformat(values["start"]),
            float(values["noise"] or 1),
        )
        before = store.now().date()
        today = before + timedelta(days=days)
        if today >= scale.limit:
            raise ValueError(
                f"{today} is past the end of this world's time ({scale.limit}): generate a new one."
            )
        task = Task(scale, closing(today), int(values["truth_days"]), closing(before))
        return _pass_days(path, store, task, today, processes)
    finally:
        store.close()


def _pass_days(
    path: Path, store: RecordStore, task: Task, today: date, processes: int | None
) -> WorldSummary:
    """Bring the store from its state at `task.earlier` to that of `task.now`."""
    scale, earlier = task.scale, task.earlier
    making = _emptied(path / UNFINISHED)
    surveys = Surveys(making, path / "drop")
    tally, earlier_tally = Tally(), Tally()
    changed = 0
    with Truth(path / "truth") as truth, _workers(scale, today, processes) as each:
        for block in each(partial(make_block, task), _blocks(scale, today)):
            changed += _apply(store, block.changes)
            truth.take(block.truth)
            surveys.add(block.surveys)
            tally.add(block.tally)
            earlier_tally.add(block.earlier)
        common = Changes()
        if earlier:
            stale = list(common_records(scale, earlier, earlier_tally))
            compare(stale, list(common_records(scale, task.now, tally)), common)
        changed += _apply(store, common)
        groups = truth.groups()
        truth.finish(groups, each(partial(settle, task), _batches(groups)))
    surveys.finish()
    shutil.rmtree(making)
    store.set_now(task.now)
    return replace(_summary(path, store, scale, today, truth), changed=changed)


def _apply(store: RecordStore, changes: Changes) -> int:
    """Write what changed, without undoing what a client did, and remove what vanished."""
    merged = [merge_member(store, before, after) for before, after in changes.written]
    written = [one for one in merged if one is not None]
    store.put_many(written)
    for key in changes.gone:
        store.delete(*key)
    return len(written) + len(changes.gone)


def _summary(
    path: Path, store: RecordStore, scale: Scale, today: date, truth: Truth
) -> WorldSummary:
    return WorldSummary(
        path=path,
        seed=scale.seed,
        people=sum(truth.stage_counts.values()),
        today=today,
        records={key: store.count(*key) for key in ENTITIES},
        stages=dict(sorted(truth.stage_counts.items())),
        segments=dict(sorted(truth.segment_counts.items())),
        undecidable=len(truth.undecidable),
        changed=0,
    )


def _blocks(scale: Scale, today: date) -> list[range]:
    count = scale.arrived(today)
    return [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]


def _batches(groups: Sequence[T]) -> list[Sequence[T]]:
    return [groups[at : at + 200] for at in range(0, len(groups), 200)]


@contextmanager
def _workers(scale: Scale, today: date, processes: int | None) -> Iterator[Mapper]:
    """A `map` whose results come in order: over `processes` (all cores), or here for one block.

    One part file per process, and one more for what is nobody's own.
    """
    wanted = processes or os.cpu_count() or 1
    count = min(wanted, len(_blocks(scale, today)), MAX_PARTS - 1)
    if count < 2:
        yield map
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _replace(path: Path, making: Path) -> None:
    """Put the finished world in place; one interrupted here has no store, so it is no world."""
    for name in (STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm"):
        (path / name).unlink(missing_ok=True)
    for folder in ("truth", "drop"):
        shutil.rmtree(path / folder, ignore_errors=True)
        (making / folder).rename(path / folder)
    (making / STORE_FILE).rename(path / STORE_FILE)
    shutil.rmtree(making)

"""Makes one block of people: their vendor records, survey answers and truth, in any process.

Data flow: Task, range of indexes -> records (a part file, or what changed) + Block (all the rest).

A block depends on nothing but the task and its range, so blocks may be made in any order by any
number of processes; sandbox.world puts them together in order.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from connectors.testing.bulk import Kind, PartWriter
from connectors.testing.store import Record
from sandbox.civicrm import civicrm_records, organisation_records, record
from sandbox.civicrm_membership import plan_records
from sandbox.identity import Identity, identities
from sandbox.life import Life, live
from sandbox.linker import undecidable
from sandbox.mailchimp import Tally, campaign_records, mailchimp_records
from sandbox.pretix import event_records, pretix_records
from sandbox.scale import Scale
from sandbox.stripe import stripe_records
from sandbox.surveys import Row, survey_rows
from sandbox.truth import TruthPart

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Task:
    """The world to make: as of `now`; changes since `earlier`, or all records into `parts`."""

    scale: Scale
    now: datetime
    truth_days: int
    earlier: datetime | None = None
    parts: Path | None = None


@dataclass
class Changes:
    """What differs between two states: (record before or None, record after), and what vanished."""

    written: list[tuple[Record | None, Record]] = field(default_factory=list)
    gone: list[Key] = field(default_factory=list)


@dataclass
class Block:
    """What is known of a block of people beside their records."""

    truth: TruthPart
    tally: Tally
    earlier: Tally
    surveys: list[Row]
    written: Counter[Kind]
    changes: Changes


def make_block(task: Task, block: range) -> Block:
    """Simulate the people of a block and write their records."""
    tally, earlier_tally = Tally(), Tally()
    surveys: list[Row] = []
    changes = Changes()
    truth = TruthPart(task.now, task.truth_days)
    with ExitStack() as stack:
        part = stack.enter_context(PartWriter(own_part(task.parts))) if task.parts else None
        for index in block:
            life = live(task.scale, index)
            records = person_records(life, task.now, tally)
            if part:
                part.add(records)
            if task.earlier:
                stale = person_records(life, task.earlier, earlier_tally)
                compare(stale, records, changes)
            rows = list(survey_rows(life, task.now))
            surveys += rows
            truth.add(life, identities(life, records, rows, task.now))
    truth.pack()
    written = part.counts if part else Counter()
    return Block(truth, tally, earlier_tally, surveys, written, changes)


def own_part(parts: Path) -> Path:
    """The part file of this process."""
    return parts / f"{os.getpid()}.sqlite"


def settle(task: Task, groups: Sequence[Sequence[int]]) -> dict[int, str]:
    """The undecidable people of each group of people who share a key, and why."""
    found: dict[int, str] = {}
    for group in groups:
        known = {index: relive(task, index) for index in group}
        found.update(undecidable(known))
    return found


def relive(task: Task, index: int) -> list[Identity]:
    """A person's identity records, simulated once more."""
    life = live(task.scale, index)
    records = person_records(life, task.now, Tally())
    return identities(life, records, list(survey_rows(life, task.now)), task.now)


def person_records(life: Life, now: datetime, tally: Tally) -> list[Record]:
    """Everything all vendors hold of one person at `now`."""
    return [
        *civicrm_records(life, now),
        *pretix_records(life, now),
        *stripe_records(life, now),
        *mailchimp_records(life, now, tally),
    ]


def common_records(scale: Scale, now: datetime, tally: Tally) -> Iterator[Record]:
    """Everything that belongs to no single person; `tally` must have seen everybody."""
    yield from plan_records(scale, now, record)
    yield from organisation_records(scale, now)
    yield from event_records(scale, now)
    yield from campaign_records(scale, now, tally)


def compare(stale: Sequence[Record], fresh: Sequence[Record], into: Changes) -> None:
    """Add to `into` what must be written and removed to get from `stale` to `fresh`."""
    old = {_key(one): one for one in stale}
    new = {_key(one): one for one in fresh}
    into.written += [(old.get(key), one) for key, one in new.items() if old.get(key) != one]
    into.gone += [key for key in old if key not in new]


def _key(one: Record) -> Key:
    return one.vendor, one.entity, one.id

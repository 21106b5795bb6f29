"""The sandbox association: a deterministic world with known truth, and the passing of its days.

Data flow: seed, size, today -> lives -> vendor records (sandbox.sqlite), survey files (drop/),
truth (truth/*.parquet).

A world of day T that is advanced by N days equals a world generated for day T + N (of the same
year): both show the same lives, only later. Mailchimp is the exception on purpose: what a client
pushed there stays, and nobody is ever subscribed again.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from connectors.testing.store import Record, RecordStore
from sandbox.civicrm import civicrm_records, organisation_records, record
from sandbox.civicrm_membership import plan_records
from sandbox.identity import Identity, identities
from sandbox.life import Life, live
from sandbox.mailchimp import Tally, campaign_records, mailchimp_records
from sandbox.platform_changes import merge_member
from sandbox.pretix import event_records, pretix_records
from sandbox.scale import Scale, closing
from sandbox.stripe import stripe_records
from sandbox.surveys import Row, survey_rows, write_surveys
from sandbox.truth import Truth

CHUNK = 1000
STORE_FILE = "sandbox.sqlite"
ENTITIES = (
    *(("civicrm", name) for name in ("Contact", "MembershipType", "Membership", "MembershipLog")),
    *(("civicrm", name) for name in ("Case", "CaseContact", "Activity")),
    *(("pretix", name) for name in ("event", "order", "checkin")),
    *(("stripe", name) for name in ("customer", "invoice", "charge", "refund", "dispute", "event")),
    *(("mailchimp", name) for name in ("member", "report", "sent_to", "email_activity")),
    *(("mailchimp", name) for name in ("unsubscribed", "segment", "segment_member")),
)
Key = tuple[str, str, str]


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
) -> WorldSummary:
    """Write a whole association into the folder `path`; an older world there is replaced.

    `people` have appeared by 30 June of `today`'s year. `truth_days` limits the stage truth.
    """
    path.mkdir(parents=True, exist_ok=True)
    for name in (STORE_FILE, f"{STORE_FILE}-wal", f"{STORE_FILE}-shm"):
        (path / name).unlink(missing_ok=True)
    for folder in ("truth", "drop"):
        shutil.rmtree(path / folder, ignore_errors=True)
    scale = Scale.for_today(seed, people, today)
    store = RecordStore(path / STORE_FILE)
    try:
        settings = {"seed": seed, "people": people, "start": scale.start, "truth_days": truth_days}
        for name, value in settings.items():
            store.set_setting(f"world_{name}", str(value))
        return _write(path, store, scale, None, today, truth_days)
    finally:
        store.close()


def advance(path: Path, days: int = 1) -> WorldSummary:
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
            for name in ("seed", "people", "start", "truth_days")
        }
        scale = Scale(
            int(values["seed"]), int(values["people"]), date.fromisoformat(values["start"])
        )
        before = store.now().date()
        today = before + timedelta(days=days)
        if today >= scale.limit:
            raise ValueError(
                f"{today} is past the end of this world's time ({scale.limit}): generate a new one."
            )
        return _write(path, store, scale, before, today, int(values["truth_days"]))
    finally:
        store.close()


def person_records(life: Life, now: datetime, tally: Tally) -> list[Record]:
    """Everything all vendors hold of one person at `now`."""
    return [
        *civicrm_records(life, now),
        *pretix_records(life, now),
        *stripe_records(life, now),
        *mailchimp_records(life, now, tally),
    ]


def common_records(scale: Scale, now: datetime, tally: Tally) -> list[Record]:
    """Everything that belongs to no single person; `tally` must have seen everybody."""
    return [
        *plan_records(scale, now, record),
        *organisation_records(scale, now),
        *event_records(scale, now),
        *campaign_records(scale, now, tally),
    ]


def _write(
    path: Path, store: RecordStore, scale: Scale, before: date | None, today: date, truth_days: int
) -> WorldSummary:
    """Bring the store from its state at the close of `before` (None: empty) to that of `today`."""
    now = closing(today)
    earlier = closing(before) if before else None
    tally, earlier_tally = Tally(), Tally()
    surveys: list[Row] = []
    changed = 0

    def relive(index: int) -> list[Identity]:
        life = live(scale, index)
        records = person_records(life, now, Tally())
        return identities(life, records, list(survey_rows(life, now)), now)

    with Truth(path / "truth", now, relive, truth_days) as truth:
        for chunk in _chunks(scale.arrived(today)):
            fresh: list[Record] = []
            stale: list[Record] = []
            for index in chunk:
                life = live(scale, index)
                records = person_records(life, now, tally)
                fresh += records
                if earlier:
                    stale += person_records(life, earlier, earlier_tally)
                rows = list(survey_rows(life, now))
                surveys += rows
                truth.add(life, records, rows)
            changed += _apply(store, stale, fresh)
            truth.flush()
        stale = common_records(scale, earlier, earlier_tally) if earlier else []
        changed += _apply(store, stale, common_records(scale, now, tally))
        truth.finish()
    write_surveys(path / "drop", surveys)
    store.set_now(now)
    return WorldSummary(
        path=path,
        seed=scale.seed,
        people=sum(truth.stage_counts.values()),
        today=today,
        records={key: store.count(*key) for key in ENTITIES},
        stages=dict(sorted(truth.stage_counts.items())),
        segments=dict(sorted(truth.segment_counts.items())),
        undecidable=len(truth.undecidable_people),
        changed=changed,
    )


def _chunks(count: int) -> Iterator[range]:
    for first in range(0, count, CHUNK):
        yield range(first, min(first + CHUNK, count))


def _apply(store: RecordStore, stale: list[Record], fresh: list[Record]) -> int:
    """Write what differs between two states of the world, and remove what vanished."""
    old = {_key(one): one for one in stale}
    new = {_key(one): one for one in fresh}
    changed = [one for key, one in new.items() if old.get(key) != one]
    if stale:
        changed = [
            kept
            for one in changed
            if (kept := merge_member(store, old.get(_key(one)), one)) is not None
        ]
    store.put_many(sorted(changed, key=_key))  # in key order: SQLite writes pages once
    gone = [key for key in old if key not in new]
    for vendor, entity, id in gone:
        store.delete(vendor, entity, id)
    return len(changed) + len(gone)


def _key(one: Record) -> Key:
    return one.vendor, one.entity, one.id

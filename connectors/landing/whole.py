"""A whole batch into raw, a part of it at a time, so that memory does not grow with the batch.

Data flow: batch -> parts of some pages -> Stage -> Merge -> raw, quarantine -> what is missing.

All of it runs in the loader's one transaction, which also takes the temporary tables along when it
is rolled back. A record that comes in two parts is merged twice, the later one on top of the
earlier, as if it had come in two batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb

from connectors.landing import drift
from connectors.landing.batch import Batch, LandedPage
from connectors.landing.merge import Changes, Merge
from connectors.landing.stage import Stage, Staged, refuse_too_many
from connectors.protocol import StreamSpec

PART_ROWS = 50_000
PART_BYTES = 8_000_000  # compressed


@dataclass
class Outcome:
    """What a batch held and changed, per stream, and what is worth a warning."""

    found: dict[str, Staged] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


class BatchMerge:
    """Merges one batch; `family`: its stream, then the streams that are read with it."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        batch: Batch,
        family: Sequence[StreamSpec],
        known_at: datetime,
        now: datetime,
    ) -> None:
        self._db, self._batch, self._family = db, batch, family
        self._known_at, self._now = known_at, now
        self._source = batch.header.source
        self._keys = {spec.name: batch.keys(spec.name) for spec in family}

    def run(self) -> Outcome:
        """ContractError when the batch breaks a stream's contract: roll back then."""
        names = [spec.name for spec in self._family]
        done = Outcome({n: Staged() for n in names}, {n: Changes() for n in names})
        had = {
            spec.name: drift.with_values(self._db, self._source, spec, self._keys[spec.name])
            for spec in self._family
        }
        for pages in _parts(self._batch.pages):
            self._part(pages, done)
        for spec in self._family:
            found = done.found[spec.name]
            refuse_too_many(spec, found)
            done.warnings += drift.judge(self._db, self._source, spec, found, had[spec.name])
        if self._batch.completion and self._batch.completion.reconciled:
            self._missing(done)
        return done

    def _part(self, pages: Sequence[LandedPage], done: Outcome) -> None:
        stages = [
            Stage(self._db, spec, number, self._known_at)
            for number, spec in enumerate(self._family)
        ]
        merges = [self._merge(stage.spec, stage.prefix) for stage in stages]
        for stage in stages:
            name = stage.spec.name
            files = [self._batch.folder / p.parts[name].file for p in pages if name in p.parts]
            done.found[name].add(stage.run(files, self._keys[name]))
            self._quarantine(stage)
        for merge in merges:
            spec = merge.spec
            merge.start()
            changes = merge.upsert()
            listed = [(p.number, key) for p in pages for key in p.deleted.get(spec.name, ())]
            changes.deleted += merge.bury_listed(listed)
            if spec.parent is not None and spec.deletes == "replace_by_parent":
                parent = stages[0]
                changes.deleted += merge.bury_with_parents(parent.spec, parent.prefix)
                changes.deleted += merge.bury_orphans(parent.spec, parent.prefix)
            done.changes[spec.name].add(changes)
        for merge in merges:
            merge.drop()
        for stage in stages:
            stage.drop()

    def _missing(self, done: Outcome) -> None:
        """Tombstones for what the complete list of keys does not hold, and for its children."""
        own, *children = self._family
        merge = self._merge(own, "whole")
        merge.start()
        done.changes[own.name].deleted += merge.bury_missing(self._batch.id_files())
        for spec in children:
            if spec.deletes == "replace_by_parent":
                child = self._merge(spec, "whole_child")
                child.start()
                done.changes[spec.name].deleted += child.bury_with_parents(own, merge.stage)
                child.drop()
        merge.drop()

    def _merge(self, spec: StreamSpec, stage: str) -> Merge:
        batch_id = self._batch.batch_id
        return Merge(
            self._db, self._source, spec, stage, batch_id=batch_id, known_at=self._known_at
        )

    def _quarantine(self, stage: Stage) -> None:
        self._db.execute(
            "insert into _journey.quarantine"
            " select ?, ?, ?, concat(reason, ' (' || origin || ')'), record, ?"
            f" from {stage.prefix}_refused",
            [self._source, stage.spec.name, self._batch.batch_id, self._now],
        )


def _parts(pages: Sequence[LandedPage]) -> Iterator[list[LandedPage]]:
    """Consecutive pages, as many as fit; one empty part for a batch without pages."""
    part: list[LandedPage] = []
    rows = size = 0
    for page in pages:
        more = sum(file.rows for file in page.parts.values())
        bigger = sum(file.bytes for file in page.parts.values())
        if part and (rows + more > PART_ROWS or size + bigger > PART_BYTES):
            yield part
            part, rows, size = [], 0, 0
        part.append(page)
        rows, size = rows + more, size + bigger
    if part or not pages:
        yield part

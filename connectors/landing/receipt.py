"""What one load changed, in numbers.

Data flow: Staged + Changes per stream -> LoadReceipt -> `_journey.batch`, run receipts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.landing.batch import Batch
from connectors.landing.merge import Changes
from connectors.landing.stage import Staged


@dataclass(frozen=True)
class LoadReceipt:
    """What one batch changed, per stream. `unknown` lists undeclared keys, `missing` absent ones.

    `already_loaded`: the batch had been loaded before and this is its stored receipt.
    """

    source: str
    batch_id: str
    inserted: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, int] = field(default_factory=dict)
    unchanged: Mapping[str, int] = field(default_factory=dict)
    deleted: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    duplicates: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    mark: str | None = None
    already_loaded: bool = False


def receipt_of(
    batch: Batch,
    found: Mapping[str, Staged],
    changes: Mapping[str, Changes],
    warnings: Sequence[str],
) -> LoadReceipt:
    """The receipt of a batch from what staging found and merging changed."""
    return LoadReceipt(
        source=batch.header.source,
        batch_id=batch.batch_id,
        inserted={name: change.inserted for name, change in changes.items()},
        updated={name: change.updated for name, change in changes.items()},
        unchanged={name: change.unchanged for name, change in changes.items()},
        deleted={name: change.deleted for name, change in changes.items()},
        quarantined={name: staged.refused for name, staged in found.items()},
        duplicates={name: staged.duplicates for name, staged in found.items()},
        unknown={name: staged.unknown for name, staged in found.items() if staged.unknown},
        missing={name: staged.missing for name, staged in found.items() if staged.missing},
        warnings=list(warnings),
        mark=batch.completion.mark if batch.completion else None,
    )

"""What the published activation file says, as data frames.

Data flow: data/published/<version>/activation.duckdb (read only) -> Published -> gate and plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from activation.address import address_key
from activation.consent import GateInputError
from activation.segments import Segment

TABLES = (
    "seg_candidates",
    "sync_contacts",
    "sync_consents",
    "sync_suppressions",
    "sync_holds",
)


@dataclass(frozen=True)
class Published:
    """The tables of one published version; personal data, in memory only."""

    candidates: pd.DataFrame
    contacts: pd.DataFrame
    consents: pd.DataFrame
    suppressions: pd.DataFrame
    holds: pd.DataFrame

    def only(self, segments: Mapping[str, Segment]) -> pd.DataFrame:
        """Candidates of the given segments (by id).

        A candidate built for another purpose than the one configured now gets the purpose
        "changed", which the gate refuses: the consent that counts would be the wrong one.
        """
        rows = self.candidates[self.candidates["segment_id"].isin(list(segments))].copy()
        configured = [segments[name].purpose for name in rows["segment_id"]]
        same = rows["purpose"] == configured
        rows["purpose"] = rows["purpose"].where(same, "changed")
        return rows


def read_published(path: Path) -> Published:
    """Read one activation file; GateInputError when it or one of its tables is missing."""
    if not path.is_file():
        raise GateInputError(f"the published file {path.name} is missing; publish a build first")
    with duckdb.connect(str(path), read_only=True) as db:
        there = {row[0] for row in db.execute("select table_name from duckdb_tables()").fetchall()}
        there |= {row[0] for row in db.execute("select view_name from duckdb_views()").fetchall()}
        _require(there)
        frames = [db.execute(f'select * from "{name}"').df() for name in TABLES]
    candidates, contacts, consents, suppressions, holds = (_plain(frame) for frame in frames)
    for frame in (contacts, suppressions):
        # One form of an address everywhere, whatever the build made of it.
        frame["email_key"] = pd.Series(
            [address_key(value) for value in frame["email_key"]], index=frame.index, dtype=object
        )
    return Published(candidates, contacts, consents, suppressions, holds)


def _require(there: Collection[str]) -> None:
    missing = [name for name in TABLES if name not in there]
    if missing:
        raise GateInputError(
            f"the published activation file has no {', '.join(missing)}; nothing can be pushed"
        )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Text columns as plain objects with None, whatever the driver chose for them."""
    texts = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name].dtype)]
    for name in texts:
        column = frame[name].astype(object)
        frame[name] = column.where(column.notna(), None)
    return frame

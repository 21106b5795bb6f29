"""What each step of a night hands on: small, typed, safe to log (ids and counts only).

Data flow: steps return these -> the night collects them into the receipt (data/runs/<id>.json).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from flows.guards import Drop

StreamState = Literal["loaded", "no new data", "failed", "held"]
RunState = Literal["running", "succeeded", "failed", "held", "interrupted"]


@dataclass
class StreamResult:
    """One stream of one night; rows fetched from the source and what they changed in raw."""

    source: str
    stream: str
    state: StreamState = "no new data"
    batch_id: str = ""
    fetched: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0
    requests: int = 0
    bytes: int = 0
    resumed: bool = False
    error: str = ""


@dataclass(frozen=True)
class SourceResult:
    """All streams of one source after extraction; `error` is empty when every stream was read."""

    source: str
    required: bool
    streams: tuple[StreamResult, ...]
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class CheckpointResult:
    """One Great Expectations checkpoint: `failed` stop the run, `warned` are only reported."""

    name: str
    evaluated: int
    failed: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.failed


@dataclass(frozen=True)
class ValidationResult:
    """Landed data: the checkpoint, and streams that lost too many rows."""

    checkpoint: CheckpointResult
    drops: tuple[Drop, ...]
    counts: Mapping[str, int]  # "source.stream" -> current rows


@dataclass(frozen=True)
class BuildResult:
    """One dbt build: the private database, dbt's artifacts, and how many nodes ended how."""

    run_id: str
    database: Path
    artifacts: Path
    nodes: Mapping[str, int]  # status -> count
    failed: tuple[str, ...]  # unique ids of failed nodes
    warned: tuple[str, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.failed


@dataclass(frozen=True)
class PublishResult:
    """A published version; `rows` per published table."""

    version: str
    path: Path
    rows: Mapping[str, int]
    removed: tuple[str, ...] = ()


@dataclass
class StepTime:
    """How long one step took and how it ended."""

    name: str
    seconds: float
    state: str


@dataclass
class Receipt:
    """What a run did; written at its start, after each step and at its end."""

    run_id: str
    kind: str
    as_of: date | None
    started_at: str
    state: RunState = "running"
    ended_at: str = ""
    seconds: float = 0.0
    dry_run: bool = True
    overrides: tuple[str, ...] = ()
    steps: list[StepTime] = field(default_factory=list)
    streams: list[StreamResult] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    nodes: dict[str, int] = field(default_factory=dict)
    version: str = ""
    people: dict[str, int] = field(default_factory=dict)
    # One activation PushReport per platform, as plain values (counts only).
    pushes: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {"as_of": self.as_of.isoformat() if self.as_of else None}

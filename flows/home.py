"""Where an organisation keeps its configuration and data.

Data flow: --home | JOURNEY_HOME | current folder -> Home -> every path used anywhere else.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from flows.errors import UsageError


@dataclass(frozen=True)
class Home:
    """An organisation's folder; the properties are its fixed layout (docs/reference)."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config"

    @property
    def segments(self) -> Path:
        return self.config / "segments"

    @property
    def journeys(self) -> Path:
        return self.config / "journeys"

    @property
    def env_file(self) -> Path:
        return self.root / ".env"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def raw(self) -> Path:
        return self.data / "raw.duckdb"

    @property
    def builds(self) -> Path:
        return self.data / "builds"

    @property
    def known(self) -> Path:
        """Private files of what was known at some moment (`journey build --as-known-at`)."""
        return self.data / "known"

    @property
    def published(self) -> Path:
        return self.data / "published"

    @property
    def current(self) -> Path:
        """The published version readers should open (a symlink)."""
        return self.published / "current"

    @property
    def ledger(self) -> Path:
        return self.data / "ledger.sqlite"

    @property
    def state(self) -> Path:
        return self.data / "state"

    @property
    def runs(self) -> Path:
        return self.data / "runs"

    @property
    def docs(self) -> Path:
        return self.data / "docs"

    @property
    def dbt(self) -> Path:
        """dbt's own target and log files."""
        return self.data / "dbt"

    def make(self) -> None:
        """Create the data folders; only published/ may be read by others than the owner."""
        self.published.mkdir(parents=True, exist_ok=True)
        for folder in (
            self.landing,
            self.builds,
            self.state,
            self.runs,
            self.docs,
            self.dbt,
            self.data / "drop",
        ):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        # Said outright, because a run's umask is private: analysts pass through data/ unseen.
        self.data.chmod(0o711)
        self.published.chmod(0o755)


def find_home(given: Path | None = None, *, must_exist: bool = True) -> Home:
    """The organisation's folder: what was given, else JOURNEY_HOME, else the current folder.

    Raises UsageError when it holds no config/organisation.yml and `must_exist`.
    """
    root = given or Path(os.environ.get("JOURNEY_HOME") or ".")
    home = Home(root.expanduser().resolve())
    if must_exist and not (home.config / "organisation.yml").is_file():
        raise UsageError(
            f"{home.root} is not an organisation's folder: config/organisation.yml is missing",
            hint="Run `journey init DIR`, then use --home DIR, JOURNEY_HOME or change into it.",
        )
    return home

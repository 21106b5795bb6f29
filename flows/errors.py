"""Errors a user can act on, each with the exit code the command ends with.

JourneyError                1  something failed; the message says what, where and what to do
├── UsageError              2  the command was asked for something that cannot be
│   └── ConfigurationInvalid 2  every problem of the configuration, with file and line
├── AuditFailed             3  the build was not fit to be published
├── AlreadyRunning          4  another run holds the lock
└── HeldByGuard             5  a guard stopped the run or a push until somebody looks
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class JourneyError(Exception):
    """An expected failure: shown as one message, never as a traceback."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(JourneyError):
    """The command line or the folder asks for something that cannot be done."""

    exit_code = 2


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one configuration file; `line` counts from 1, 0 means the whole file."""

    file: str
    line: int
    message: str
    expected: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}" + (
            f" (expected {self.expected})" if self.expected else ""
        )


class ConfigurationInvalid(UsageError):
    """The configuration has problems; all of them are listed at once and nothing was started."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(set(problems))
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{count} problem{'s' if count != 1 else ''} in the configuration:\n{lines}",
            hint="Nothing was started. Correct these and run `journey check`.",
        )


class AuditFailed(JourneyError):
    """dbt tests or checkpoints failed: the build was not published and nothing was pushed."""

    exit_code = 3


class AlreadyRunning(JourneyError):
    """Another run of this organisation holds the lock."""

    exit_code = 4


class HeldByGuard(JourneyError):
    """A guard stopped the run (or every push of it) until somebody looks."""

    exit_code = 5

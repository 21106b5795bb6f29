"""Secrets: the process environment first, then <home>/.env; never the YAML files.

Data flow: environment + .env -> Secrets.get(NAME); the YAML only names variables.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flows.errors import Problem


@dataclass(frozen=True)
class Secrets:
    """Looked up by environment name; values stay out of every repr and log."""

    _values: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str | None:
        """The value, or None when it is unset or empty."""
        return os.environ.get(name) or self._values.get(name) or None


def read_secrets(path: Path, shown_as: str, problems: list[Problem]) -> Secrets:
    """Read NAME=value lines; `#` starts a comment line, quotes around a value are dropped."""
    values: dict[str, str] = {}
    if not path.is_file():
        return Secrets(values)
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = raw.strip().removeprefix("export ").strip()
        if not line or line.startswith("#"):
            continue
        name, sign, value = line.partition("=")
        if not sign or not name.strip().isidentifier():
            problems.append(Problem(shown_as, number, "not a NAME=value line", "NAME=value"))
            continue
        values[name.strip()] = value.strip().strip("'\"")
    return Secrets(values)

"""Questions commands ask the published warehouse.

Data flow: published/current (resolved once) -> read-only DuckDB connection -> rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from flows.errors import JourneyError, UsageError
from flows.home import Home


@contextmanager
def analyst(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published analyst file, read only."""
    with _opened(home, "analyst.duckdb") as db:
        yield db


@contextmanager
def activation(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published activation file, read only (owner only)."""
    with _opened(home, "activation.duckdb") as db:
        yield db


def rows(
    db: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None
) -> list[dict[str, Any]]:
    """The result as dictionaries."""
    found = db.execute(sql, values or [])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def member_key_of(home: Home, member: str) -> str:
    """The key of a person named by member key or member number; UsageError when unknown."""
    with analyst(home) as db:
        if rows(db, "select 1 from mart_member_360 where member_key = ?", [member]):
            return member
    with activation(home) as db:
        found = rows(db, "select member_key from sync_contacts where member_number = ?", [member])
    if len(found) != 1:
        raise UsageError(
            f"there is no person '{member}' in the published warehouse",
            hint="Give a member key or a member number such as M-000123.",
        )
    return str(found[0]["member_key"])


def member_row(home: Home, member_key: str) -> dict[str, Any]:
    """One person's row of mart_member_360."""
    with analyst(home) as db:
        return rows(db, "select * from mart_member_360 where member_key = ?", [member_key])[0]


@contextmanager
def _opened(home: Home, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    path = home.current.resolve() / name
    if not path.is_file():
        raise JourneyError("nothing has been published yet", hint="Run `journey nightly` first.")
    with duckdb.connect(str(path), read_only=True) as db:
        yield db

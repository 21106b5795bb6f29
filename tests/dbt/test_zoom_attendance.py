"""Stays become attendance: minutes of overlapping stays count once, strangers are only counted."""

from __future__ import annotations

from typing import Any

import duckdb
from feeds_zoom import SERIES, TALK
from test_feeds import fed
from upstream import Built

__all__ = ["fed"]


def rows(built: Built, sql: str) -> list[tuple[Any, ...]]:
    """Rows of views that read raw."""
    raw = built.database.with_name("raw.duckdb")
    with duckdb.connect(str(built.database), read_only=True) as db:
        db.execute(f"attach '{raw}' as raw (read_only)")
        return db.execute(sql).fetchall()


def test_minutes_are_those_of_the_union(fed: Built) -> None:
    wanted = "webinar_id, registrant_id, span_count, attended_minutes"
    found = rows(fed, f"select {wanted} from base_zoom__attendance")
    assert sorted(found) == [(TALK, "anna", 2, 50), (TALK, "ben", 1, 65), (SERIES, "anna", 1, 6)]


def test_strangers_are_counted_and_no_people(fed: Built) -> None:
    wanted = "source_event_id, stay_count, participant_count"
    found = rows(fed, f"select {wanted} from stg_zoom__unmatched_attendance")
    assert found == [(str(TALK), 3, 2)]

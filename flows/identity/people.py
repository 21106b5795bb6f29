"""Who is who in the last good build, for somebody who has to judge it.

Data flow: builds/current (the owner's, read only) + file of decisions -> persons, their records,
the review list with masked values, what speaks against a link.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from flows.errors import JourneyError, UsageError
from flows.home import Home
from flows.identity.decisions import Decision, RecordId, in_force
from flows.warehouse import rows

CONTRADICTIONS = frozenset(
    {"birth_dates_differ", "member_numbers_differ", "suffixes_differ", "active_after_death"}
)
_VALUES = ("first_name", "last_name", "birth_date", "email", "phone_e164", "street", "postal_code")


@contextmanager
def last_build(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """The last good build, read only; JourneyError before the first one."""
    link = home.builds / "current"
    if not link.exists():
        raise JourneyError("nothing has been built yet", hint="Run `journey nightly` first.")
    with duckdb.connect(str(link.resolve()), read_only=True) as db:
        yield db


def person_of(db: duckdb.DuckDBPyConnection, name: str) -> str:
    """The key of a person named by key, former key, member number or SYSTEM:RECORD."""
    system, colon, record = name.partition(":")
    asked = {
        "select member_key from int_identity__current"
        " where source_system = ? and source_record_id = ?": [system, record],
        "select distinct member_key from int_identity__current where member_key = ?": [name],
        "select person_key as member_key from person_key_redirect where old_person_key = ?": [name],
        "select member_key from dim_member where member_number = ?": [name],
    }
    for sql, values in asked.items():
        if len(values) == 2 and not colon:
            continue
        found = rows(db, sql, values)
        if len(found) == 1:
            return str(found[0]["member_key"])
    raise UsageError(
        f"there is no person '{name}' in the last build",
        hint="Name a record as SYSTEM:RECORD (civicrm:123), or give a member key or number.",
    )


def records_of(db: duckdb.DuckDBPyConnection, member_key: str) -> list[RecordId]:
    """The person's records, those that bear a membership first, then the oldest."""
    found = rows(
        db,
        "select current.source_system, current.source_record_id"
        " from int_identity__current as current"
        " inner join int_identity__records as records using (source_system, source_record_id)"
        " where current.member_key = ?"
        " order by not is_member_bearing, created_at, source_system, source_record_id",
        [member_key],
    )
    return [(row["source_system"], row["source_record_id"]) for row in found]


def against_a_link(
    db: duckdb.DuckDBPyConnection,
    left: str,
    right: str,
    decisions: Sequence[Decision],
    checking: Sequence[str],
) -> tuple[list[str], list[Decision]]:
    """Why two persons cannot be one, in words, and the decisions that told them apart.

    `checking` are the sources whose dates of birth count; none = all.
    """
    found = []
    apart = _told_apart(set(records_of(db, left)), set(records_of(db, right)), decisions)
    for one in apart:
        found.append(
            f"decision {one.number} of {one.decided_by} told them apart on"
            f" {one.decided_at:%Y-%m-%d}: {one.why}"
        )
    births = rows(
        db,
        "select count(distinct birth_date) as n from conformed__people"
        " inner join int_identity__current using (source_system, source_record_id)"
        " where member_key in (?, ?) and (len(?) = 0 or list_contains(?, source_system))",
        [left, right, list(checking), list(checking)],
    )
    if births[0]["n"] > 1:
        found.append("their dates of birth differ")
    listed = rows(
        db,
        "select reason from identity_review where ? in (left_member_key, right_member_key)"
        " and ? in (left_member_key, right_member_key)",
        [left, right],
    )
    words = {row["reason"] for row in listed} & (CONTRADICTIONS - {"birth_dates_differ"})
    return [*found, *sorted(word.replace("_", " ") for word in words)], apart


def review_list(db: duckdb.DuckDBPyConnection, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """How many pairs wait, and the first `limit` of them with masked values on both sides."""
    waiting = rows(db, "select count(*) as n from identity_review")[0]["n"]
    found = rows(
        db,
        "select * from identity_review order by rule_id, first_seen_at, review_id limit ?",
        [limit],
    )
    for row in found:
        for side in ("left", "right"):
            record = (row.pop(f"{side}_source_system"), row.pop(f"{side}_record_id"))
            key = row.pop(f"{side}_member_key")
            row[side] = {"record": ":".join(record), "member_key": key, **_masked(db, record)}
    return int(waiting), found


def mask(column: str, value: object) -> str | None:
    """Enough of a value to compare it with another by, too little to use it."""
    text = "" if value is None else str(value)
    if not text:
        return None
    if column == "email":
        local, _, domain = text.rpartition("@")
        return f"{local[:1]}…@{domain}"
    if column == "birth_date":
        return f"{text[:4]}-…"
    if column == "phone_e164":
        return f"…{text[-3:]}"
    return f"{text[: 2 if column == 'postal_code' else 1]}…"


def _masked(db: duckdb.DuckDBPyConnection, record: RecordId) -> dict[str, str | None]:
    found = rows(
        db,
        f"select {', '.join(_VALUES)} from conformed__people"
        " where source_system = ? and source_record_id = ?",
        list(record),
    )
    return {column: mask(column, found[0][column] if found else None) for column in _VALUES}


def _told_apart(
    left: set[RecordId], right: set[RecordId], decisions: Iterable[Decision]
) -> list[Decision]:
    """Decisions in force that set a record of the one person apart from one of the other."""
    found = []
    for one in in_force(list(decisions)):
        sides = (set(one.left), set(one.right))
        crosses = (sides[0] & left and sides[1] & right) or (sides[0] & right and sides[1] & left)
        if one.kind == "distinct" and crosses:
            found.append(one)
    return found

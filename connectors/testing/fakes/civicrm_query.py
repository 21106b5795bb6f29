"""The parts of a CiviCRM `get` around its where clause: default clauses, order, limit, offset.

Data flow: params of `get` + records in id order -> the rows asked for and the matched count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.testing.fakes.civicrm_schema import DEFAULT_ZERO, Field
from connectors.testing.fakes.civicrm_where import Where


def defaults(clauses: list[Any], fields: Mapping[str, Field]) -> list[list[Any]]:
    """The clauses `get` adds by itself; none when records are asked for by id."""
    named: set[str] = set()
    for clause in clauses:
        if isinstance(clause, list) and len(clause) > 1 and isinstance(clause[0], str):
            if clause[0] == "id" and clause[1] in ("=", "IN"):
                return []
            named.add(clause[0])
            if isinstance(clause[1], list):
                named |= {part[0] for part in clause[1] if isinstance(part, list) and part}
    return [[name, "=", 0] for name in DEFAULT_ZERO if name in fields and name not in named]


def lowest_id(clauses: list[Any]) -> int | None:
    """The smallest id the top-level clauses allow, so that the scan can start there."""
    lows = []
    for clause in clauses:
        if not isinstance(clause, list) or len(clause) != 3 or clause[0] != "id":
            continue
        if clause[1] in (">=", "=", ">"):
            lows.append(int(clause[2]) + (clause[1] == ">"))
    return max(lows, default=None)


def window(
    rows: Iterator[dict[str, Any]], limit: int, offset: int
) -> tuple[list[dict[str, Any]], int | None]:
    """The asked rows of an id-ordered stream, and the full count when the stream was used up."""
    taken: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        if number >= offset:
            taken.append(row)
        if limit and len(taken) == limit:
            return taken, None
    return taken, len(taken) + offset


def sorted_rows(
    rows: list[dict[str, Any]],
    order: list[tuple[str, str]],
    where: Where,
    fields: Mapping[str, Field],
) -> list[dict[str, Any]]:
    for name, direction in reversed(order):
        field = fields[name]

        def key(row: dict[str, Any], field: Field = field) -> tuple[bool, Any]:
            value = where.value(field, row.get(field.name))
            return (value is not None, value if value is not None else 0)

        rows.sort(key=key, reverse=direction == "DESC")
    return rows

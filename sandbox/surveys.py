"""Writes survey answers as the monthly CSV files a survey tool would drop.

Data flow: Life, now -> rows -> <path>/drop/surveys-<year-month>.csv (semicolons, UTF-8, UTC times).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from sandbox.life import Life
from sandbox.scale import zulu

HEADER = (
    "response_id",
    "member_no",
    "email",
    "survey",
    "lifecycle_point",
    "score",
    "responded_at",
)
Row = tuple[str, ...]


def survey_rows(life: Life, now: datetime) -> Iterator[Row]:
    """This person's answers up to `now`, known by member number or by e-mail, never by both."""
    who = life.person
    for number, answer in enumerate(life.service.responses):
        if answer.at > now:
            continue
        by_number = answer.by_number or who.shares_email or who.email is None
        yield (
            f"R{who.index:07d}-{number}",
            who.member_number if by_number else "",
            "" if by_number else str(who.email),
            "member-pulse",
            answer.lifecycle_point,
            str(answer.score),
            zulu(answer.at),
        )


def write_surveys(folder: Path, rows: Iterable[Row]) -> int:
    """Write one file per month of answering; files without a new answer are not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    months: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        months[row[6][:7]].append(row)
    for month, answers in months.items():
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\n")
        writer.writerow(HEADER)
        ordered: list[Row] = sorted(answers, key=_by_time)
        writer.writerows(ordered)
        file, content = folder / f"surveys-{month}.csv", text.getvalue().encode()
        if not file.exists() or file.read_bytes() != content:
            file.write_bytes(content)
    return sum(map(len, months.values()))


def _by_time(row: Row) -> tuple[str, str]:
    return row[6], row[0]

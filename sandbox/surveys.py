"""Writes survey answers as the monthly CSV files a survey tool would drop.

Data flow: Life, now -> rows -> <path>/drop/surveys-<year-month>.csv (semicolons, UTF-8, UTC times).
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

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


class Surveys:
    """Collects answers in a file per month, so that only one month is ever held in memory.

    `spool` is the folder of the unsorted files, `folder` that of the files made by `finish`.
    """

    def __init__(self, spool: Path, folder: Path) -> None:
        self._spool, self._folder = spool, folder
        self._months: set[str] = set()

    def add(self, rows: Iterable[Row]) -> None:
        months: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            months[row[6][:7]].append(row)
        for month, answers in months.items():
            with (self._spool / f"{month}.csv").open("a", encoding="utf-8", newline="") as file:
                _writer(file).writerows(answers)
        self._months |= months.keys()

    def finish(self) -> None:
        """Write one file per month of answering; files without a new answer are not touched."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for month in sorted(self._months):
            with (self._spool / f"{month}.csv").open(encoding="utf-8", newline="") as spooled:
                ordered = sorted(csv.reader(spooled, delimiter=";"), key=_by_time)
            text = io.StringIO(newline="")
            _writer(text).writerows([HEADER, *ordered])
            file, content = self._folder / f"surveys-{month}.csv", text.getvalue().encode()
            if not file.exists() or file.read_bytes() != content:
                file.write_bytes(content)


def _writer(file: TextIO) -> Any:
    return csv.writer(file, delimiter=";", lineterminator="\n")


def _by_time(row: Sequence[str]) -> tuple[str, str]:
    return row[6], row[0]

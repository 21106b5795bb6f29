"""One dropped file as contract records, or an error that names the file and the row.

Data flow: file -> table_rows() (file columns) -> mapping -> read_file() -> Records, wholly there.

A file is read to its end before any of its records go on, so that a broken file is never
half-loaded. They wait on disk: the memory holds one row at a time, however large the file is.
Single values that do not fit are left as they are: the loader quarantines their rows by name.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.landing.encode import ORIGIN
from connectors.sources.filedrop.broken import broken
from connectors.sources.filedrop.settings import FileMapping
from connectors.sources.filedrop.sheets import sheet_rows
from connectors.sources.filedrop.text import csv_rows

IN_MEMORY = 8_000_000  # bytes; beyond that a temporary file without a name, gone with the process
TableRow = tuple[str, Mapping[str, Any]]


class Records:
    """The records of one file, in file order. Close them to free the disk."""

    def __init__(self, folder: Path) -> None:
        self._file: BinaryIO = temporary(folder)
        self.count = 0

    def add(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record).encode() + b"\n")
        self.count += 1

    def pages(self, begin: int, size: int) -> Iterator[list[dict[str, Any]]]:
        """From the record numbered `begin` (0 is the first) on, `size` at a time."""
        self._file.seek(0)
        lines = islice(self._file, begin, None)
        while chunk := list(islice(lines, size)):
            yield [json.loads(line) for line in chunk]

    def close(self) -> None:
        self._file.close()


def temporary(folder: Path) -> BinaryIO:
    """A file that nobody else can open; small ones never touch the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    return cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)))


def read_file(file: BinaryIO, name: str, mapping: FileMapping, folder: Path) -> Records:
    """The contract records of the whole file; `folder` keeps large ones until they are used.

    `_origin` in a record tells file and row for the quarantine.
    """
    records = Records(folder)
    try:
        with closing(table_rows(file, name, mapping)) as rows:
            for origin, found in rows:
                records.add({**mapping.record(found), ORIGIN: f"{name} {origin}"})
    except BaseException:
        records.close()
        raise
    return records


def table_rows(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[TableRow]:
    """(where the row stands, its mapped columns), in file order."""
    suffix = Path(name).suffix.lower().lstrip(".")
    kind = mapping.format if mapping.format != "auto" else suffix
    if kind in ("csv", "txt", "tsv"):
        return _from_csv(file, name, mapping)
    if kind == "xlsx":
        return _from_xlsx(file, name, mapping)
    if kind == "parquet":
        return _from_parquet(file, name, mapping)
    raise broken(name, f"is of an unknown kind ({kind or 'no suffix'}).", "Set `format`.")


def _from_csv(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[TableRow]:
    with closing(csv_rows(file, name, mapping)) as rows:
        _, header = next(rows)
        places = _places(header, name, mapping)
        for number, row in rows:
            yield f"row {number}", {column: row[place] for column, place in places.items()}


def _from_xlsx(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[TableRow]:
    """Several sheets must have the same columns, in any order."""
    places: dict[str, int] = {}
    first: set[Any] = set()
    current: str | None = None
    with closing(sheet_rows(file, name, mapping)) as rows:
        for sheet, number, row in rows:
            if sheet != current:
                current = sheet
                label = f"{name} sheet {sheet!r}" if sheet else name
                places = _places(row, label, mapping)
                first = first or set(row)
                if set(row) != first:
                    other = ", ".join(sorted(set(row) ^ first))
                    raise broken(
                        label,
                        f"has other columns than the sheet before it: {other[:200]}.",
                        "Give all sheets the same header, or name the right ones in `sheet`.",
                    )
                continue
            where = f"sheet {sheet!r} row {number}" if sheet else f"row {number}"
            yield where, {column: row[place] for column, place in places.items()}


def _from_parquet(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[TableRow]:
    file.seek(0)
    number = 0
    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        wanted = {names[at]: one for one, at in _places(names, name, mapping).items()}
        for batch in table.iter_batches(batch_size=5_000, columns=list(wanted)):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", {wanted[one]: value for one, value in row.items()}
    except (pa.ArrowException, OSError) as error:
        raise broken(name, "is not a readable Parquet file.", "Write it again.") from error


def _places(header: Sequence[Any], name: str, mapping: FileMapping) -> dict[str, int]:
    """Mapped column -> its place; an error when one is missing or any is there twice."""
    names = [str(cell).strip() for cell in header]
    twice = sorted({one for one in names if names.count(one) > 1 and one})
    if twice:
        raise broken(name, f"has the column {', '.join(twice)} more than once.", "Rename one.")
    missing = [one for one in mapping.columns if one not in names]
    if missing:
        raise broken(
            name,
            f"has no column {', '.join(missing)}; its header has {len(names)} columns:"
            f" {', '.join(names)[:200]}.",
            "Check `delimiter`, `header_row` and the mapping in config/sources.yml.",
        )
    return {one: names.index(one) for one in mapping.columns}

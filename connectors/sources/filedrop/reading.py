"""One dropped file as a table of text, or an error that names the file and the row.

Data flow: file -> read_table() -> DataFrame (file columns, text) -> map_rows() -> contract records.

A file is read as a whole before any of its rows go on, so that a broken file is never half-loaded.
Single values that do not fit are left as they are: the loader quarantines their rows by name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
import pandas as pd
import pyarrow as pa

from connectors.errors import SourceError
from connectors.landing.encode import ORIGIN
from connectors.sources.filedrop.settings import FileMapping

_DELIMITERS = ",;\t|"
csv.field_size_limit(16_000_000)  # the engine caps single fields; the parser need not


def read_table(path: Path, content: bytes, mapping: FileMapping) -> pd.DataFrame:
    """The mapped columns of the file; the index is the row's number in the file."""
    kind = mapping.format if mapping.format != "auto" else path.suffix.lower().lstrip(".")
    if kind in ("csv", "txt", "tsv"):
        frame = _read_csv(path, content, mapping)
    elif kind == "xlsx":
        frame = _read_xlsx(path, content, mapping)
    elif kind == "parquet":
        frame = _read_parquet(path, content)
    else:
        raise _broken(path, f"is of an unknown kind ({kind or 'no suffix'}).", "Set `format`.")
    names = [str(name).strip() for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _broken(path, f"has the column {', '.join(twice)} more than once.", "Rename one.")
    frame.columns = pd.Index(names)
    wanted = list(mapping.columns)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise _broken(
            path,
            f"has no column {', '.join(missing)}; its header has {len(names)} columns:"
            f" {', '.join(names)[:200]}.",
            "Check `delimiter`, `header_row` and the mapping in config/sources.yml.",
        )
    return frame.loc[:, wanted]


def map_rows(frame: pd.DataFrame, mapping: FileMapping, file: str) -> Iterator[dict[str, Any]]:
    """Contract records in file order; `_origin` tells file and row for the quarantine."""
    for index, row in zip(frame.index, frame.to_dict("records"), strict=True):
        yield {
            **mapping.record({str(k): _cell(v) for k, v in row.items()}),
            ORIGIN: f"{file} row {index}",
        }


def _read_csv(path: Path, content: bytes, mapping: FileMapping) -> pd.DataFrame:
    """Strictly: pandas' own reader forgives rows that are too short or too long."""
    text = _decode(path, content, mapping.encoding)
    lines = text.splitlines()[mapping.header_row - 1 :]
    if not lines or not lines[0].strip():
        raise _broken(path, f"has no header in row {mapping.header_row}.", "Check the file.")
    delimiter = mapping.delimiter or _delimiter(lines[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    numbers: list[int] = []
    begins = 1
    try:
        for row in reader:
            if begins >= mapping.header_row and any(row):
                if rows and len(row) != len(rows[0]):
                    raise _broken(
                        path,
                        f"row {begins} has {len(row)} fields, but the header has {len(rows[0])}.",
                        "Correct the row, or check `delimiter`.",
                    )
                rows.append(row)
                numbers.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise _broken(
            path, f"row {begins} can not be read ({error}).", "A quote may stay open."
        ) from error
    return pd.DataFrame(rows[1:], columns=rows[0], index=numbers[1:], dtype=object)


def _read_xlsx(path: Path, content: bytes, mapping: FileMapping) -> pd.DataFrame:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise _broken(path, "is not a readable XLSX file.", "Save it again as .xlsx.") from error
    try:
        names = book.sheetnames
        known = mapping.sheet in names if isinstance(mapping.sheet, str) else True
        if not known or (isinstance(mapping.sheet, int) and mapping.sheet >= len(names)):
            raise _broken(
                path, f"has no sheet {mapping.sheet!r}.", f"Its sheets are: {', '.join(names)}."
            )
        sheet = (
            book[mapping.sheet]
            if isinstance(mapping.sheet, str)
            else book.worksheets[mapping.sheet]
        )
        row = mapping.header_row
        for merged in sheet.merged_cells.ranges:
            if merged.min_row <= row <= merged.max_row:
                raise _broken(
                    path,
                    f"has merged cells in its header, row {row} of sheet {sheet.title!r}.",
                    "Undo the merge, or set `header_row` to the row with one name per column.",
                )
    finally:
        book.close()
    frame = pd.read_excel(
        io.BytesIO(content), sheet_name=mapping.sheet, header=row - 1, dtype=object
    )
    frame.index += row + 1
    return frame.dropna(how="all")


def _read_parquet(path: Path, content: bytes) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(io.BytesIO(content)).reset_index(drop=True)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _broken(path, "is not a readable Parquet file.", "Write it again.") from error
    frame.index += 1
    return frame


def _decode(path: Path, content: bytes, encoding: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif encoding.lower().replace("_", "-") in ("utf-8", "utf8"):
        encoding = "utf-8-sig"  # programs for offices write a byte order mark
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise _broken(
            path,
            f"row {row} is not {encoding.removesuffix('-sig')} text.",
            "Save the file as UTF-8, or set `encoding` (cp1252 is common for older programs).",
        ) from error


def _delimiter(header: str) -> str:
    """The delimiter that occurs most in the header; a comma when none does."""
    best = max(_DELIMITERS, key=header.count)
    return best if best in header else ","


def _cell(value: Any) -> Any:
    return None if value is pd.NaT else value


def _broken(path: Path, what: str, todo: str) -> SourceError:
    return SourceError(f"file {path.name} {what}", todo=f"{todo} Nothing of it was loaded.")

"""Rows of people as CSV or XLSX and back, with nothing in a cell that a spreadsheet would run.

Data flow: People -> `write_table` -> bytes -> `read_table` -> the same People.

A cell that begins a formula (= + - @ TAB CR, the list of OWASP's "CSV Injection") gets an
apostrophe before it, in both formats: an XLSX may be saved as CSV by its reader.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

import openpyxl
from openpyxl.cell import WriteOnlyCell

from connectors.errors import SourceError

KEY = "id"  # the column that names the person
_LONGEST_VALUE = 255
_BEGINS = r"'*[=+\-@\t\r]"
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

People = dict[str, dict[str, str]]  # id -> column -> value


def harmless(value: str | None) -> str:
    """A value on one line, of limited length, without characters no file may hold."""
    return " ".join(_UNSEEN.sub("", value or "").split())[:_LONGEST_VALUE].strip()


def neutral(value: str) -> str:
    """The value as it stands in a cell."""
    return f"'{value}" if re.match(_BEGINS, value) else value


def plain(cell: str) -> str:
    """The value a cell stands for."""
    return cell[1:] if re.match("'" + _BEGINS, cell) else cell


def write_table(people: Mapping[str, Mapping[str, str]], columns: Sequence[str], how: str) -> bytes:
    """The file, sorted by id. `how`: "xlsx", or the delimiter of CSV (UTF-8 with a mark, CRLF)."""
    rows = [[KEY, *columns]]
    for key in sorted(people):
        rows.append([neutral(key), *(neutral(people[key].get(name, "")) for name in columns)])
    return _xlsx(rows) if how == "xlsx" else _csv(rows, how)


def read_table(content: bytes, how: str) -> People:
    """What `write_table` wrote; SourceError when somebody else did."""
    try:
        rows = _rows_of_xlsx(content) if how == "xlsx" else _rows_of_csv(content, how)
        (key, *columns), *people = rows
    except (ValueError, KeyError, OSError, csv.Error):
        raise SourceError("the file can not be read.") from None
    if key != KEY or any(len(row) != len(columns) + 1 for row in people):
        raise SourceError(f"the file does not begin with a column '{KEY}', or has ragged rows.")
    return {
        plain(row[0]): dict(zip(columns, [plain(cell) for cell in row[1:]], strict=True))
        for row in people
    }


def _csv(rows: Sequence[Sequence[str]], delimiter: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _rows_of_csv(content: bytes, delimiter: str) -> list[list[str]]:
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.reader(text, delimiter=delimiter, strict=True))


def _xlsx(rows: Sequence[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("people")
    for row in rows:
        cells = []
        for value in row:
            cell = WriteOnlyCell(sheet, value=value)
            cell.data_type = "s"  # text, whatever it looks like
            cells.append(cell)
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _rows_of_xlsx(content: bytes) -> list[list[str]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        rows = list(book["people"].iter_rows(values_only=True))
    except Exception as error:  # the package raises whatever a broken archive makes it raise
        raise ValueError("no XLSX file") from error
    width = len(rows[0]) if rows else 0
    return [
        ["" if c is None else str(c) for c in (*row, *[None] * (width - len(row)))] for row in rows
    ]

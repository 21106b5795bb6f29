"""XLSX files: one or several sheets, row by row, within limits that no honest workbook reaches.

Data flow: binary file -> open workbook -> sheet_rows() -> (sheet, row number, values).

Values are what the cells hold: text stays text (leading zeros, and what looks like a formula),
dates are dates. Of a formula it is the value it had when the workbook was saved.
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from fnmatch import fnmatchcase
from typing import Any, BinaryIO

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from connectors.sources.filedrop.broken import broken
from connectors.sources.filedrop.settings import FileMapping

MAX_UNZIPPED = 500_000_000  # bytes of all parts; the parser streams the sheets
MAX_IN_MEMORY = 150_000_000  # bytes of one part that the parser keeps whole (texts, styles)
MAX_PARTS = 5_000
_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384  # Excel's own; a row beyond would be made up

SheetRow = tuple[str, int, list[Any]]


def sheet_rows(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[SheetRow]:
    """(sheet, row number, values): of each sheet its header first. Blank rows are left out.

    The sheet is "" when only one was asked for. Empty sheets that a pattern meets are left out.
    """
    _refuse_bombs(file, name)
    with _opened(file, name) as book:
        sheets = _wanted(book, name, mapping)
        for sheet in sheets:
            sheet.reset_dimensions()
            header = _header(sheet, name, mapping.header_row)
            if not header and len(sheets) > 1:
                continue
            if not header:
                raise broken(
                    name,
                    f"has no header in row {mapping.header_row} of sheet {sheet.title!r}.",
                    "Check `sheet` and `header_row`.",
                )
            title = sheet.title if len(sheets) > 1 else ""
            yield title, mapping.header_row, header
            for number, row in enumerate(
                sheet.iter_rows(
                    min_row=mapping.header_row + 1, max_row=_MAX_ROWS, max_col=len(header)
                ),
                mapping.header_row + 1,
            ):
                values = [_value(cell) for cell in row]
                if any(value not in (None, "") for value in values):
                    yield title, number, values


def _refuse_bombs(file: BinaryIO, name: str) -> None:
    """A few kilobytes can unfold to more than any machine has."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            sizes = {part.filename: part.file_size for part in parts.infolist()}
    except zipfile.BadZipFile as error:
        raise broken(name, "is not a readable XLSX file.", "Save it again as .xlsx.") from error
    kept = [size for part, size in sizes.items() if "/worksheets/" not in part]
    if (
        len(sizes) > MAX_PARTS
        or sum(sizes.values()) > MAX_UNZIPPED
        or max(kept, default=0) > MAX_IN_MEMORY
    ):
        raise broken(
            name,
            f"unfolds to {sum(sizes.values()):,} bytes, more than is read.",
            "Split the workbook, or save its sheets as CSV.",
        )


@contextmanager
def _opened(file: BinaryIO, name: str) -> Iterator[Any]:
    file.seek(0)
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (
        *(zipfile.BadZipFile, InvalidFileException),
        *(KeyError, ValueError, TypeError, OSError, SyntaxError),  # SyntaxError: broken XML
    ) as error:
        raise broken(name, "is not a readable XLSX file.", "Save it again as .xlsx.") from error
    try:
        yield book
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, SyntaxError) as error:
        raise broken(name, "has a damaged sheet.", "Save it again as .xlsx.") from error
    finally:
        book.close()


def _wanted(book: Any, name: str, mapping: FileMapping) -> list[Any]:
    """The sheets in the workbook's order, each once; every name that is told must be there."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    titles = list(sheets)
    found: set[str] = set()
    for told in mapping.sheets():
        if isinstance(told, int):
            matches = titles[told : told + 1] if told >= 0 else []
        elif told in sheets:
            matches = [told]
        else:
            matches = [title for title in titles if fnmatchcase(title, told)]
        if not matches:
            raise broken(name, f"has no sheet {told!r}.", f"Its sheets are: {', '.join(titles)}.")
        found.update(matches)
    return [sheets[title] for title in titles if title in found]


def _header(sheet: Any, name: str, row: int) -> list[Any]:
    """The names in the row, up to the last one; [] when there is none.

    Of merged cells only the first one has a value: that is how they show.
    """
    cells = next(
        sheet.iter_rows(min_row=row, max_row=row, max_col=_MAX_COLUMNS, values_only=True), ()
    )
    names = [None if value is None else str(value).strip() or None for value in cells]
    while names and names[-1] is None:
        names.pop()
    first = next((index for index, value in enumerate(names) if value), 0)
    if None in names[first:]:
        raise broken(
            name,
            f"has merged cells in its header, row {row} of sheet {sheet.title!r},"
            " or a column without a name.",
            "Undo the merge, or set `header_row` to the row with one name per column.",
        )
    return [value or "" for value in names]


def _value(cell: Any) -> Any:
    value = cell.value
    if isinstance(value, datetime) and value.time() == time():
        return value.date()  # Excel knows no dates without a time
    if isinstance(value, bool) or value is None or isinstance(value, str | datetime | date):
        return value
    if isinstance(value, int):
        # 00123 is stored as 123 with the format 00000.
        shown = cell.number_format
        return str(value).zfill(len(shown)) if shown.strip("0") == "" and value >= 0 else value
    if isinstance(value, float):
        return float(f"{value:.15g}")  # Excel's own precision: 0.3, not 0.30000000000000004
    return str(value)

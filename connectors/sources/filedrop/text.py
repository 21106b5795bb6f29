"""CSV files: how they are written is found out, then every row is taken strictly.

Data flow: binary file -> encoding_of() -> delimiter -> csv_rows() -> (row number, fields).

The rows come one at a time: a file may be larger than the memory.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

from connectors.sources.filedrop.broken import broken
from connectors.sources.filedrop.settings import AUTO, FileMapping

_DELIMITERS = ";,\t|"
_SAMPLE = 20  # rows that must agree on their width for a delimiter to be believed
_CHUNK = 1 << 20
csv.field_size_limit(16_000_000)  # the engine caps single fields; the parser need not

Row = tuple[int, list[str]]


def csv_rows(file: BinaryIO, name: str, mapping: FileMapping) -> Generator[Row]:
    """(row number, fields): the header first; every row as wide as it. Blank rows are left out."""
    encoding = encoding_of(file, name, mapping.encoding)
    with _as_text(file, encoding, name) as text:
        delimiter = mapping.delimiter or _delimiter(text, mapping.header_row)
        width = 0
        for number, row in _rows(text, delimiter, mapping.header_row, name):
            if not width and number > mapping.header_row:
                break
            width = width or len(row)
            if len(row) != width:
                raise broken(
                    name,
                    f"row {number} has {len(row)} fields, but the header has {width}.",
                    "Correct the row, or check `delimiter`.",
                )
            yield number, row
        if not width:
            raise broken(name, f"has no header in row {mapping.header_row}.", "Check the file.")


def encoding_of(file: BinaryIO, name: str, told: str) -> str:
    """The encoding to read the file with; a byte order mark decides before anything else."""
    file.seek(0)
    if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if told != AUTO:
        # Programs for offices write a byte order mark before UTF-8.
        return "utf-8-sig" if told.lower().replace("_", "-") in ("utf-8", "utf8") else told
    good, bad = _letters(file)
    if not bad:
        return "utf-8-sig"
    if good:  # read as cp1252, "Ã¼" would stand where an ü is
        row = _bad_row(file, "utf-8")
        raise broken(
            name,
            f"row {row} is not utf-8 text, while other rows are.",
            "Save the file in one encoding, or set `encoding`.",
        )
    return "cp1252"


def _letters(file: BinaryIO) -> tuple[bool, bool]:
    """Whether the file holds UTF-8 letters beyond ASCII, and bytes that are no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    good = bad = False
    file.seek(0)
    while True:
        chunk = file.read(_CHUNK)
        text = decoder.decode(chunk, final=not chunk).lstrip("\ufeff")
        broken_ones = text.count("\ufffd")
        bad = bad or broken_ones > 0
        good = good or (not text.isascii() and any(c > "\x7f" and c != "\ufffd" for c in text))
        if not chunk:
            return good, bad


@contextmanager
def _as_text(file: BinaryIO, encoding: str, name: str) -> Iterator[io.TextIOWrapper]:
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    try:
        yield text
    except UnicodeError as error:
        told = encoding.removesuffix("-sig")
        row = f"row {_bad_row(file, encoding)} " if encoding != "utf-16" else ""
        raise broken(
            name,
            f"{row}is not {told} text.",
            "Save the file as UTF-8, or set `encoding` (cp1252 is common for older programs;"
            " auto finds it out).",
        ) from error
    finally:
        text.detach()  # or the file would be closed with it


def _bad_row(file: BinaryIO, encoding: str) -> int:
    file.seek(0)
    for number, line in enumerate(file, 1):
        try:
            line.decode(encoding)
        except UnicodeError:
            return number
    return 0


def _rows(text: io.TextIOWrapper, delimiter: str, header_row: int, name: str) -> Iterator[Row]:
    """From the header on, strictly, without rows that hold nothing."""
    reader = _reader(text, delimiter, header_row)
    begins = header_row
    try:
        for row in reader:
            if any(row):
                yield begins, row
            begins = header_row + reader.line_num
    except csv.Error as error:
        raise broken(
            name, f"row {begins} can not be read ({error}).", "A quote may stay open."
        ) from error


def _reader(text: io.TextIOWrapper, delimiter: str, header_row: int) -> Any:
    text.seek(0)
    for _ in range(header_row - 1):
        text.readline()
    return csv.reader(text, delimiter=delimiter, strict=True)


def _delimiter(text: io.TextIOWrapper, header_row: int) -> str:
    """The delimiter by which header and first rows have the same number of fields, the most.

    A delimiter inside quotes counts for nothing. When the rows agree on none, it is the one that
    splits the header most: the error about a row's width then makes sense. A comma otherwise.
    """
    best, most = ",", (False, 1)
    for delimiter in _DELIMITERS:
        widths: list[int] = []
        try:
            rows = (row for row in _reader(text, delimiter, header_row) if any(row))
            widths.extend(len(row) for row in islice(rows, _SAMPLE))
        except csv.Error:
            if not widths:
                continue
            widths.append(0)
        if widths and widths[0] > 1:
            found = (len(set(widths)) == 1, widths[0])
            best, most = (delimiter, found) if found > most else (best, most)
    return best

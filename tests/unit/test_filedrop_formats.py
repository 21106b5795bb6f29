"""File drop: encodings, delimiters, spreadsheets and Parquet, as programs of offices write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from filedrop_tools import HEADER, SURVEYS, Drop

from connectors.errors import SourceError

NAMES = HEADER.split(";")


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


@pytest.mark.parametrize(("delimiter", "given"), [(",", False), ("\t", False), ("|", True)])
def test_delimiters_are_found_or_told(drop: Drop, delimiter: str, given: bool) -> None:
    text = [HEADER, "R1;M-1;nps;9;2026-05-01T10:00:00Z"]
    drop.put("surveys-1.csv", *(line.replace(";", delimiter) for line in text))
    drop.read(drop.source({**SURVEYS, **({"delimiter": delimiter} if given else {})}))
    assert drop.surveys() == [("R1", 9.0)]


def test_office_formats(drop: Drop) -> None:
    payments = {
        "entity": "payments",
        "glob": "*.csv",
        "columns": {
            "Nr": "source_payment_id",
            "Betrag": "amount_minor",
            "Datum": "occurred_at",
            "Zweck": "purpose",
        },
        "constants": {"kind": "payment", "currency_code": "EUR"},
        "encoding": "cp1252",
        "decimal": ",",
        "amounts": "major",
        "timestamp_format": "%d.%m.%Y",
    }
    drop.put(
        "p.csv",
        "Nr;Betrag;Datum;Zweck",
        '1;"1.234,50";01.07.2026;Beiträge',
        "2;-12;31.12.2026;",
        encoding="cp1252",
    )
    drop.read(drop.source(payments, timezone="Europe/Berlin"), "payments")
    columns = "source_payment_id, amount_minor, occurred_at::varchar, purpose"
    assert drop.current(columns, "filedrop.payments") == [
        ("1", 123450, "2026-06-30 22:00:00", "Beiträge"),
        ("2", -1200, "2026-12-30 23:00:00", None),
    ]


def _sheet(path: Path, *rows: list[Any], merge: str | None = None) -> None:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    book.save(path)
    book.close()


def test_reads_xlsx(drop: Drop) -> None:
    moment = pd.Timestamp("2026-05-01 10:00:00").to_pydatetime()
    _sheet(drop.folder / "surveys-1.xlsx", NAMES, [12, None, "nps", 9.0, moment], [None] * 5)
    drop.read()
    assert drop.surveys("source_response_id, score, responded_at::varchar") == [
        ("12", 9.0, "2026-05-01 10:00:00")
    ]


def test_a_merged_header_is_named(drop: Drop) -> None:
    _sheet(drop.folder / "surveys-1.xlsx", NAMES, ["1"] * 5, merge="A1:B1")
    with pytest.raises(SourceError, match=r"surveys-1.xlsx has merged cells in its header, row 1"):
        drop.read()
    title = ["Survey results", None, None, None, None]
    _sheet(drop.folder / "surveys-1.xlsx", title, NAMES, ["R1", "", "n", 1, None], merge="A1:E1")
    drop.read(drop.source({**SURVEYS, "header_row": 2}))
    assert drop.surveys() == [("R1", 1.0)]


def test_a_missing_sheet_and_a_broken_workbook_are_named(drop: Drop) -> None:
    _sheet(drop.folder / "surveys-1.xlsx", NAMES)
    with pytest.raises(SourceError, match=r"has no sheet 'May'. Its sheets are: Sheet"):
        drop.read(drop.source({**SURVEYS, "sheet": "May"}))
    (drop.folder / "surveys-1.xlsx").write_bytes(b"PK not really")
    with pytest.raises(SourceError, match="not a readable XLSX"):
        drop.read()


def test_reads_parquet(drop: Drop) -> None:
    frame = pd.DataFrame(
        {
            "response_id": ["R1", "R2"],
            "survey": ["nps", None],
            "score": [9, 7],
            "responded_at": pd.to_datetime(["2026-05-01T10:00:00Z", None]),
        }
    )
    frame.to_parquet(drop.folder / "surveys-1.parquet")
    drop.read()
    assert drop.surveys("source_response_id, survey_code, score, responded_at::varchar") == [
        ("R1", "nps", 9.0, "2026-05-01 10:00:00"),
        ("R2", None, 7.0, None),
    ]
    (drop.folder / "surveys-2.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(SourceError, match="not a readable Parquet"):
        drop.read()

"""File drop: encodings, delimiters, spreadsheets and Parquet, as programs of offices write them."""

from __future__ import annotations

import zipfile
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


AUTO: dict[str, Any] = {**SURVEYS, "encoding": "auto"}
CODES = 'R1;;"Zufriedenheit – größer";9;\nR2;;weiß;8;\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_out(drop: Drop, encoding: str) -> None:
    path = drop.folder / "surveys-1.csv"
    path.write_bytes(f"{HEADER}\n{CODES}".encode(encoding))
    drop.read(drop.source(AUTO))
    codes = [("Zufriedenheit – größer",), ("weiß",)]
    assert drop.surveys("survey_code") == codes


def test_a_mixture_of_encodings_is_refused(drop: Drop) -> None:
    mixed = HEADER.encode() + b"\nR1;;gr\xc3\xb6\xc3\x9fer;9;\nR2;;wei\xdf;8;\n"
    (drop.folder / "surveys-1.csv").write_bytes(mixed)
    with pytest.raises(SourceError, match=r"surveys-1.csv row 3 is not utf-8 text, while other"):
        drop.read(drop.source(AUTO))


def test_without_auto_nothing_is_guessed(drop: Drop) -> None:
    (drop.folder / "surveys-1.csv").write_bytes(f"{HEADER}\n{CODES}".encode("cp1252"))
    with pytest.raises(SourceError, match=r"row 2 is not utf-8 text.*auto finds it out"):
        drop.read()


@pytest.mark.parametrize(
    "header",
    [
        'response_id;"survey";"score, from 0 to 10, as told";responded_at',
        'response_id\tsurvey\t"score, from 0 to 10, as told"\tresponded_at',
        'response_id,survey,"score, from 0 to 10, as told",responded_at',
    ],
)
def test_delimiters_inside_quotes_do_not_count(drop: Drop, header: str) -> None:
    """Neither does the comma of decimal numbers."""
    named = {**SURVEYS["columns"], "score, from 0 to 10, as told": "score"}
    del named["score"]
    mark = header[len("response_id")]
    line = mark.join(["R1", "nps", '"1.009,5"', ""])
    drop.put("surveys-1.csv", header, line)
    drop.read(drop.source({**SURVEYS, "columns": named, "decimal": ","}))
    assert drop.surveys() == [("R1", 1009.5)]


def test_a_delimiter_must_split_the_rows_like_the_header(drop: Drop) -> None:
    """Here the header has more commas than semicolons."""
    header = "response_id;score (bad, poor, fair, good, best)"
    named = {"response_id": "source_response_id", header.partition(";")[2]: "score"}
    drop.put("surveys-1.csv", header, "R1;9", "R2;8,5")
    drop.read(drop.source({**SURVEYS, "columns": named, "decimal": ","}))
    assert drop.surveys() == [("R1", 9.0), ("R2", 8.5)]


def test_quoted_line_breaks_and_formulas_are_plain_text(drop: Drop) -> None:
    drop.put(
        "surveys-1.csv", HEADER, 'R1;;"two\nlines; ""quoted""";9;', "R2;;=1+1;8;", "R3;;nps;x;"
    )
    drop.put("surveys-2.csv", HEADER, *(f"S{n};;@SUM(A1);{n};" for n in range(99)))
    drop.read()
    codes = {code for (code,) in drop.surveys("survey_code")}
    assert codes == {'two\nlines; "quoted"', "=1+1", "@SUM(A1)"}
    assert drop.query("select reason from _journey.quarantine") == [
        ("score is not a number (surveys-1.csv row 5)",)
    ], "a row is numbered by the line it begins on"


def test_a_header_further_down(drop: Drop) -> None:
    drop.put("surveys-1.csv", 'Export of "today', "", HEADER, "R1;;nps;9;")
    drop.read(drop.source({**SURVEYS, "header_row": 3}))
    assert drop.surveys() == [("R1", 9.0)]


def _book(path: Path, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    book.close()


def _month(number: int) -> list[list[Any]]:
    return [NAMES, [f"R{number}", None, "nps", number, None]]


@pytest.mark.parametrize(
    ("sheet", "found"),
    [
        ("May", ["R5"]),
        ("20*", ["R1", "R2"]),
        (["May", 0], ["R1", "R5"]),
        ("*", ["R1", "R2", "R5"]),
    ],
)
def test_several_sheets(drop: Drop, sheet: Any, found: list[str]) -> None:
    path = drop.folder / "surveys-1.xlsx"
    turned = [NAMES[::-1], [None, 2, "nps", None, "R2"]]
    _book(path, **{"2026-01": _month(1), "2026-02": turned, "May": _month(5), "Empty": []})
    drop.read(drop.source({**SURVEYS, "sheet": sheet}))
    assert [id for (id,) in drop.surveys("source_response_id")] == found


def test_sheets_with_other_columns_are_named(drop: Drop) -> None:
    other = [[*NAMES, "note"], ["R2", None, "nps", 2, None, "x"]]
    _book(drop.folder / "surveys-1.xlsx", May=_month(5), Notes=other)
    with pytest.raises(SourceError, match=r"sheet 'Notes' has other columns .*: note"):
        drop.read(drop.source({**SURVEYS, "sheet": "*"}))
    bad = [NAMES, *(["R9", None, "nps", "high", None] for _ in range(3))]
    _book(drop.folder / "surveys-1.xlsx", May=bad, June=_month(6))
    with pytest.raises(Exception, match=r"surveys-1.xlsx sheet 'May' row 2"):
        drop.read(drop.source({**SURVEYS, "sheet": "*"}))


def test_cells_are_what_they_hold(drop: Drop) -> None:
    """Text keeps its zeros, so do numbers shown with them; numbers know no decimal comma."""
    terms = {
        "entity": "membership_terms",
        "glob": "*.xlsx",
        "columns": {
            "Nr": "source_term_id",
            "Person": "source_record_id",
            "Plan": "source_plan_id",
            "Seit": "start_date",
            "Betrag": "amount_minor",
        },
        "decimal": ",",
        "amounts": "major",
        "date_format": "%d.%m.%Y",
    }
    day = pd.Timestamp("2026-05-01").to_pydatetime()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Nr", "Person", "Plan", "Seit", "Betrag"])
    sheet.append(["00017", 17, "Null", day, 0.1 + 0.2])
    sheet.append(["00018", 18, "=1+1", "31.12.2025", "1.234,50"])
    sheet["C3"].data_type = "s"
    sheet["B2"].number_format = "00000"
    book.save(drop.folder / "a.xlsx")
    book.close()
    drop.read(drop.source(terms), "membership_terms")
    columns = "source_term_id, source_record_id, source_plan_id, start_date::varchar, amount_minor"
    assert drop.current(columns, "filedrop.membership_terms") == [
        ("00017", "00017", "Null", "2026-05-01", 30),
        ("00018", "18", "=1+1", "2025-12-31", 123450),
    ]


def test_a_bomb_is_not_unfolded(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    _book(drop.folder / "surveys-1.xlsx", May=[NAMES, *[["R1", None, "nps", 1, None]] * 2_000])
    monkeypatch.setattr("connectors.sources.filedrop.sheets.MAX_UNZIPPED", 100_000)
    with pytest.raises(SourceError, match=r"surveys-1.xlsx unfolds to [\d,]+ bytes, more than"):
        drop.read()


def test_rows_beyond_the_end_of_a_sheet_are_not_made_up(drop: Drop) -> None:
    path = drop.folder / "surveys-1.xlsx"
    _book(path, May=_month(5))
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", b'<row r="99999999999"/></sheetData>')
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    drop.read()
    assert drop.surveys() == [("R5", 5.0)]

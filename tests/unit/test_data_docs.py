"""The first page of the Data Docs names every check, its result, and links to its details."""

import re
from pathlib import Path

import pandas as pd

from expectations.gx import gxe
from expectations.run import Auditor, Suite


def test_first_page_lists_passed_and_failed_checks_and_loads_nothing(tmp_path: Path) -> None:
    auditor = Auditor()
    rule = [gxe.ExpectColumnValuesToNotBeNull(column="id")]
    auditor.check(Suite("landed.good", rule), pd.DataFrame({"id": ["a", "b"]}))
    auditor.check(Suite("landed.bad", rule), pd.DataFrame({"id": ["ada@example.org", None]}))
    page = auditor.write_docs(tmp_path)
    assert page is not None
    text = page.read_text("utf-8")
    assert re.search(r"landed\.good</a>.*?passed", text, re.S)
    assert re.search(r"landed\.bad</a>.*?failed: .*id", text, re.S)
    assert "ada@example.org" not in text
    assert "http" not in text
    links = re.findall(r'href="([^"]+)"', text)
    assert len(links) == 2
    assert all((tmp_path / link).is_file() for link in links)


def test_no_checks_no_page(tmp_path: Path) -> None:
    assert Auditor().write_docs(tmp_path) is None

"""docs/reference is what the product declares: every command, stream, segment, table and column."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, str] = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_reference_page_is_current(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == PAGES[name], (
        "run `make reference`"
    )


def test_every_source_has_its_readme() -> None:
    folders = {p.parent.name for p in (ROOT / "connectors" / "sources").glob("*/source.py")}
    assert folders
    missing = [f for f in folders if not (ROOT / "connectors/sources" / f / "README.md").is_file()]
    assert missing == []


def test_every_platform_has_its_readme_and_its_line() -> None:
    folders = {p.parent.name for p in (ROOT / "connectors" / "platforms").glob("*/adapter.py")}
    assert folders
    for folder in folders:
        assert (ROOT / "connectors/platforms" / folder / "README.md").is_file()
        assert f"## `{folder}`" in PAGES["platforms.md"]


def test_every_published_model_and_column_is_described() -> None:
    tables = PAGES["tables.md"]
    models = [
        path.stem
        for folder in ("marts", "segments")
        for path in (ROOT / "dbt_project" / "models" / folder).rglob("*.sql")
    ]
    assert len(models) > 10
    assert [name for name in models if f"## `{name}`" not in tables] == []
    rows = [line for line in tables.splitlines() if line.startswith("| `")]
    assert [
        line for line in rows if line.split("|")[3].strip() == "" or line.endswith("|  |")
    ] == []

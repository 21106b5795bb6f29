"""The documents point at things that exist, and every document can be reached."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    p
    for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("connectors/**/README.md")]
    if ".venv" not in p.parts
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_resolve(document: Path) -> None:
    targets = [t for t in LINK.findall(document.read_text("utf-8")) if "://" not in t]
    missing = [t for t in targets if not (document.parent / t).resolve().exists()]
    assert not missing


def test_every_adr_and_runbook_is_listed() -> None:
    for folder in ("adr", "runbooks"):
        index = (ROOT / "docs" / folder / "README.md").read_text("utf-8")
        files = {p.name for p in (ROOT / "docs" / folder).glob("*.md")} - {"README.md"}
        assert {name for name in files if name not in index} == set()


def test_no_registry_host_or_machine_path_is_written_down() -> None:
    """What one machine is set up with must never reach a reader on another."""
    # Put together here, so that this file does not name them either.
    hosts = "|".join(["pypi" + r"\.org", "python" + "hosted", "deb" + r"\.debian", "registry" + r"\.npmjs"])
    paths = "|".join(["/work/" + "main", "/ro" + "ot/", "/tmp/" + "bash_jobs"])
    pattern = re.compile(f"{hosts}|{paths}")
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".lock", ".sql", ".html", ".cfg", ""}
    skipped = {".venv", ".venv-real", ".git", "data", "sandbox-data", "target", "logs", "dist"}
    found = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file()
        and path.suffix in suffixes
        and not skipped & set(path.relative_to(ROOT).parts)
        and not any(part.endswith("_cache") for part in path.parts)
        and pattern.search(path.read_text("utf-8", errors="ignore"))
    ]
    assert not found

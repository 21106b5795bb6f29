"""The documents point at things that exist, and every document can be reached."""

import re
import subprocess
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
    parts = [("py", r"pi\.org"), ("python", "hosted"), ("deb", r"\.debian"), ("registry", r"\.npm")]
    parts += [("/work", "/main"), ("/ro", "ot/"), ("bash", "_jobs")]
    pattern = re.compile("|".join(first + rest for first, rest in parts))
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    found = [
        name
        for name in listed
        if (ROOT / name).is_file()
        and pattern.search((ROOT / name).read_text("utf-8", errors="ignore"))
    ]
    assert not found

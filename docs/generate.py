"""Writes docs/reference/ from what the product itself declares: `make reference`.

Data flow: typer commands, stream specs, capability sheets, segment files, dbt models
(dictionary.py) -> Markdown.
A test compares the files with what this module says, so that they can not go stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
import yaml

from connectors.platforms.protocol import PlatformCapabilities
from connectors.platforms.registry import platform_sheets
from connectors.protocol import StreamSpec
from connectors.registry import SOURCES, all_specs, is_mapped
from flows.cli import app

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # this file is run by its path, the dictionary lies beside it
from docs import dictionary  # noqa: E402

REFERENCE = ROOT / "docs" / "reference"
_NOT_OURS = {"--install-completion", "--show-completion", "--help"}


def pages() -> dict[str, str]:
    """File name -> text of every reference page."""
    return {
        "commands.md": _commands(),
        "connectors.md": _connectors(),
        "platforms.md": _platforms(),
        "segments.md": _segments(),
        "tables.md": _page(dictionary.tables()),
        "metrics.md": _page(dictionary.metrics()),
        "models.md": _page(dictionary.layers()),
    }


def _commands() -> str:
    lines = ["# Commands", ""]
    for path, command in _walk(typer.main.get_command(app), "journey"):
        lines += [f"## `{path}`", "", _text(command.help), ""]
        options = [
            f"- {_signature(parameter)}: {_text(getattr(parameter, 'help', None))}"
            for parameter in command.params
            if not _NOT_OURS & set(parameter.opts)
        ]
        lines += [*options, ""] if options else []
    return _page(lines)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every leaf command with its full name (typer brings its own click, hence no class checks)."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        if not child.hidden:
            yield from _walk(child, f"{path} {name}")


def _signature(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in parameter.opts)


def _connectors() -> str:
    lines = [
        "# Sources and their streams",
        "",
        "Each stream is one raw table, `<source>.<stream>`. How a source is set up, and its",
        "limits, are in the README of its folder.",
        "",
        "| system | streams | cursor | deletes | limits | proven how |",
        "|---|---|---|---|---|---|",
        *(_overview(kind, specs) for kind, specs in sorted(all_specs().items())),
        "",
        "Every system passes the conformance suite against its fake; *description*: requests and",
        "answers are held against the vendor's published one; *real*: the vendor's own server is",
        "installed and read by `make test-real`.",
        "",
    ]
    for kind, specs in sorted(all_specs().items()):
        lines += [f"## `{kind}`", "", f"[README](../../connectors/sources/{kind}/README.md)", ""]
        lines += ["| stream | key | read by | deletes | what |", "|---|---|---|---|---|"]
        lines += [
            f"| `{spec.name}` | {', '.join(spec.primary_key)} "
            f"| {'with ' + spec.parent if spec.parent else spec.cursor.kind} | {spec.deletes} "
            f"| {_text(spec.description)} |"
            for spec in specs
        ]
        lines.append("")
    return _page(lines)


def _overview(kind: str, specs: list[StreamSpec]) -> str:
    """One line of the table of all systems."""
    own = [spec for spec in specs if spec.parent is None]
    streams = f"{len(own)} entities, as mapped" if is_mapped(kind) else f"{len(specs)}"
    cursors = sorted({spec.cursor.kind for spec in own})
    deletes = sorted({spec.deletes for spec in specs})
    if is_mapped(kind):
        cursors, deletes = ["as configured"], ["as configured"]
    cells = (
        f"[{kind}](../../connectors/sources/{kind}/README.md)",
        *(streams, ", ".join(cursors), ", ".join(deletes), SOURCES[kind].limits, _proof(kind)),
    )
    return f"| {' | '.join(cells)} |"


def _proof(kind: str) -> str:
    """What the tests hold against the connector, from the files that are there."""
    tests = ROOT / "tests"
    found = []
    if (tests / "contract" / f"cases_{kind}.py").is_file():
        found.append("conformance")
    fake = tests / "contract" / f"test_fake_{kind}.py"
    if fake.is_file() and "MEMBER_JOURNEY_SPECS" in fake.read_text("utf-8"):
        found.append("description")
    if list((tests / "real").glob(f"test_{kind}*.py")):
        found.append("real")
    return ", ".join(found)


def _platforms() -> str:
    sheets = platform_sheets()
    lines = [
        "# E-mail platforms",
        "",
        "What each kind of platform promises and where its limits are, from its capability sheet.",
        "How one is set up is in the README of its folder. Every kind asked over HTTP passes the",
        "conformance suite of platforms against its fake: no request can subscribe anybody again.",
        "Files have tests of their own.",
        "",
        "| platform | members per call | connections | limits | promise | leaves a segment "
        "| read back | hourly or daily quota |",
        "|---|---|---|---|---|---|---|---|",
        *(_sheet_row(sheet) for sheet in sheets),
        "",
        "*Effectively once*: sending the same again changes nothing, and reading the platform",
        "tells what was done after an answer was lost. *At least once*: a repetition may show.",
        "",
    ]
    for sheet in sheets:
        words = [f"`{theirs}` → {ours}" for theirs, ours in sheet.statuses.items()]
        lines += [
            f"## `{sheet.kind}`",
            "",
            f"[README](../../connectors/platforms/{sheet.kind}/README.md)",
            "",
            f"Statuses: {', '.join(words)}; any other word → unknown, which is left alone.",
            "",
            *(f"- {_text(note)}" for note in sheet.notes),
            "",
        ]
    return _page(lines)


def _sheet_row(sheet: PlatformCapabilities) -> str:
    cells = (
        f"[{sheet.kind}](../../connectors/platforms/{sheet.kind}/README.md)",
        str(sheet.chunk_size),
        str(sheet.max_connections),
        sheet.limits,
        sheet.promise.replace("_", " "),
        *(
            "yes" if said else "no"
            for said in (sheet.can_remove, sheet.can_read_back, sheet.has_request_quota)
        ),
    )
    return f"| {' | '.join(cells)} |"


def _segments() -> str:
    lines = ["# Segments", "", "The shipped ones; each is one file in `config/segments/`.", ""]
    for path in sorted((ROOT / "config" / "segments").glob("*.yml")):
        segment = yaml.safe_load(path.read_text("utf-8"))
        lines += [
            f"## `{segment['id']}`: {segment['title']}",
            "",
            _text(segment["description"]),
            "",
            f"- owner: {segment['owner_team']} · purpose: {segment['purpose']} · channel: "
            f"{segment['channel']} · priority {segment['priority']}",
            f"- leaves: {_text(segment['exit'])}",
            "",
            "```sql",
            str(segment["rule"]).strip(),
            "```",
            "",
        ]
    return _page(lines)


def _text(text: str | None) -> str:
    return " ".join((text or "").split())


def _page(lines: list[str]) -> str:
    note = "<!-- Written by `make reference`; change the product, not this file. -->"
    return "\n".join([note, *lines]).rstrip() + "\n"


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")

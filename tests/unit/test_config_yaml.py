"""YAML with line numbers: what is a boolean, what stays text, where a problem is."""

from __future__ import annotations

from pathlib import Path

from flows.configuration.marked_yaml import MarkedYaml, read_yaml


def parse(tmp_path: Path, text: str) -> MarkedYaml:
    path = tmp_path / "some.yml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path, "some.yml")


def test_only_true_and_false_are_booleans(tmp_path: Path) -> None:
    marked = parse(tmp_path, "country: no\non: yes\nflag: true\nday: 2026-06-30\ncount: 12\n")
    assert marked.value == {
        "country": "no",
        "on": "yes",
        "flag": True,
        "day": "2026-06-30",
        "count": 12,
    }


def test_lines_of_keys_items_and_unknown_paths(tmp_path: Path) -> None:
    marked = parse(tmp_path, "a:\n  b:\n    - x\n    - y\nc: 1\n")
    assert marked.line(("a", "b", 1)) == 4
    assert marked.line(("c",)) == 5
    assert marked.line(("a", "b", "nothing", "here")) == 2


def test_bytes_that_are_no_text_are_a_problem_not_an_error(tmp_path: Path) -> None:
    path = tmp_path / "some.yml"
    path.write_bytes(b"a: \xff\n")
    assert "not UTF-8" in str(read_yaml(path, "some.yml").problems[0])

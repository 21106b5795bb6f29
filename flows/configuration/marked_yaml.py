"""YAML with the line of every key, so that a message can say where.

Data flow: file -> PyYAML nodes -> plain Python value + {path: line} + duplicate keys as problems.

Only `true`/`false` are booleans and dates stay text: YAML 1.1's `on`, `no` and friends surprise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from flows.errors import Problem

KeyPath = tuple[str | int, ...]
_PLAIN_BOOL = {"true": True, "false": False}


@dataclass
class MarkedYaml:
    """A parsed file: `lines` maps the path of each key or list item to its line (from 1)."""

    file: str
    value: Any = None
    lines: dict[KeyPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: KeyPath) -> int:
        """The line of `path`, or of its nearest known ancestor."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: KeyPath, message: str, expected: str = "") -> None:
        self.problems.append(Problem(self.file, self.line(path), message, expected))


def read_yaml(path: Path, shown_as: str) -> MarkedYaml:
    """Parse one file; what is wrong with it is in `problems`, nothing is raised for bad content."""
    marked = MarkedYaml(shown_as)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        marked.problems.append(Problem(shown_as, 0, "the file is missing"))
        return marked
    except UnicodeDecodeError as error:
        marked.problems.append(Problem(shown_as, 0, f"not UTF-8 text (byte {error.start})"))
        return marked
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if node is not None:
            marked.value = _build(node, (), marked, loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        said = " ".join(str(error.problem or error.context or "cannot be read").split())
        marked.problems.append(Problem(shown_as, line, f"not valid YAML: {said}"))
    except yaml.YAMLError as error:
        marked.problems.append(Problem(shown_as, 0, f"not valid YAML: {error}"))
    finally:
        loader.dispose()
    return marked


def _build(node: yaml.Node, path: KeyPath, marked: MarkedYaml, loader: yaml.SafeLoader) -> Any:
    marked.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, marked, loader)
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, i), marked, loader) for i, item in enumerate(node.value)]
    return _scalar(node, loader)


def _mapping(
    node: yaml.MappingNode, path: KeyPath, marked: MarkedYaml, loader: yaml.SafeLoader
) -> dict[str, Any]:
    built: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        line = key_node.start_mark.line + 1
        if key in built:
            first = marked.line((*path, key))
            marked.problems.append(
                Problem(marked.file, line, f"key '{key}' is given twice (first in line {first})")
            )
            continue
        marked.lines[(*path, key)] = line
        built[key] = _build(value_node, (*path, key), marked, loader)
    return built


def _scalar(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    if node.tag == "tag:yaml.org,2002:bool":
        return _PLAIN_BOOL.get(str(node.value).lower(), str(node.value))
    if node.tag == "tag:yaml.org,2002:timestamp":
        return str(node.value)
    return loader.construct_object(node, deep=True)

"""The example organisation that `journey init` writes.

Data flow: flows/example (in the wheel) or the repository's own config/ -> a new folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from flows.errors import UsageError
from flows.product import EXAMPLE

_IGNORED = ".env\ndata/\nsandbox-data/\n"


def write_example(folder: Path) -> list[str]:
    """Write the example into `folder`; the relative paths written. Never overwrites a file."""
    source = EXAMPLE
    wanted = {
        **{f"config/{path.relative_to(source / 'config')}": path for path in _configs(source)},
        "prefect.yaml": source / "prefect.yaml",
    }
    taken = [name for name in (*wanted, ".env.example", ".gitignore") if (folder / name).exists()]
    if taken:
        raise UsageError(
            f"{folder} already has {', '.join(taken)}", hint="Choose an empty or a new folder."
        )
    for name, path in wanted.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / ".gitignore").write_text(_IGNORED, encoding="utf-8")
    lines = ["# Copy to .env and fill in. These never belong into the YAML files.", *_names(source)]
    (folder / ".env.example").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [*sorted(wanted), ".env.example", ".gitignore"]


def _configs(root: Path) -> Iterator[Path]:
    return (path for path in sorted((root / "config").rglob("*.yml")) if path.is_file())


def _names(root: Path) -> list[str]:
    """NAME= lines for every secret the example's sources and platforms ask for."""
    names: dict[str, None] = {}
    for file, key in (("sources.yml", "sources"), ("platforms.yml", "platforms")):
        content = yaml.safe_load((root / "config" / file).read_text(encoding="utf-8"))
        for connection in content[key].values():
            names.update(dict.fromkeys((connection.get("secrets") or {}).values()))
    return [f"{name}=" for name in names]

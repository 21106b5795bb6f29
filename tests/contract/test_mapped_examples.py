"""The examples in the READMEs of kinds that settings map to the entities are good settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from connectors.registry import SourceContext, build_source

SOURCES = Path(__file__).parents[2] / "connectors" / "sources"


@pytest.mark.parametrize("kind", ["sql", "singer", "dlt"])
def test_the_example_can_be_configured_as_it_stands(kind: str, tmp_path: Path) -> None:
    text = (SOURCES / kind / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    ((name, said),) = yaml.safe_load(found[1])["sources"].items()
    settings = {**said["settings"], **dict.fromkeys(said["secrets"], "unset")}
    source = build_source(name, said["kind"], settings, SourceContext(tmp_path / "data" / "state"))
    assert [spec.name for spec in source.streams()] == [s["entity"] for s in settings["streams"]]
    assert not list(tmp_path.iterdir()), "building a source wrote something"

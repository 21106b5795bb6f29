"""Every connector passes the same suite; so does a made-up one, to show that the suite is fair.

A connector brings its cases in a file of its own, `cases_<kind>.py`, with a dictionary CASES.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from generic import things
from vendors import Case

from connectors.testing.conformance import SourceConformance, Vendor

CASES: dict[str, Case] = {"things": things}
for file in sorted(Path(__file__).parent.glob("cases_*.py")):
    CASES.update(import_module(file.stem).CASES)


class TestConformance(SourceConformance):
    """Each case is a context manager that gives a running `Vendor` in a folder of its own."""

    @pytest.fixture(params=sorted(CASES))
    def vendor(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vendor]:
        with CASES[request.param](tmp_path / "vendor") as vendor:
            yield vendor

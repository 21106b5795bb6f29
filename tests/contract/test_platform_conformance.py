"""Every platform adapter passes the same suite.

A platform brings its account in a file of its own, `platform_cases_<kind>.py`, with a dictionary
CASES.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from accounts import PlatformCase

from connectors.platforms.registry import PLATFORMS
from connectors.testing.platform_conformance import Account, PlatformConformance

CASES: dict[str, PlatformCase] = {}
for file in sorted(Path(__file__).parent.glob("platform_cases_*.py")):
    CASES.update(import_module(file.stem).CASES)


def test_every_shipped_platform_has_its_case() -> None:
    """Those that speak HTTP; files have tests of their own (test_platform_file.py)."""
    sheets = {kind: platform.sheet for kind, platform in PLATFORMS.items()}
    wanted = {kind for kind, sheet in sheets.items() if sheet is None or sheet.transport == "http"}
    assert wanted <= set(CASES)


class TestPlatformConformance(PlatformConformance):
    """Each case is a context manager that gives a running `Account` in a folder of its own."""

    @pytest.fixture(params=sorted(CASES))
    def account(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Account]:
        with CASES[request.param](tmp_path / "account") as account:
            yield account

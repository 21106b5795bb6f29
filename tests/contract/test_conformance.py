"""Every connector passes the same suite; so does a made-up one, to show that the suite is fair."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from generic import things

from connectors.testing.conformance import SourceConformance, Vendor

CASES = {"things": things}
if find_spec("cases"):
    from cases import CASES as VENDORS

    CASES.update(VENDORS)


class TestConformance(SourceConformance):
    """Each case is a context manager that gives a running `Vendor` in a folder of its own."""

    @pytest.fixture(params=sorted(CASES))
    def vendor(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Vendor]:
        with CASES[request.param](tmp_path / "vendor") as vendor:
            yield vendor

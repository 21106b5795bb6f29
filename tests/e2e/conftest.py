"""The three nights every test of this folder looks at, built once."""

from __future__ import annotations

import os
import pickle

import pytest
from filelock import FileLock
from night_tools import Nights, build_nights


@pytest.fixture(scope="session")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Built once, also when several test processes ask for it."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    kept = shared / "nights.pickle"
    with FileLock(str(shared / "nights.lock")):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(build_nights(shared / "association")))
        found: Nights = pickle.loads(kept.read_bytes())  # noqa: S301 - written just above
    return found

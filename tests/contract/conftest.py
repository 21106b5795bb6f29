"""What all contract tests share."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_power_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here pulls the plug, so that nothing waits for the disk (tests/faults does)."""
    monkeypatch.setattr(os, "fsync", lambda _file: None)

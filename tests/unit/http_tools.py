"""Clients and a clock for the HTTP tests."""

from __future__ import annotations

from typing import Any

from connectors.clock import ManualClock
from connectors.http.client import HttpClient, Timeouts
from connectors.http.retry import RetryPolicy

POLICY = RetryPolicy(attempts=3, base=1.0, ceiling=8.0, longest_wait=300.0)


def client(base_url: str, clock: ManualClock | None = None, **options: Any) -> HttpClient:
    """A client of the source "shop" that waits on a clock nobody has to wait for."""
    options.setdefault("timeouts", Timeouts(connect=2.0, read=2.0, total=20.0))
    options.setdefault("retry", POLICY)
    return HttpClient(base_url, source="shop", clock=clock or ManualClock(), **options)

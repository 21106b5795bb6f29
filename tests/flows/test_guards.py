"""The volume guard as a truth table (fault 17)."""

from __future__ import annotations

import pytest

from flows.guards import drops


@pytest.mark.parametrize(
    ("before", "now", "stops"),
    [
        (100, 100, False),
        (100, 61, False),
        (100, 60, True),  # exactly 40 % fewer
        (100, 0, True),
        (19, 5, False),  # too small to judge by share
        (19, 0, True),  # but nothing at all is always suspicious
        (0, 0, False),
        (0, 500, False),
        (100, 1000, False),
    ],
)
def test_when_a_stream_stops_the_night(before: int, now: int, stops: bool) -> None:
    found = drops({("a", "b"): before}, {("a", "b"): now}, drop_share=0.4, min_rows=20)
    assert bool(found) is stops


def test_a_stream_that_was_not_read_is_not_judged() -> None:
    assert drops({("a", "b"): 100}, {}, drop_share=0.4, min_rows=20) == []


@pytest.mark.parametrize("allowed", ["a", "a.b"])
def test_an_allowed_drop_is_reported_as_overridden(allowed: str) -> None:
    (found,) = drops(
        {("a", "b"): 100}, {("a", "b"): 0}, drop_share=0.4, min_rows=20, allowed=[allowed]
    )
    assert found.overridden
    assert str(found) == "a.b: 100 rows before, 0 now (-100 %)"

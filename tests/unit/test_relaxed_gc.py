"""The collector's thresholds are put back by whoever leaves last."""

from __future__ import annotations

import gc

import pytest

from connectors.relaxed_gc import relaxed_gc


def test_the_last_one_out_puts_the_thresholds_back() -> None:
    before = gc.get_threshold()
    first, second = relaxed_gc(), relaxed_gc()
    with first:
        relaxed = gc.get_threshold()
        assert relaxed[0] > before[0]
        with second:
            assert gc.get_threshold() == relaxed
        assert gc.get_threshold() == relaxed
    assert gc.get_threshold() == before


def test_an_error_inside_changes_nothing_for_later() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), relaxed_gc():
        raise KeyError
    assert gc.get_threshold() == before

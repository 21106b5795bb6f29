"""Noise multiplies what systems get wrong, and changes nothing else of the association."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.life import Life, live
from sandbox.scale import Scale

TODAY = date(2026, 6, 30)


def lives(noise: float) -> list[Life]:
    scale = Scale.for_today(7, 200, TODAY, noise)
    return [live(scale, index) for index in range(200)]


def wrong(life: Life) -> int:
    traits = life.traits
    changes = (traits.renamed, traits.new_email, traits.duplicate)
    return sum(map(bool, changes)) + (not traits.has_birth) + (not traits.has_phone)


def test_more_noise_is_more_that_is_wrong_in_the_same_lives() -> None:
    quiet, usual, loud = (lives(noise) for noise in (0.5, 1, 4))
    counts = [sum(map(wrong, found)) for found in (quiet, usual, loud)]
    assert counts[0] < counts[1] < counts[2]
    assert [one.person for one in usual] == [one.person for one in loud]
    assert [one.story for one in usual] == [one.story for one in loud]


def test_the_default_leaves_every_share_exactly_as_it_is() -> None:
    scale = Scale.for_today(7, 200, TODAY)
    shares = [number / 1000 for number in range(1001)]
    assert [scale.wrong(share) for share in shares] == shares
    assert [scale.right(share) for share in shares] == shares


def test_noise_stays_a_share() -> None:
    loud = Scale.for_today(7, 200, TODAY, 100)
    assert loud.wrong(0.4) == 0.95
    assert loud.right(0.6) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="above 0"):
        Scale.for_today(7, 200, TODAY, 0)

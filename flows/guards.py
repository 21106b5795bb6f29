"""Volume guards: does a source still look like itself? Pure functions, no I/O.

Data flow: counts of the last good run + counts now + limits -> what is wrong, if anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flows.errors import HeldByGuard

StreamName = tuple[str, str]  # (source, stream)


@dataclass(frozen=True)
class Drop:
    """A stream that shrank past its limit; `overridden` when somebody allowed it by name."""

    source: str
    stream: str
    before: int
    now: int
    overridden: bool

    def __str__(self) -> str:
        lost = 100 * (self.before - self.now) / self.before
        name = f"{self.source}.{self.stream}"
        return f"{name}: {self.before:,} rows before, {self.now:,} now (-{lost:.0f} %)"


def drops(
    before: Mapping[StreamName, int],
    now: Mapping[StreamName, int],
    *,
    drop_share: float,
    min_rows: int,
    allowed: Collection[str] = (),
) -> list[Drop]:
    """Streams that lost `drop_share` of their rows or more, or all of them.

    Streams below `min_rows` before are too small to judge by share, but falling to 0 always counts.
    A stream missing from `now` was not read and is not judged. `allowed` names a source
    ("civicrm") or a stream ("civicrm.contact") whose drop somebody has explained.
    """
    found = []
    for (source, stream), earlier in sorted(before.items()):
        if earlier <= 0 or (source, stream) not in now:
            continue
        current = now[(source, stream)]
        shrank = earlier >= min_rows and (earlier - current) >= drop_share * earlier
        if shrank or current == 0:
            overridden = source in allowed or f"{source}.{stream}" in allowed
            found.append(Drop(source, stream, earlier, current, overridden))
    return found


def held(lost: Sequence[str]) -> HeldByGuard:
    """The error for drops (as text) that nobody allowed, with the option that would allow them."""
    names = sorted({text.split(":", 1)[0] for text in lost})
    return HeldByGuard(
        "a source lost too many rows:\n  " + "\n  ".join(lost),
        hint="Nothing was built or pushed. If this is right, run again with "
        + " ".join(f"--allow-drop {name}" for name in names),
    )

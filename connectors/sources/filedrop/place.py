"""Where a read of dropped files stands, as text for the engine.

Data flow: source.py -> Place -> Page.mark, Page.position -> sync state -> the next read.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.sources.filedrop.folders import Found

_FRESH = timedelta(minutes=2)  # a stamp this young may be shared by the next version


@dataclass(frozen=True)
class Place:
    """Files done (key -> digest), and rows done of the file after them.

    `seen` remembers what fetching a remote file would tell: name -> [stamp, digest, day].
    """

    done: dict[str, str] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)
    file: str = ""
    digest: str = ""
    row: int = 0

    @classmethod
    def parse(cls, text: str | None) -> Place:
        return cls(**json.loads(text)) if text else cls()

    def text(self) -> str:
        told = {name: value for name, value in self.__dict__.items() if value or name == "done"}
        return json.dumps(told, sort_keys=True, separators=(",", ":"))

    def kept(self, keys: Collection[str], names: Collection[str]) -> Place:
        """Only what is still there, so that a mark stays as small as its folder is."""
        return Place(
            {key: value for key, value in self.done.items() if key in keys},
            {name: value for name, value in self.seen.items() if name in names},
        )

    def is_known(self, key: str, found: Found, recheck: timedelta) -> bool:
        """Whether the file's content is done, told without fetching it.

        A stamp that follows the content is enough. Size and time of change are believed only for
        `recheck`: then the content is looked at again.
        """
        stamp, digest, day = self.seen.get(found.name, ["", "", ""])
        if not stamp or stamp != found.stamp or self.done.get(key) != digest:
            return False
        return found.exact or datetime.now(UTC) - datetime.fromisoformat(day) < recheck

    def finished(self, key: str, found: Found, digest: str, *, remember: bool) -> Place:
        """The place after this file."""
        seen = {name: value for name, value in self.seen.items() if name != found.name}
        now = datetime.now(UTC)
        is_old = found.modified is not None and found.modified < (now - _FRESH).timestamp()
        if remember and (found.exact or is_old):
            day = now.replace(hour=0, minute=0, second=0, microsecond=0)
            seen[found.name] = [found.stamp, digest, day.isoformat()]
        return Place({**self.done, key: digest}, seen)

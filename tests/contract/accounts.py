"""What the accounts of the platform suite share: a store, a server, adapters, a clock.

Data flow: platform_cases_<kind>.py -> StoreAccount -> PlatformConformance.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from connectors.platforms.protocol import PlatformAdapter
from connectors.platforms.registry import PlatformContext, build_platform
from connectors.testing.messages import App, Request, Response
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
PlatformCase = Callable[[Path], AbstractContextManager[Any]]


class Refusing:
    """Answers as the platform does when it dislikes one address of a bulk call."""

    def __init__(self, app: App, pattern: str, answer: Response) -> None:
        self.app, self.pattern, self.answer = app, pattern, answer
        self.emails: set[str] = set()

    def handle(self, request: Request) -> Response:
        if self.pattern in request.path and request.method == "POST":
            text = request.body.decode().lower()
            if any(f'"{email}"' in text for email in self.emails):
                return self.answer
        return self.app.handle(request)


class StoreAccount:
    """An account in a record store behind a fake server; a subclass knows the platform."""

    kind: ClassVar[str]
    settings: ClassVar[Mapping[str, Any]]
    refusal: ClassVar[tuple[str, Response]]  # part of the bulk path, the answer
    lacks: Collection[str] = frozenset()
    reads = ""  # paths of requests that only read although they are no GET

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.store = RecordStore(folder / "account.sqlite")
        self.store.set_now(NOW)
        self.refusing = Refusing(self.app(), *self.refusal)
        self.server = FakeServer(self.refusing).start()
        self._adapters: list[PlatformAdapter] = []

    def app(self) -> App:
        raise NotImplementedError

    def adapter(self, **settings: Any) -> PlatformAdapter:
        given = {"base_url": self.server.url, **self.settings, **settings}
        context = PlatformContext(self.folder / "state", "member-journey/test")
        made = build_platform(self.kind, self.kind, given, context)
        self._adapters.append(made)
        return made

    def refuse(self, email: str) -> None:
        self.refusing.emails.add(email.lower())

    def later(self) -> None:
        self.store.set_now(self.store.now() + timedelta(hours=1))

    def close(self) -> None:
        for adapter in self._adapters:
            adapter.close()
        self.server.stop()
        self.store.close()


def account(kind: type[StoreAccount]) -> PlatformCase:
    """The case of one kind of account, for CASES."""

    @contextmanager
    def opened(folder: Path) -> Iterator[StoreAccount]:
        made = kind(folder)
        try:
            yield made
        finally:
            made.close()

    return opened

"""Serve a sandbox folder over real HTTP on loopback: a clock and four fake vendor systems.

Data flow: <dir>/sandbox.sqlite -> RecordStore -> fakes -> http://127.0.0.1:<port>.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.testing.fakes.civicrm import CivicrmFake
from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.pretix import PretixFake
from connectors.testing.fakes.stripe import StripeFake
from connectors.testing.faults import Faults
from connectors.testing.server import App, FakeServer, Request, Response
from connectors.testing.store import RecordStore

# Well-known keys of the sandbox, by the environment variable a configuration names. Not secret.
SANDBOX_KEYS: Mapping[str, str] = {
    "CIVICRM_API_KEY": "sandbox-civicrm-key",
    "PRETIX_TOKEN": "sandbox-pretix-token",
    "STRIPE_API_KEY": "sk_test_sandbox",
    "MAILCHIMP_API_KEY": "sandbox-mailchimp-key-us1",
}
STORE_NAME = "sandbox.sqlite"
TIME_ZONE = "Europe/Berlin"


@dataclass(frozen=True)
class Ports:
    """One port per server; 0 takes a free one."""

    clock: int = 8700
    civicrm: int = 8701
    pretix: int = 8702
    stripe: int = 8703
    mailchimp: int = 8704

    @classmethod
    def free(cls) -> Ports:
        """Free ports only, for tests."""
        return cls(0, 0, 0, 0, 0)


DEFAULT_PORTS = Ports()


@dataclass(frozen=True)
class ServedSandbox:
    """A running sandbox: base addresses and servers by name (clock, civicrm, pretix, ...).

    `store` is the servers' own; writing to it changes what they answer from the next request on.
    """

    urls: dict[str, str]
    servers: dict[str, FakeServer]
    store: RecordStore
    mailchimp: MailchimpFake


class Clock:
    """What day it is in the sandbox: GET /today -> {"today": local date, "now": UTC}."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store

    def handle(self, request: Request) -> Response:
        if request.path != "/today":
            return Response.of_json({"error": "ask for /today"}, 404)
        now = self._store.now()
        today = now.astimezone(ZoneInfo(TIME_ZONE)).date()
        return Response.of_json({"today": today.isoformat(), "now": now.isoformat()})


def fakes(store: RecordStore) -> tuple[dict[str, App], MailchimpFake]:
    """The fake systems by name, and the one of them that tests talk to.

    The first time on a store, the indexes that their lists need are made.
    """
    mailchimp = MailchimpFake(store, SANDBOX_KEYS["MAILCHIMP_API_KEY"])
    return {
        "clock": Clock(store),
        "civicrm": CivicrmFake(store, SANDBOX_KEYS["CIVICRM_API_KEY"], timezone=TIME_ZONE),
        "pretix": PretixFake(store, SANDBOX_KEYS["PRETIX_TOKEN"]),
        "stripe": StripeFake(store, SANDBOX_KEYS["STRIPE_API_KEY"]),
        "mailchimp": mailchimp,
    }, mailchimp


@contextmanager
def serve(
    path: Path,
    ports: Ports = DEFAULT_PORTS,
    faults: Mapping[str, Faults] | None = None,
) -> Iterator[ServedSandbox]:
    """Serve the sandbox folder `path` until the context ends.

    `faults` by server name. Raises FileNotFoundError when the folder holds no sandbox, and OSError
    naming the port when one is taken.
    """
    file = path / STORE_NAME
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} does not exist: generate the sandbox first (sandbox.world.generate)"
        )
    with ExitStack() as stack:
        store = RecordStore(file)
        stack.callback(store.close)
        apps, mailchimp = fakes(store)
        wanted = dict(zip((f.name for f in fields(ports)), astuple(ports), strict=True))
        servers: dict[str, FakeServer] = {}
        for name, app in apps.items():
            server = FakeServer(app, port=wanted[name], faults=(faults or {}).get(name))
            try:
                servers[name] = stack.enter_context(server)
            except OSError as problem:
                raise OSError(
                    problem.errno,
                    f"port {wanted[name]} for the sandbox's {name} is taken; "
                    "stop what uses it or choose another port",
                ) from problem
        urls = {name: server.url for name, server in servers.items()}
        yield ServedSandbox(urls, servers, store, mailchimp)

"""A real pretix on loopback: installed into its own environment, started on an empty database.

Data flow: PyPI -> <cache>/venv; `pretix migrate` once -> <cache>/template; a copy of it per run ->
runserver -> RealPretix (REST calls an organizer makes) -> the connector under test.

The cache is `.venv-real` in the repository, or the folder MEMBER_JOURNEY_REAL_CACHE names.
Migrating takes about two minutes, so the empty database is kept. No static files are built: the
API needs none.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

VERSION = "2026.8.0"
ORGANIZER = "example"
_REPOSITORY = Path(__file__).resolve().parents[2]
_TOKEN_SCRIPT = f"""
from django_scopes import scopes_disabled
from pretix.base.models import Organizer, Team
with scopes_disabled():
    organizer = Organizer.objects.create(name="Example Association", slug="{ORGANIZER}")
    team = Team.objects.create(
        organizer=organizer, name="API", all_events=True,
        all_event_permissions=True, all_organizer_permissions=True,
    )
    print("TOKEN=" + team.tokens.create(name="test").token)
"""


def cache_folder() -> Path:
    """Where the environment and the empty database are kept between runs."""
    named = os.environ.get("MEMBER_JOURNEY_REAL_CACHE")
    return Path(named) if named else _REPOSITORY / ".venv-real"


def install(cache: Path) -> Path:
    """The interpreter of an environment that holds pretix; installed at the first call."""
    python = cache / "venv" / "bin" / "python"
    stamp = cache / f"installed-{VERSION}"
    if not stamp.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(cache / "venv")], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", f"pretix=={VERSION}"], check=True
        )
        stamp.touch()
    return python


def template(cache: Path, python: Path) -> Path:
    """A data folder with the migrated, empty database; made at the first call (minutes)."""
    done = cache / f"template-{VERSION}"
    if not done.exists():
        unfinished = cache / "template-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _manage(python, unfinished, "migrate", "--verbosity", "0")
        unfinished.rename(done)
    return done


@dataclass
class RealPretix:
    """A running server, and what an organizer does with it over the REST API."""

    url: str
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer of one call below the organizer; fails loudly on an error."""
        answer = requests.request(
            method,
            f"{self.url}/api/v1/organizers/{ORGANIZER}/{path}",
            json=body,
            headers={"Authorization": f"Token {self.token}"},
            timeout=60,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None

    def event(self, slug: str) -> dict[str, int]:
        """An event with a ticket, a quota and a check-in list: {"item": id, "list": id}."""
        event = {
            "name": {"en": slug.title()},
            "slug": slug,
            "currency": "EUR",
            "date_from": "2035-05-10T09:00:00Z",
            "date_to": "2035-05-10T17:00:00Z",
            "timezone": "Europe/Berlin",
            "is_public": True,
        }
        self.call("POST", "events/", event)
        ticket = {"name": {"en": "Ticket"}, "default_price": "30.00", "admission": True}
        item = self.call("POST", f"events/{slug}/items/", {**ticket, "active": True})["id"]
        quota = {"name": "All", "size": 100, "items": [item], "variations": []}
        self.call("POST", f"events/{slug}/quotas/", quota)
        door = {"name": "Door", "all_products": True, "limit_products": []}
        return {
            "item": item,
            "list": self.call("POST", f"events/{slug}/checkinlists/", door)["id"],
        }

    def series(self, slug: str) -> dict[str, int]:
        """A series with two dates, a ticket and a shirt: their ids by name, and the list's."""
        event = {
            "name": {"en": slug.title()},
            "slug": slug,
            "currency": "EUR",
            "date_from": "2035-05-10T09:00:00Z",
            "timezone": "Europe/Berlin",
            "is_public": True,
            "has_subevents": True,
        }
        self.call("POST", "events/", event)
        made: dict[str, int] = {}
        for name, admission in (("ticket", True), ("shirt", False)):
            item = {"name": {"en": name.title()}, "default_price": "30.00", "active": True}
            path = f"events/{slug}/items/"
            made[name] = self.call("POST", path, {**item, "admission": admission})["id"]
        for name, day in (("first", 8), ("second", 15)):
            date = {"name": {"en": name.title()}, "active": True, "meta_data": {}}
            date |= {"date_from": f"2035-05-{day:02d}T18:00:00Z", "frontpage_text": {"en": "Come"}}
            lists = {"item_price_overrides": [], "variation_price_overrides": []}
            made[name] = self.call("POST", f"events/{slug}/subevents/", {**date, **lists})["id"]
            items = [made["ticket"], made["shirt"]]
            quota = {"name": name, "size": 100, "items": items, "variations": []}
            self.call("POST", f"events/{slug}/quotas/", {**quota, "subevent": made[name]})
        return made

    def order(
        self, slug: str, item: int, email: str, *, status: str = "p", subevent: int | None = None
    ) -> dict[str, Any]:
        """A new order of one ticket, paid (p) or pending (n); in a series for one of its dates."""
        position = {
            "item": item,
            "subevent": subevent,
            "variation": None,
            "price": "30.00",
            "attendee_name_parts": {
                "_scheme": "given_family",
                "given_name": "Anna",
                "family_name": "Example",
            },
            "attendee_email": email,
            "answers": [],
        }
        order = {"email": email, "locale": "en", "status": status, "payment_provider": "manual"}
        made: dict[str, Any] = self.call(
            "POST", f"events/{slug}/orders/", {**order, "positions": [position]}
        )
        return made

    def refund(self, slug: str, code: str, amount: str) -> None:
        """Create a refund of the first payment and complete it; the order itself stays paid."""
        refund = {"state": "created", "amount": amount, "provider": "manual", "payment": 1}
        path = f"events/{slug}/orders/{code}/refunds/"
        made = self.call("POST", path, {**refund, "source": "admin"})
        self.call("POST", f"{path}{made['local_id']}/done/")

    def last_modified(self, slug: str, code: str) -> str:
        return str(self.call("GET", f"events/{slug}/orders/{code}/")["last_modified"])


@contextmanager
def running(folder: Path) -> Iterator[RealPretix]:
    """A real pretix with one organizer and a token; stopped at the end. Logs lie in `folder`."""
    cache = cache_folder()
    python = install(cache)
    data = folder / "data"
    shutil.copytree(template(cache, python), data)
    told = _manage(python, data, "shell", input=_TOKEN_SCRIPT)
    token = next(
        line.removeprefix("TOKEN=") for line in told.splitlines() if line.startswith("TOKEN=")
    )
    port = free_port()
    command = ["runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}"]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [str(python), "-m", "pretix", *command],
            env=_environment(data, port),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=data,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(server, url, folder / "server.log")
            yield RealPretix(url, token)
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _manage(python: Path, data: Path, *command: str, input: str | None = None) -> str:
    done = subprocess.run(
        [str(python), "-m", "pretix", *command],
        env=_environment(data),
        input=input,
        capture_output=True,
        text=True,
        cwd=data,
    )
    assert done.returncode == 0, f"pretix {command[0]} failed:\n{done.stderr[-2000:]}"
    return done.stdout


def _environment(data: Path, port: int = 8345) -> dict[str, str]:
    """A configuration file beside the data; nothing of this process's own settings is passed on."""
    config = data / "pretix.cfg"
    config.write_text(
        "[pretix]\ninstance_name=real test\n"
        f"url=http://127.0.0.1:{port}\ndatadir={data}\n"
        "[database]\nbackend=sqlite3\n",
        encoding="utf-8",
    )
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "PRETIX_CONFIG_FILE": str(config)}


def _wait(server: subprocess.Popen[bytes], url: str, log: Path, *, patience: float = 120) -> None:
    """Return when the API answers (401 without a token)."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        assert server.poll() is None, f"pretix stopped:\n{log.read_text()[-2000:]}"
        try:
            if requests.get(f"{url}/api/v1/organizers/", timeout=30).status_code == 401:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    raise AssertionError(f"pretix did not answer within {patience:.0f} s; see {log}")


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

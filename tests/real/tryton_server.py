"""A real Tryton on loopback: installed into its own environment, started on a database of its own.

Data flow: PyPI -> <cache>/tryton/venv; `trytond-admin` once -> <cache>/tryton/template-*.sqlite;
a copy of it per run -> trytond -> RealTryton (the calls its own client makes) -> the source.

The cache is the one of the real pretix. Creating the tables takes about half a minute, so the empty
database is kept.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pretix_server import cache_folder, free_port

PACKAGES = ("trytond==7.8.18", "trytond_party==7.8.7", "trytond_account_invoice==7.8.4")
DATABASE = "example"
PASSWORD = "sandbox-tryton-password"
_OWN = {"company": 1}


def install(cache: Path) -> Path:
    """The folder of programs of an environment that holds Tryton; installed at the first call."""
    stamp = cache / f"installed-{PACKAGES[0]}"
    if not stamp.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(cache / "venv")], check=True)
        python = str(cache / "venv" / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        stamp.touch()
    return cache / "venv" / "bin"


def template(cache: Path, programs: Path) -> Path:
    """An empty database with the modules party and account_invoice, kept between runs."""
    done = cache / f"template-{PACKAGES[0]}.sqlite"
    if not done.exists():
        folder = cache / "unfinished"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / f"{DATABASE}.sqlite").touch()
        modules = ("party", "account_invoice")
        admin = ("-u", *modules, "--activate-dependencies", "--email", "admin@example.org")
        password = folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        subprocess.run(
            [*_program(programs / "trytond-admin", folder), *admin],
            env=_environment(TRYTONPASSFILE=str(password)),
            check=True,
            capture_output=True,
        )
        (folder / f"{DATABASE}.sqlite").rename(done)
    return done


@dataclass
class RealTryton:
    """A running server, and what somebody does in it."""

    url: str

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call; fails loudly on an error."""
        answer = requests.post(
            f"{self.url}/{DATABASE}/",
            json={"id": 1, "method": method, "params": list(params)},
            auth=("admin", PASSWORD),
            timeout=60,
        )
        assert answer.ok, f"{method}: {answer.status_code}"
        said = answer.json()
        assert "error" not in said, f"{method}: {said['error']}"
        return said["result"]

    def create(self, model: str, **values: Any) -> int:
        return int(self.call(f"model.{model}.create", [values], _OWN)[0])

    def write(self, model: str, number: int, **values: Any) -> None:
        self.call(f"model.{model}.write", [number], values, _OWN)

    def delete(self, model: str, number: int) -> None:
        self.call(f"model.{model}.delete", [number], _OWN)

    def first(self, model: str, *domain: Any) -> int:
        return int(self.call(f"model.{model}.search", list(domain), 0, 1, None, _OWN)[0])


@contextmanager
def running(folder: Path) -> Iterator[RealTryton]:
    """A real Tryton without any record of its own; stopped at the end. Logs lie in `folder`."""
    cache = cache_folder() / "tryton"
    programs = install(cache)
    shutil.copy(template(cache, programs), folder / f"{DATABASE}.sqlite")
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            _program(programs / "trytond", folder, port),
            env=_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(server, url, folder / "server.log")
            yield RealTryton(url)
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _program(program: Path, folder: Path, port: int = 8000) -> list[str]:
    """The command of a program with its configuration beside the data."""
    config = folder / "trytond.conf"
    config.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n[web]\nlisten = 127.0.0.1:{port}\n",
        encoding="utf-8",
    )
    # Without -d the modules of a database are loaded only after the first log-in by its client.
    return [str(program), "-c", str(config), "-d", DATABASE]


def _environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **more}


def _wait(server: subprocess.Popen[bytes], url: str, log: Path, *, patience: float = 120) -> None:
    """Return when the server answers (401 without a password)."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        assert server.poll() is None, f"trytond stopped:\n{log.read_text()[-2000:]}"
        try:
            asked = {"id": 1, "method": "model.party.party.search", "params": []}
            if requests.post(f"{url}/{DATABASE}/", json=asked, timeout=30).status_code == 401:
                return
        except requests.ConnectionError:
            time.sleep(0.3)
    raise AssertionError(f"trytond did not answer within {patience:.0f} s; see {log}")

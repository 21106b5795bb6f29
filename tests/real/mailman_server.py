"""A real Mailman 3 core on loopback: installed into its own environment, with an empty database.

Data flow: PyPI -> <cache>/mailman/venv; `master` on a folder of the test's own -> RealMailman (what
people and moderators do, over the REST API and by mail) -> the adapter under test.

The cache is the one of the real pretix. Nothing is mailed: the outgoing port has nobody listening.
"""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from pretix_server import cache_folder, free_port

VERSION = "3.3.10"
DOMAIN = "lists.example.org"
USER, PASSWORD = "restadmin", "sandbox-mailman-password"


def install(cache: Path) -> Path:
    """The folder of programs of an environment that holds Mailman; installed at the first call."""
    stamp = cache / f"installed-{VERSION}"
    if not stamp.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(cache / "venv")], check=True)
        python = str(cache / "venv" / "bin" / "python")
        # Mailman 3.3.10 does not work with SQLAlchemy 2.1.
        packages = (f"mailman=={VERSION}", "sqlalchemy<2.1")
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        stamp.touch()
    return cache / "venv" / "bin"


@dataclass
class RealMailman:
    """A running core, and what people, moderators and mail servers do to it."""

    url: str
    lmtp_port: int

    def call(self, method: str, path: str, **form: Any) -> requests.Response:
        """One call; whatever Mailman answers."""
        url = f"{self.url}/3.1/{path}"
        return requests.request(method, url, data=form, auth=(USER, PASSWORD), timeout=60)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.ok, f"GET {path}: {answer.status_code}"
        return answer.json()

    def do(self, method: str, path: str, **form: Any) -> None:
        answer = self.call(method, path, **form)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:200]}"

    def members(self, list_id: str) -> set[str]:
        entries = self.get(f"lists/{list_id}/roster/member").get("entries", [])
        return {str(entry["email"]) for entry in entries}

    def addresses(self) -> set[str]:
        return {str(entry["email"]) for entry in self.get("addresses").get("entries", [])}

    def leave(self, email: str, list_id: str) -> None:
        """The person unsubscribes (what Postorius calls for them)."""
        self.do("DELETE", f"lists/{list_id}/member/{email}", pre_confirmed=True, pre_approved=True)

    def bounce(self, email: str, list_id: str) -> None:
        """A mail server says that the address does not exist: a delivery report (RFC 3464)."""
        name, _, host = list_id.partition(".")
        local, _, domain = email.partition("@")
        to = f"{name}-bounces+{local}={domain}@{host}"
        report = (
            f"From: MAILER-DAEMON@{domain}\nTo: {to}\nSubject: Undelivered Mail\n"
            f"Message-ID: <{time.monotonic_ns()}@{domain}>\nMIME-Version: 1.0\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nNo such user.\n\n"
            "--b\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; {domain}\n\nFinal-Recipient: rfc822; {email}\n"
            "Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n\n--b--\n"
        )
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as door:
            door.sendmail("", [to], report.encode())


@contextmanager
def running(folder: Path) -> Iterator[RealMailman]:
    """A real Mailman with one domain and without lists; stopped at the end. Logs in `folder`."""
    programs = install(cache_folder() / "mailman")
    rest, lmtp = free_port(), free_port()
    config = folder / "mailman.cfg"
    config.write_text(
        "[mailman]\nsite_owner: owner@example.org\nlayout: here\n"
        f"[paths.here]\nvar_dir: {folder / 'var'}\n"
        f"[database]\nurl: sqlite:///{folder / 'var' / 'mailman.db'}\n"
        f"[webservice]\nhostname: 127.0.0.1\nport: {rest}\n"
        f"admin_user: {USER}\nadmin_pass: {PASSWORD}\n"
        "[mta]\nincoming: mailman.mta.null.NullMTA\n"
        f"lmtp_host: 127.0.0.1\nlmtp_port: {lmtp}\nsmtp_host: 127.0.0.1\n"
        f"smtp_port: {free_port()}\n",
        encoding="utf-8",
    )
    with (folder / "master.log").open("wb") as log:
        # `mailman start` refuses to run as root, as test machines often do; its master does not.
        server = subprocess.Popen(
            [str(programs / "master"), "-C", str(config)],
            env=_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        try:
            made = RealMailman(f"http://127.0.0.1:{rest}", lmtp)
            wait(lambda: _answers(made, server, folder / "master.log"), "Mailman answers")
            made.do("POST", "domains", mail_host=DOMAIN)
            yield made
        finally:
            server.terminate()
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def wait(is_so: Callable[[], bool], what: str, *, patience: float = 120) -> None:
    """Return when it is so; AssertionError naming `what` after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(0.5)


def _answers(mailman: RealMailman, server: subprocess.Popen[bytes], log: Path) -> bool:
    assert server.poll() is None, f"Mailman stopped:\n{log.read_text()[-2000:]}"
    try:
        return mailman.call("GET", "system/versions").status_code == 200
    except requests.ConnectionError:
        return False


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}

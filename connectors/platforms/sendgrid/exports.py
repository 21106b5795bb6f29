"""Reading many contacts of SendGrid: an export job, its files, its rows.

Data flow: POST contacts/exports -> poll -> gzip CSV files of another host -> rows by column.

Files lie on a storage host and are fetched without our credentials; only https hosts of Amazon and
SendGrid are asked, or the configured host itself. That files are gzip CSV with upper-case columns
EMAIL, CONTACT_ID, UPDATED_AT and so on is taken from the public Airbyte source (source-sendgrid),
not from the vendor's pages.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.errors import RetryableError, ShortReadError, SourceError
from connectors.http.origin import origin
from connectors.platforms.sendgrid.api import SendgridApi

Row = dict[str, str]
_HOSTS = (".amazonaws.com", ".sendgrid.com", ".sendgrid.net")


class Exports:
    """All contacts of one account, or of one list."""

    def __init__(self, api: SendgridApi, base_url: str, *, timeout: float) -> None:
        self._api, self._origin, self._timeout = api, origin(base_url), timeout

    def rows(self, list_id: str | None = None) -> list[Row]:
        """By lower-case column; ShortReadError when it is not all that was promised."""
        body: dict[str, Any] = {"file_type": "csv"}
        if list_id is not None:
            body["list_ids"] = [list_id]
        job = self._api.ask("marketing/contacts/exports", method="POST", body=body)
        path = f"marketing/contacts/exports/{job['id']}"

        def ready() -> Mapping[str, Any] | None:
            answer: Mapping[str, Any] = self._api.ask(path)
            return answer if answer.get("status") != "pending" else None

        answer = self._api.until(ready)
        if answer is None or answer.get("status") != "ready":
            raise RetryableError("the export of contacts was not made in time.")
        urls = answer.get("urls") or []
        found = [row for url in urls for row in _parsed(self._fetch(str(url)))]
        promised = answer.get("contact_count")
        if promised is None:
            where = f"lists/{list_id}/contacts/count" if list_id else "contacts/count"
            promised = self._api.ask(f"marketing/{where}").get("contact_count")
        if len(found) < int(promised or 0):
            raise ShortReadError(
                f"only {len(found)} of {promised} contacts could be read.",
                todo="Nothing was pushed; start the push again.",
            )
        return found

    def _fetch(self, url: str) -> bytes:
        """A whole file of a known host."""
        parts = urlsplit(url)
        known = parts.scheme == "https" and str(parts.hostname or "").endswith(_HOSTS)
        if not known and origin(url) != self._origin:
            raise SourceError(
                f"the files of the export lie on {parts.hostname}, which is not known.",
                todo="Nothing was fetched from there. Report it: the host may be new.",
            )
        return self._api.again(partial(_file, url, self._timeout))


def _file(url: str, timeout: float) -> bytes:
    """What lies at a signed address; the errors name no part of it."""
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=(10.0, timeout), allow_redirects=False)
    except requests.RequestException:
        raise RetryableError("a file of the export could not be fetched.") from None
    if answer.status_code != 200:
        raise RetryableError(f"a file of the export was refused ({answer.status_code}).")
    return answer.content


def _parsed(content: bytes) -> list[Row]:
    try:
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (EOFError, OSError, zlib.error):
        raise ShortReadError("a file of the export is not complete.") from None
    reader = csv.DictReader(io.StringIO(plain.decode("utf-8-sig"), newline=""))
    named = {str(name).lower() for name in reader.fieldnames or []}
    if not {"email", "contact_id"} <= named:
        raise SourceError("a file of the export has no columns EMAIL and CONTACT_ID.")
    return [{str(name).lower(): value or "" for name, value in row.items()} for row in reader]

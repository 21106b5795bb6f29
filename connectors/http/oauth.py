"""OAuth access tokens: one refresh at a time, and a rotated token is on disk before it is used.

Data flow: settings (SecretStr) -> token service -> token file (owner only) -> Authorization header.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import requests
from filelock import FileLock

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import AuthenticationError, RetryableError
from connectors.files import write_atomically
from connectors.http.auth import Auth, Secret, reveal
from connectors.http.origin import refuse_clear_text


@dataclass(frozen=True)
class TokenStore:
    """OAuth tokens of one account in one file, readable by its owner only."""

    path: Path

    def read(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    def write(self, tokens: Mapping[str, Any]) -> None:
        write_atomically(self.path, json.dumps(dict(tokens)).encode(), mode=0o600)


@dataclass(frozen=True)
class Client:
    """Who asks the token service. `sent_in`: the vendor wants it in the form or as basic auth."""

    id: str
    secret: Secret
    sent_in: Literal["body", "basic"] = "body"

    def fields(self) -> dict[str, str]:
        if self.sent_in == "basic":
            return {}
        return {"client_id": self.id, "client_secret": reveal(self.secret)}

    def basic(self) -> tuple[str, str] | None:
        return (self.id, reveal(self.secret)) if self.sent_in == "basic" else None


class OAuth2(Auth):
    """Bearer access tokens kept fresh by asking the token service again.

    `grant` is the form of a client that asks for itself (client_credentials and its likes); without
    it a refresh token is traded in, which the vendor may replace at each use. One request at a time
    (threads and processes); what came is on disk before it is used, so a crash never loses a
    refresh token that can be used only once.
    """

    def __init__(
        self,
        *,
        token_url: str,
        client: Client,
        store: TokenStore,
        grant: Mapping[str, str] | None = None,
        first_refresh_token: Secret | None = None,
        clock: Clock = SYSTEM_CLOCK,
        timeout: tuple[float, float] = (10.0, 30.0),
        leeway: float = 60.0,
    ) -> None:
        refuse_clear_text(token_url, "")
        self._token_url, self._client, self._store = token_url, client, store
        self._grant, self._first = grant, first_refresh_token
        self._clock, self._timeout, self._leeway = clock, timeout, leeway
        self._thread_lock = threading.Lock()
        self._signed_with: str | None = None

    def current(self) -> str | None:
        token = self._store.read().get("access_token")
        return str(token) if token else None

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        tokens = self._store.read()
        expires = float(tokens.get("expires_at", 0))
        if not tokens.get("access_token") or expires - self._leeway < self._now():
            self.refresh(tokens.get("access_token"))
            tokens = self._store.read()
        self._signed_with = str(tokens["access_token"])
        r.headers["Authorization"] = f"Bearer {self._signed_with}"
        return r

    def refresh(self, used: str | None) -> bool:
        """Get a new access token, unless there is one since `used`.

        False when the token service hands out the refused one again. AuthenticationError when it
        refuses for good.
        """
        used = used or self._signed_with  # the first request's own token was not there before it
        self._store.path.parent.mkdir(parents=True, exist_ok=True)
        with self._thread_lock, FileLock(f"{self._store.path}.lock", timeout=120):
            tokens = self._store.read()
            if tokens.get("access_token") and tokens["access_token"] != used:
                return True
            found = self._exchange(tokens)
            self._store.write(found)
        return bool(found["access_token"] != used)

    def _exchange(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        form = dict(self._grant or self._trade_in(tokens))
        try:
            answer = requests.post(
                self._token_url,
                data={**form, **self._client.fields()},
                auth=self._client.basic(),
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise RetryableError("the token service could not be reached.") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise RetryableError(f"the token service answered {answer.status_code}.")
        if answer.status_code != 200:
            what = form["grant_type"].replace("_", " ")
            raise AuthenticationError(
                f"the token service refused the {what} ({answer.status_code}):"
                " wrong, revoked or used up.",
                todo="Connect the account again; finished pages are kept.",
            )
        try:
            body = answer.json()
            access = str(body["access_token"])
            lasts = float(body.get("expires_in", 3600))
        except (ValueError, KeyError, TypeError) as error:
            raise RetryableError("the token service sent an unreadable answer.") from error
        found = {"access_token": access, "expires_at": self._now() + lasts}
        if "refresh_token" in form:
            found["refresh_token"] = body.get("refresh_token") or form["refresh_token"]
        return found

    def _trade_in(self, tokens: Mapping[str, Any]) -> dict[str, str]:
        found = tokens.get("refresh_token") or (reveal(self._first) if self._first else "")
        if not found:
            raise AuthenticationError("there is no refresh token.", todo="Connect the account.")
        return {"grant_type": "refresh_token", "refresh_token": str(found)}

    def _now(self) -> float:
        return self._clock.now().timestamp()

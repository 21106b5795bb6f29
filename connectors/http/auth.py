"""Credentials on a request, and nowhere else.

Data flow: settings (SecretStr) -> Auth -> prepared request -> vendor; OAuth: token file <-> vendor.

An `Auth` only ever sees requests the client has already pinned to the configured host.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from filelock import FileLock
from pydantic import SecretStr
from requests.auth import AuthBase

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import AuthenticationError, RetryableError
from connectors.files import write_atomically

Secret = SecretStr | Callable[[], SecretStr]


def reveal(secret: Secret) -> str:
    """The secret's text; a callable is asked at each use, so that a rotated one is picked up."""
    value = secret if isinstance(secret, SecretStr) else secret()
    return value.get_secret_value()


class Auth(AuthBase):
    """Signs requests; `refresh` may try to get new credentials after a 401."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r

    def refresh(self, used: str | None) -> bool:
        """True when other credentials than `used` are there now; False: give up."""
        return self.current() != used

    def current(self) -> str | None:
        """A mark of the credentials now in use, for `refresh`; None when they never change."""
        return None


class HeaderToken(Auth):
    """`<header>: <prefix><secret>`, for example `Authorization: Token ...`."""

    def __init__(self, secret: Secret, *, header: str = "Authorization", prefix: str = "") -> None:
        self._secret, self._header, self._prefix = secret, header, prefix

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers[self._header] = self._prefix + reveal(self._secret)
        return r


class BearerToken(HeaderToken):
    """`Authorization: Bearer <secret>`."""

    def __init__(self, secret: Secret) -> None:
        super().__init__(secret, prefix="Bearer ")


class BasicAuth(Auth):
    """HTTP basic authentication; some vendors take the key as password of any user name."""

    def __init__(self, user: str, secret: Secret) -> None:
        self._user, self._secret = user, secret

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        pair = f"{self._user}:{reveal(self._secret)}".encode()
        r.headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        return r


class ApiKeyParam(Auth):
    """The key as a query parameter, for vendors that know no header (redacted in logs)."""

    def __init__(self, secret: Secret, *, param: str = "api_key") -> None:
        self._secret, self._param = secret, param

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.prepare_url(r.url, {self._param: reveal(self._secret)})
        return r


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


class OAuth2Refresh(Auth):
    """Bearer access tokens kept fresh by a refresh token, which the vendor may replace at each use.

    One refresh at a time (threads and processes); the new pair is on disk before it is used, so a
    crash never loses a refresh token that can be used only once.
    """

    def __init__(
        self,
        *,
        token_url: str,
        client_id: str,
        client_secret: Secret,
        store: TokenStore,
        first_refresh_token: Secret | None = None,
        clock: Clock = SYSTEM_CLOCK,
        timeout: tuple[float, float] = (10.0, 30.0),
        leeway: float = 60.0,
    ) -> None:
        self._token_url, self._client_id, self._client_secret = token_url, client_id, client_secret
        self._store, self._first, self._clock = store, first_refresh_token, clock
        self._timeout, self._leeway = timeout, leeway
        self._thread_lock = threading.Lock()

    def current(self) -> str | None:
        token = self._store.read().get("access_token")
        return str(token) if token else None

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        tokens = self._store.read()
        expires = float(tokens.get("expires_at", 0))
        if not tokens.get("access_token") or expires - self._leeway < self._now():
            self.refresh(tokens.get("access_token"))
            tokens = self._store.read()
        r.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return r

    def refresh(self, used: str | None) -> bool:
        """Get a new access token, unless there is one since `used`.

        AuthenticationError when the refresh token was revoked.
        """
        self._store.path.parent.mkdir(parents=True, exist_ok=True)
        with self._thread_lock, FileLock(f"{self._store.path}.lock", timeout=120):
            tokens = self._store.read()
            if tokens.get("access_token") and tokens["access_token"] != used:
                return True
            self._store.write(self._exchange(tokens))
        return True

    def _exchange(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        refresh_token = tokens.get("refresh_token") or (reveal(self._first) if self._first else "")
        if not refresh_token:
            raise AuthenticationError("there is no refresh token.", todo="Connect the account.")
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "client_id": self._client_id,
            "client_secret": reveal(self._client_secret),
        }
        try:
            answer = requests.post(
                self._token_url, data=form, timeout=self._timeout, allow_redirects=False
            )
        except requests.RequestException as error:
            raise RetryableError("the token service could not be reached.") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise RetryableError(f"the token service answered {answer.status_code}.")
        if answer.status_code != 200:
            raise AuthenticationError(
                f"the refresh token was refused ({answer.status_code}): revoked or used up.",
                todo="Connect the account again; finished pages are kept.",
            )
        try:
            body = answer.json()
            access = str(body["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise RetryableError("the token service sent an unreadable answer.") from error
        return {
            "access_token": access,
            "refresh_token": body.get("refresh_token") or refresh_token,
            "expires_at": self._now() + float(body.get("expires_in", 3600)),
        }

    def _now(self) -> float:
        return self._clock.now().timestamp()

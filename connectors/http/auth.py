"""Credentials on a request, and nowhere else.

Data flow: settings (SecretStr) -> Auth -> prepared request -> vendor. For OAuth see oauth.py.

An `Auth` only ever sees requests the client has already pinned to the configured host.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

import requests
from pydantic import SecretStr
from requests.auth import AuthBase

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

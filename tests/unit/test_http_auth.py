"""OAuth: one refresh at a time, and a rotated token is stored before it is used."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest
from http_tools import client
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors.clock import ManualClock
from connectors.errors import AuthenticationError
from connectors.http.oauth import Client, OAuth2, TokenStore


class TokenServer:
    """Gives access tokens a1, a2, ... and takes each refresh token r0, r1, ... once."""

    def __init__(self, server: HTTPServer) -> None:
        self.refreshes = 0
        self.valid = "a0"
        server.expect_request("/token", method="POST").respond_with_handler(self._token)
        server.expect_request("/data").respond_with_handler(self._data)

    def _token(self, request: Request) -> Response:
        if request.form["refresh_token"] != f"r{self.refreshes}":
            return Response(json.dumps({"error": "invalid_grant"}), status=400)
        self.refreshes += 1
        time.sleep(0.05)
        self.valid = f"a{self.refreshes}"
        body = {
            "access_token": self.valid,
            "refresh_token": f"r{self.refreshes}",
            "expires_in": 3600,
        }
        return Response(json.dumps(body))

    def _data(self, request: Request) -> Response:
        good = request.headers.get("Authorization") == f"Bearer {self.valid}"
        return Response("[1]" if good else "{}", status=200 if good else 401)


def auth(server: HTTPServer, store: TokenStore, clock: ManualClock) -> OAuth2:
    return OAuth2(
        token_url=server.url_for("/token"),
        client=Client("id", SecretStr("secret")),
        store=store,
        first_refresh_token=SecretStr("r0"),
        clock=clock,
    )


def test_refreshes_first_and_keeps_the_rotated_token(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    tokens, clock = TokenServer(httpserver), ManualClock()
    store = TokenStore(tmp_path / "tokens.json")
    with client(httpserver.url_for("/"), clock, auth=auth(httpserver, store, clock)) as http:
        assert http.json("data").body == [1]
        assert http.json("data").body == [1]
    assert tokens.refreshes == 1
    assert store.read()["refresh_token"] == "r1"
    assert store.path.stat().st_mode & 0o077 == 0


def test_an_expired_token_is_renewed_and_the_same_page_asked_again(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    tokens, clock = TokenServer(httpserver), ManualClock()
    store = TokenStore(tmp_path / "tokens.json")
    with client(httpserver.url_for("/"), clock, auth=auth(httpserver, store, clock)) as http:
        http.json("data")
        tokens.valid = "revoked on the server"
        assert http.json("data").body == [1]
        clock.advance(3600)
        assert http.json("data").body == [1]
    assert tokens.refreshes == 3


def test_the_new_token_is_on_disk_before_it_is_used(httpserver: HTTPServer, tmp_path: Path) -> None:
    TokenServer(httpserver)
    clock, store = ManualClock(), TokenStore(tmp_path / "tokens.json")
    first = auth(httpserver, store, clock)
    assert first.refresh(None)  # and the process ends here, before any request
    with client(httpserver.url_for("/"), clock, auth=auth(httpserver, store, clock)) as http:
        assert http.json("data").body == [1]
    assert store.read()["refresh_token"] == "r1"


def test_many_threads_refresh_once(httpserver: HTTPServer, tmp_path: Path) -> None:
    tokens, clock = TokenServer(httpserver), ManualClock()
    store = TokenStore(tmp_path / "tokens.json")
    shared = auth(httpserver, store, clock)
    results: list[object] = []
    with client(httpserver.url_for("/"), clock, auth=shared) as http:
        http.json("data")
        tokens.valid = "gone"
        threads = [
            threading.Thread(target=lambda: results.append(http.json("data").body))
            for _ in range(5)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [[1]] * 5
    assert tokens.refreshes == 2


def test_a_revoked_refresh_token_says_what_to_do(httpserver: HTTPServer, tmp_path: Path) -> None:
    tokens, clock = TokenServer(httpserver), ManualClock()
    tokens.refreshes = 5  # r0 is not taken any more
    store = TokenStore(tmp_path / "tokens.json")
    with (
        client(httpserver.url_for("/"), clock, auth=auth(httpserver, store, clock)) as http,
        pytest.raises(AuthenticationError, match="Connect the account again"),
    ):
        http.json("data")


def test_a_client_may_ask_for_itself_with_basic_authentication(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    asked: list[tuple[str, dict[str, str]]] = []

    def token(request: Request) -> Response:
        assert request.authorization is not None
        asked.append((f"{request.authorization.username}", request.form.to_dict()))
        return Response(json.dumps({"access_token": f"a{len(asked)}", "expires_in": 100}))

    httpserver.expect_request("/token", method="POST").respond_with_handler(token)
    httpserver.expect_request("/data", headers={"Authorization": "Bearer a1"}).respond_with_json(
        [1]
    )
    httpserver.expect_request("/data", headers={"Authorization": "Bearer a2"}).respond_with_json(
        [2]
    )
    clock, store = ManualClock(), TokenStore(tmp_path / "tokens.json")
    grant = OAuth2(
        token_url=httpserver.url_for("/token"),
        client=Client("id", SecretStr("secret"), sent_in="basic"),
        store=store,
        grant={"grant_type": "client_credentials", "scope": "auto"},
        clock=clock,
    )
    with client(httpserver.url_for("/"), clock, auth=grant) as http:
        assert http.json("data").body == [1]
        assert http.json("data").body == [1]
        clock.sleep(50)  # within the minute before it expires
        assert http.json("data").body == [2]
    assert asked == [("id", {"grant_type": "client_credentials", "scope": "auto"})] * 2


def test_a_refused_token_that_comes_again_is_not_tried_again(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    asked: list[str] = []

    def data(request: Request) -> Response:
        asked.append(request.headers["Authorization"])
        return Response("{}", status=401)

    httpserver.expect_request("/token", method="POST").respond_with_json({"access_token": "same"})
    httpserver.expect_request("/data").respond_with_handler(data)
    clock = ManualClock()
    grant = OAuth2(
        token_url=httpserver.url_for("/token"),
        client=Client("id", SecretStr("secret")),
        store=TokenStore(tmp_path / "tokens.json"),
        grant={"grant_type": "client_credentials"},
        clock=clock,
    )
    with (
        client(httpserver.url_for("/"), clock, auth=grant) as http,
        pytest.raises(AuthenticationError),
    ):
        http.json("data")
    assert asked == ["Bearer same"]

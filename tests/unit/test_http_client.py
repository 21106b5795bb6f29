"""The HTTP client: one host, whole answers, clear errors."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from http_tools import client
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from connectors.clock import ManualClock, SystemClock
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    RetryableError,
    SourceError,
)
from connectors.http.auth import ApiKeyParam, BasicAuth, BearerToken, HeaderToken
from connectors.http.client import Timeouts
from connectors.http.retry import RetryPolicy
from connectors.testing.faults import Faults
from connectors.testing.messages import Request as FakeRequest
from connectors.testing.messages import Response as FakeResponse
from connectors.testing.server import FakeServer


def test_decodes_json_and_tells_the_servers_time(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a", query_string="x=1").respond_with_json({"ok": True})
    with client(httpserver.url_for("/")) as http:
        answer = http.json("a", params={"x": 1, "left_out": None})
    assert answer.body == {"ok": True}
    assert answer.server_time is not None
    assert abs((datetime.now(UTC) - answer.server_time).total_seconds()) < 60
    assert http.usage.requests == 1
    assert http.usage.bytes > 0


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/next",
        "http://127.0.0.2:{port}/next",
        "https://127.0.0.1:{port}/next",
        "//evil.example.org/next",
        "http://evil@127.0.0.1:1/",
    ],
)
def test_never_leaves_scheme_host_and_port(httpserver: HTTPServer, link: str) -> None:
    with (
        client(httpserver.url_for("/"), auth=BearerToken(SecretStr("key"))) as http,
        pytest.raises(ConfigurationError, match="another host"),
    ):
        http.json(link.format(port=httpserver.port))
    assert not httpserver.log


def test_follows_a_link_of_its_own_origin(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/next").respond_with_json([1])
    with client(httpserver.url_for("/v1")) as http:
        assert http.json(httpserver.url_for("/v1/next")).body == [1]
        assert http.json("next").body == [1]


def test_a_redirect_is_a_login_page_not_a_way(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_data(
        status=302, headers={"Location": "http://evil.example.org/login"}
    )
    with client(httpserver.url_for("/")) as http, pytest.raises(AuthenticationError) as caught:
        http.json("a", stream="orders")
    assert caught.value.source == "shop"
    assert caught.value.stream == "orders"
    assert "log-in" in str(caught.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (400, SourceError, 1),
        (401, AuthenticationError, 1),
        (403, NotPermitted, 1),
        (404, SourceError, 1),
        (408, RetryableError, 3),
        (500, RetryableError, 3),
        (503, RetryableError, 3),
    ],
)
def test_status_decides_what_happens_next(
    httpserver: HTTPServer, status: int, error: type[Exception], tries: int
) -> None:
    httpserver.expect_request("/a").respond_with_json({"secret": "payload"}, status=status)
    with client(httpserver.url_for("/")) as http, pytest.raises(error) as caught:
        http.json("a", params={"email": "a@example.org"})
    assert type(caught.value) is error
    assert len(httpserver.log) == tries
    assert "payload" not in str(caught.value)
    assert "example.org" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"<!doctype html><html></html>", b'{"rows": [1, 2', b"", b"\xff\xfe", b'{"x": NaN}']
)
def test_an_undecodable_answer_is_asked_again_then_an_error(
    httpserver: HTTPServer, body: bytes
) -> None:
    httpserver.expect_request("/a").respond_with_data(body, content_type="text/html")
    with client(httpserver.url_for("/")) as http, pytest.raises(RetryableError) as caught:
        http.json("a")
    assert len(httpserver.log) == 3
    assert "not complete JSON" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b'{"id": 9007199254740993123456, "x": 0.1}', {"id": 9007199254740993123456, "x": 0.1}),
        (b'{"name": "a\\ud800b"}', {"name": "a\ud800b"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        ('{"name": "Zoë 🙂"}'.encode(), {"name": "Zoë 🙂"}),
    ],
)
def test_numbers_and_texts_of_every_kind_come_through(
    httpserver: HTTPServer, body: bytes, decoded: object
) -> None:
    httpserver.expect_request("/a").respond_with_data(body, content_type="application/json")
    with client(httpserver.url_for("/")) as http:
        found = http.json("a").body
    assert found == decoded


def test_an_error_document_with_status_200_is_an_error(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_json({"is_error": 1})

    def judge(_status: int, body: object) -> SourceError | None:
        return SourceError("it says no") if isinstance(body, dict) else None

    with (
        client(httpserver.url_for("/"), vendor_error=judge) as http,
        pytest.raises(SourceError, match="shop: it says no"),
    ):
        http.json("a")


def test_waits_as_long_as_it_is_told(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/a").respond_with_json(
        {}, status=429, headers={"Retry-After": "7"}
    )
    httpserver.expect_request("/a").respond_with_json({"ok": 1})
    clock = ManualClock()
    with client(httpserver.url_for("/"), clock) as http:
        assert http.json("a").body == {"ok": 1}
    assert len(clock.sleeps) == 1
    assert 7.0 <= clock.sleeps[0] <= 8.0


def test_does_not_wait_for_ever(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_json(
        {}, status=429, headers={"Retry-After": "86400"}
    )
    clock = ManualClock()
    with client(httpserver.url_for("/"), clock) as http, pytest.raises(QuotaExhausted) as caught:
        http.json("a")
    assert clock.sleeps == []
    assert (caught.value.until - clock.now()).total_seconds() == 86400


def test_too_many_requests_for_good(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a").respond_with_json({}, status=429)
    with client(httpserver.url_for("/")) as http, pytest.raises(RateLimited):
        http.json("a")
    assert len(httpserver.log) == 3


def test_credentials_are_sent_and_never_shown(httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return Response("no", status=500)

    httpserver.expect_request("/a").respond_with_handler(answer)
    secret = SecretStr("s3cret")
    ways = [
        (BearerToken(secret), lambda r: r.headers["Authorization"] == "Bearer s3cret"),
        (HeaderToken(secret, header="X-Key"), lambda r: r.headers["X-Key"] == "s3cret"),
        (BasicAuth("any", secret), lambda r: r.authorization.password == "s3cret"),
        (ApiKeyParam(secret, param="key"), lambda r: r.args["key"] == "s3cret" and r.args["q"]),
    ]
    for auth, sent in ways:
        seen.clear()
        with (
            client(httpserver.url_for("/"), auth=auth) as http,
            pytest.raises(RetryableError) as caught,
        ):
            http.json("a", params={"q": "1"})
        assert sent(seen[-1])
        assert "s3cret" not in str(caught.value)
        assert "s3cret" not in repr(auth)


def test_plain_http_only_to_this_machine() -> None:
    with pytest.raises(ConfigurationError, match="https"):
        client("http://crm.example.org")
    client("https://crm.example.org").close()
    client("http://localhost:8000").close()


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that sends one byte after the other, for ever."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.02):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop.set()
    listener.close()
    thread.join(2)


def test_a_deadline_for_the_whole_exchange(dripping: str) -> None:
    limits = Timeouts(connect=1.0, read=5.0, total=0.3)
    http = client(dripping, timeouts=limits, retry=RetryPolicy(attempts=1))
    http._clock = SystemClock()
    with http, pytest.raises(RetryableError, match="time-out"):
        http.json("a")


def test_a_silent_server_runs_into_the_read_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        limits = Timeouts(connect=1.0, read=0.2, total=5.0)
        with (
            client(url, timeouts=limits, retry=RetryPolicy(attempts=1)) as http,
            pytest.raises(RetryableError, match="time-out"),
        ):
            http.json("a")


def test_half_an_answer_is_never_taken_for_a_whole() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[1]")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with client(url) as http, pytest.raises(RetryableError, match="broke"):
            http.json("a")
        thread.join(2)


CSV = "text/csv"


def test_text_of_the_kind_asked_for_comes_whole(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rows", headers={"Accept": CSV}).respond_with_data(
        "\ufeffid,name\n1,Zoë\n".encode(), content_type="text/csv; charset=UTF-8"
    )
    with client(httpserver.url_for("/")) as http:
        answer = http.text("rows", kind=CSV)
    assert answer.body == "id,name\n1,Zoë\n"
    assert answer.server_time is not None


def test_a_web_page_is_no_table(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rows").respond_with_data(
        "<html>Anna</html>", content_type="text/html"
    )
    with client(httpserver.url_for("/")) as http, pytest.raises(RetryableError) as caught:
        http.text("rows", kind=CSV, stream="members")
    assert "text/html instead of text/csv" in str(caught.value)
    assert "Anna" not in str(caught.value)
    assert caught.value.stream == "members"
    assert len(httpserver.log) == 3


def test_an_error_document_instead_of_text_is_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rows").respond_with_json([{"errorCode": "GONE"}], status=400)

    def meaning(status: int, body: object) -> SourceError:
        return SourceError(f"{status} {body}")

    with (
        client(httpserver.url_for("/"), vendor_error=meaning) as http,
        pytest.raises(SourceError, match="GONE"),
    ):
        http.text("rows", kind=CSV)
    assert len(httpserver.log) == 1


def test_text_that_is_not_utf8_is_an_error(httpserver: HTTPServer) -> None:
    latin = b"id,name\n1,Zo\xeb\n"
    httpserver.expect_request("/rows").respond_with_data(latin, content_type=CSV)
    with client(httpserver.url_for("/")) as http, pytest.raises(RetryableError, match="UTF-8"):
        http.text("rows", kind=CSV)


def test_half_a_text_is_asked_for_again() -> None:
    class Rows:
        def handle(self, request: FakeRequest) -> FakeResponse:
            return FakeResponse(200, {"Content-Type": CSV}, b"id\n1\n2\n3\n")

    faults = Faults()
    faults.on("/rows").truncated(0.7)  # ends after a whole line: only the length tells
    with FakeServer(Rows(), faults=faults) as server, client(server.url) as http:
        assert http.text("rows", kind=CSV).body == "id\n1\n2\n3\n"
        assert len(server.requests) == 2

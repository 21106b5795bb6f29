"""The fake server itself: what it records, how it ends, and every fault a rule can ask for."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from connectors.testing.faults import Faults
from connectors.testing.server import FakeServer, Request, Response


class Echo:
    """Answers with what it got and how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0
        self.hold = 0.0

    def handle(self, request: Request) -> Response:
        if request.path == "/broken":
            raise ValueError("a bug in a fake")
        self.calls += 1
        time.sleep(self.hold)
        body = {"call": self.calls, "page": request.param("page"), "filler": "x" * 200}
        return Response.of_json(body)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(echo: Echo, faults: Faults) -> Iterator[FakeServer]:
    with FakeServer(echo, faults=faults) as running:
        yield running


def get(server: FakeServer, path: str = "/list", **kwargs: Any) -> requests.Response:
    return requests.get(server.url + path, timeout=3, **kwargs)


def test_records_requests_without_secrets(server: FakeServer) -> None:
    headers = {"Authorization": "Bearer secret", "X-Note": "kept"}
    requests.post(server.url + "/a/b?x=1&x=2", data=b'{"k": 1}', headers=headers, timeout=3)
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.query) == ("POST", "/a/b", (("x", "1"), ("x", "2")))
    assert seen.json() == {"k": 1}
    assert seen.headers["x-note"] == "kept"
    assert "secret" not in str(seen)


def test_keeps_the_connection_alive(server: FakeServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=3)
    try:
        connection.request("GET", "/one")
        connection.getresponse().read()
        used = connection.sock
        connection.request("GET", "/two")
        assert connection.getresponse().status == 200
        assert connection.sock is used
    finally:
        connection.close()


def test_counts_what_runs_at_the_same_time(server: FakeServer, echo: Echo) -> None:
    echo.hold = 0.2
    threads = [threading.Thread(target=get, args=(server,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.max_concurrent == 4
    assert max(seen.concurrency for seen in server.requests) == 4


def test_stops_with_idle_connections_open(echo: Echo) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", timeout=3)
    try:
        with FakeServer(echo) as running:
            connection.port = running.port
            connection.request("GET", "/one")
            connection.getresponse().read()
            idle = connection.sock
            threads = threading.active_count()
            began = time.monotonic()
        assert time.monotonic() - began < 2
        assert threading.active_count() == threads - 2  # the accepting one and the connection's
        assert idle is not None
        assert idle.recv(1) == b""
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", connection.port), timeout=1)
    finally:
        connection.close()


def test_url_before_the_start_says_so(echo: Echo) -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = FakeServer(echo).url


def test_a_bug_in_the_app_is_an_answer(server: FakeServer) -> None:
    answer = get(server, "/broken")
    assert answer.status_code == 500
    assert "ValueError: a bug in a fake" in answer.text


def test_status_acts_once_on_the_nth_match(server: FakeServer, faults: Faults, echo: Echo) -> None:
    rule = faults.on(r"/list").nth(2).status(503)
    assert [get(server).status_code for _ in range(3)] == [200, 503, 200]
    assert get(server, "/other").status_code == 200
    assert rule.hits == 1
    assert echo.calls == 3


def test_rules_count_on_their_own(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list").nth(1).status(500)
    faults.on(r"/list").nth(2).status(503)
    assert [get(server).status_code for _ in range(3)] == [500, 503, 200]


def test_method_and_every(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list", method="POST").every().status(500)
    assert get(server).status_code == 200
    assert requests.post(server.url + "/list", timeout=3).status_code == 500
    assert requests.post(server.url + "/list", timeout=3).status_code == 500
    faults.clear()
    assert requests.post(server.url + "/list", timeout=3).status_code == 200


def test_times_limits_the_rule(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list").times(2).status(503, {"error": "later"})
    answers = [get(server) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].json() == {"error": "later"}


def test_rate_limit_in_its_four_forms(server: FakeServer, faults: Faults) -> None:
    for form in ("seconds", "http_date", "iso_date", "none"):
        faults.on(r"/list").rate_limited(20, form)
    seconds, http_date, iso_date, none = (
        answer.headers.get("Retry-After") for answer in (get(server) for _ in range(4))
    )
    # The second rule is due from the first request on, so that the order is the order of arming.
    assert seconds == "20"
    assert http_date is not None
    assert iso_date is not None
    for moment in (parsedate_to_datetime(http_date), datetime.fromisoformat(iso_date)):
        assert 15 < (moment - datetime.now(UTC)).total_seconds() <= 21
    assert iso_date.endswith("Z")
    assert none is None
    assert get(server).status_code == 200


def test_truncated_body(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list").truncated()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(server)
    assert get(server).json()["call"] == 2


def test_html_and_error_body_with_200(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/html").html()
    faults.on(r"/error").error_body({"error_message": "no"})
    answer = get(server, "/html")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    answer = get(server, "/error")
    assert (answer.status_code, answer.json()) == (200, {"error_message": "no"})


@pytest.mark.parametrize("half", [False, True])
def test_silence_runs_into_the_clients_deadline(
    server: FakeServer, faults: Faults, echo: Echo, half: bool
) -> None:
    rule = faults.on(r"/list")
    rule.half_closed(30) if half else rule.timeout(30)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(server.url + "/list", timeout=0.3)
    assert echo.calls == 0


def test_silence_ends_in_a_closed_connection(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list").timeout(0.1)
    with pytest.raises(requests.exceptions.ConnectionError):
        get(server)


def test_reset(server: FakeServer, faults: Faults, echo: Echo) -> None:
    faults.on(r"/list").reset()
    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        get(server)
    assert echo.calls == 0


def test_repeat_previous(server: FakeServer, faults: Faults) -> None:
    faults.on(r"/list").nth(2).repeat_previous()
    first, second, third = (get(server, f"/list?page={n}").json() for n in (1, 2, 3))
    assert second == first
    assert third["page"] == "3"


def test_drift_changes_before_the_answer(server: FakeServer, faults: Faults, echo: Echo) -> None:
    faults.on(r"/list").nth(2).drift(lambda: setattr(echo, "calls", 100))
    assert [get(server).json()["call"] for _ in range(2)] == [1, 101]


def test_lost_answer_is_done_all_the_same(server: FakeServer, faults: Faults, echo: Echo) -> None:
    after: list[int] = []
    faults.on(r"/list").after(lambda: after.append(echo.calls)).lost()
    with pytest.raises(requests.exceptions.ConnectionError):
        get(server)
    server.stop()
    assert echo.calls == 1
    assert after == [1]


def test_crash_after_runs_behind_the_answer(server: FakeServer, faults: Faults) -> None:
    crashed = threading.Event()
    faults.on(r"/list").crash_after(crashed.set)
    assert get(server).json()["call"] == 1
    assert crashed.wait(2)


def test_nth_counts_from_one(faults: Faults) -> None:
    with pytest.raises(ValueError, match="counts from 1"):
        faults.on("x").nth(0)

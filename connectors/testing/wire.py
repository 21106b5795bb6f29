"""The HTTP side of a fake server: real sockets, keep-alive, and faults below the HTTP library.

Data flow: socket -> Handler -> FakeServer.begin, answer, end -> socket (or silence, or a reset).
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from connectors.testing.faults import Directive, Faults, http_date
from connectors.testing.messages import Request, Response


class Owner(Protocol):
    """What the wire needs of the fake server."""

    faults: Faults
    stopping: threading.Event

    @property
    def url(self) -> str: ...

    def begin(self, request: Request) -> Request: ...

    def end(self) -> None: ...

    def answer(self, request: Request, directive: Directive | None) -> Response: ...


class HttpServer(ThreadingHTTPServer):
    """One daemon thread per connection; all of them are ended and joined at the end."""

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: Owner) -> None:
        self.owner = owner
        self._connections: set[socket.socket] = set()
        self._workers: list[threading.Thread] = []
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        worker = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._guard:
            self._connections.add(request)
            self._workers = [old for old in self._workers if old.is_alive()]
            self._workers.append(worker)
            # Started inside the guard: a worker that is not alive yet must not be forgotten.
            worker.start()

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self, timeout: float) -> None:
        """Wake the workers, those on idle keep-alive connections too, and wait for their end."""
        with self._guard:
            waiting, workers = list(self._connections), list(self._workers)
        for connection in waiting:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + timeout
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is normal here; the recorded requests tell the rest."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpServer
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: tests read FakeServer.requests instead."""

    def version_string(self) -> str:
        return "fake-vendor"

    def _serve(self) -> None:
        owner = self.server.owner
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        split = urlsplit(self.path)
        request = owner.begin(
            Request(
                self.command,
                split.path,
                tuple(parse_qsl(split.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                body,
                f"http://{self.headers.get('Host') or owner.url.removeprefix('http://')}",
            )
        )
        try:
            directive = owner.faults.match(request.method, self.path)
            self._respond(owner, request, directive)
        finally:
            owner.end()

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for do_<METHOD>: every method is served the same way.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _respond(self, owner: Owner, request: Request, directive: Directive | None) -> None:
        kind = directive.kind if directive is not None else "pass"
        if kind == "reset":
            self._reset()
            return
        if directive is not None and kind in ("timeout", "half_close"):
            self._hang(owner, directive, half_close=kind == "half_close")
            return
        response = owner.answer(request, directive)
        if directive is not None and kind == "lost":
            self.close_connection = True  # the work is done, the answer never leaves
        elif directive is not None and kind == "truncate":
            self._send(response, response.body[: int(len(response.body) * directive.share)])
            self.close_connection = True
        else:
            self._send(response, response.body)
        if directive is not None and directive.after is not None:
            directive.after()

    def _send(self, response: Response, sent: bytes) -> None:
        self.send_response(response.status)
        headers = {name.lower(): (name, value) for name, value in response.headers.items()}
        headers["content-length"] = ("Content-Length", str(len(response.body)))
        if response.status == 204:
            headers.pop("content-length")
        for name, value in headers.values():
            if name.lower() != "date":
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and sent:
            self.wfile.write(sent)
        self.wfile.flush()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return http_date(time.time() if timestamp is None else timestamp)

    def _hang(self, owner: Owner, directive: Directive, *, half_close: bool) -> None:
        """Say nothing for `seconds` (or until the client or the test ends), then close."""
        self.close_connection = True
        if half_close:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RD)
        deadline = time.monotonic() + directive.seconds
        while not owner.stopping.is_set() and time.monotonic() < deadline:
            if not half_close and self._client_gone():
                return
            owner.stopping.wait(0.02)

    def _client_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        if not readable:
            return False
        try:
            return len(self.connection.recv(1, socket.MSG_PEEK)) == 0
        except OSError:
            return True

    def _reset(self) -> None:
        """Close with RST instead of FIN: linger on, zero seconds."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

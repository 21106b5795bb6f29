"""A fake vendor server: a vendor's behaviour (an `App`) behind real HTTP on loopback.

Data flow: client -> socket -> FakeServer (records, counts, injects faults) -> App -> RecordStore.

The server knows HTTP and nothing else; the app knows the vendor and never sees a socket. Real
sockets, because half of what can go wrong with an API goes wrong below the HTTP library.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from connectors.testing.faults import Directive, Faults
from connectors.testing.messages import App, RecordedRequest, Request, Response
from connectors.testing.wire import HttpServer

__all__ = ["App", "FakeServer", "RecordedRequest", "Request", "Response"]

_PATIENCE = 5.0  # seconds to wait for the threads at the end
_SECRET_HEADERS = {
    "api-key",
    "authorization",
    "cookie",
    "proxy-authorization",
    "x-api-key",
    "x-civi-auth",
}


class FakeServer:
    """Serve `app` on 127.0.0.1 until the context ends.

    `port=0` takes a free port. `faults` decides per request whether something else happens.
    `requests` lists every request in order of arrival; `max_concurrent` is the most at one time.
    """

    def __init__(self, app: App, *, port: int = 0, faults: Faults | None = None) -> None:
        self.app = app
        self.faults = faults if faults is not None else Faults()
        self.requests: list[RecordedRequest] = []
        self.max_concurrent = 0
        self._wanted_port = port
        self._lock = threading.Lock()
        self._active = 0
        self._last: dict[str, Response] = {}
        self._http: HttpServer | None = None
        self._thread: threading.Thread | None = None
        self.stopping = threading.Event()

    @property
    def port(self) -> int:
        if self._http is None:
            raise RuntimeError("the fake server is not running; enter it with `with` first")
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Base address without a trailing slash, e.g. http://127.0.0.1:8701"""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> FakeServer:
        self.stopping.clear()
        self._http = HttpServer(("127.0.0.1", self._wanted_port), self)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the listening socket and every open connection; safe to call twice."""
        self.stopping.set()
        http, self._http = self._http, None
        if http is not None:
            http.shutdown()
            http.server_close()
            http.end_connections(_PATIENCE)
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            self._thread = None

    def __enter__(self) -> FakeServer:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def begin(self, request: Request) -> Request:
        """Record a request and return it with its concurrency filled in."""
        headers = {
            name: "<hidden>" if name in _SECRET_HEADERS else value
            for name, value in request.headers.items()
        }
        with self._lock:
            self._active += 1
            self.max_concurrent = max(self.max_concurrent, self._active)
            active = self._active
            self.requests.append(
                RecordedRequest(
                    request.method,
                    request.path,
                    request.query,
                    headers,
                    request.body,
                    time.monotonic(),
                    active,
                )
            )
        return Request(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            request.base_url,
            active,
        )

    def end(self) -> None:
        with self._lock:
            self._active -= 1

    def answer(self, request: Request, directive: Directive | None) -> Response:
        """The app's response, unless the directive replaces it or repeats an earlier one."""
        if directive is not None:
            if directive.before is not None:
                directive.before()
            if directive.kind == "status":
                return Response(directive.status, dict(directive.headers), directive.body)
            if directive.kind == "repeat":
                with self._lock:
                    earlier = self._last.get(request.path)
                if earlier is not None:
                    return earlier
        try:
            response = self.app.handle(request)
        except Exception as problem:  # a bug in a fake must show up as an answer, not as a hang
            text = f"fake server error: {type(problem).__name__}: {problem}"
            return Response(500, {"Content-Type": "text/plain"}, text.encode())
        with self._lock:
            self._last[request.path] = response
        return response

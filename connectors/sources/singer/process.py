"""One run of a tap: started with its files, read line by line, ended for sure.

Data flow: settings -> config, catalog and state in files for this user alone -> tap -> messages.

What a tap writes to its standard error may hold records and credentials: it is counted, never
shown. The files lie in a folder of the source's state that is removed with the run; what a run
that was killed left is removed by the next one. A tap that writes its configuration anew (a
refresh token that changes) finds it so the next time.
"""

from __future__ import annotations

import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from connectors.errors import ConfigurationError, RetryableError, SourceError
from connectors.files import write_atomically
from connectors.sources.singer.settings import SingerSettings

MAX_LINE = 32_000_000  # characters of one message
_WAITING = 1_000  # lines read ahead
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_PATIENCE = 5.0  # seconds a tap has to end when it is told to


class Tap:
    """Starts the tap of one source. Building it does no I/O."""

    def __init__(self, name: str, settings: SingerSettings, *, home: Path, state_dir: Path) -> None:
        self._settings, self._home, self._state_dir = settings, home, state_dir
        self._begin = f"singer-{name}-"
        first = json.dumps(settings.whole_config(), sort_keys=True)
        digest = hashlib.sha256(first.encode()).hexdigest()[:16]
        self._rewritten = state_dir / f"singer-config-{name}-{digest}.json"

    def discover(self) -> dict[str, Any]:
        """The tap's catalog."""
        text = "".join(self._lines(["--discover"], {}))
        try:
            found = json.loads(text)
            streams = found["streams"]
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                "the tap's answer to --discover is no catalog.",
                todo="Set `catalog` to a file, or to none.",
            ) from error
        return {"streams": list(streams)}

    def messages(
        self, catalog: Mapping[str, Any] | None, state: Any | None
    ) -> Iterator[dict[str, Any]]:
        """The messages of one run, in order; an error when it does not end well."""
        files: dict[str, Any] = {}
        if catalog is not None:
            files[self._settings.catalog_option] = catalog
        if state is not None:
            files["--state"] = state
        for number, line in enumerate(self._lines([], files), 1):
            if not line.strip():
                continue
            try:
                # Amounts stay as they were written: no floating point.
                message = json.loads(line, parse_float=str, parse_constant=lambda _: None)
                message["type"] = message["type"].upper()
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise SourceError(
                    f"line {number} of the tap's output is no Singer message.",
                    todo="A tap must write its log to standard error; the mark stays as it was.",
                ) from None
            yield message

    def _lines(self, arguments: list[str], files: Mapping[str, Any]) -> Iterator[str]:
        """Lines of the standard output; raises when the tap is silent too long or fails."""
        self._state_dir.mkdir(parents=True, exist_ok=True)
        self._sweep()
        prefix = f"{self._begin}{os.getpid()}-"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self._state_dir) as folder:
            config = Path(folder) / "config.json"
            _write(config, self._config())
            command = [*self._command(), "--config", str(config), *arguments]
            for option, content in files.items():
                path = Path(folder) / f"{option.lstrip('-')}.json"
                _write(path, json.dumps(content))
                command += [option, str(path)]
            run = _Run(command, self._environment(), folder)
            try:
                yield from run.lines(self._settings.silence_seconds)
            finally:
                run.end()
                self._keep(config)

    def _command(self) -> list[str]:
        """The command, its executable found: a path of the organisation's folder, or on PATH."""
        first, *rest = self._settings.command
        near = self._home / first
        found = str(near) if "/" in first and near.is_file() else shutil.which(first)
        if found is None:
            raise ConfigurationError(
                f"there is no command {first!r}.",
                todo="Install the tap into an environment of its own, and name its executable.",
            )
        return [found, *rest]

    def _environment(self) -> dict[str, str]:
        """Little of this process's: it holds the secrets of other sources."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, **self._settings.environment}

    def _config(self) -> str:
        if self._rewritten.is_file():
            return self._rewritten.read_text(encoding="utf-8")
        return json.dumps(self._settings.whole_config(), sort_keys=True)

    def _keep(self, config: Path) -> None:
        """Keep a configuration that the tap has written anew."""
        try:
            now = config.read_text(encoding="utf-8")
            if json.loads(now) == json.loads(self._config()):
                return
        except (OSError, ValueError):
            return  # removed, or written half: the one before is the better one
        write_atomically(self._rewritten, now.encode(), mode=0o600)

    def _sweep(self) -> None:
        """Remove what runs of processes that are gone have left."""
        for path in self._state_dir.glob(f"{self._begin}*-*"):
            pid = path.name.removeprefix(self._begin).split("-")[0]
            if path.is_dir() and pid.isdigit() and not _is_alive(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


class _Run:
    """The running process; two threads read its outputs, so that neither can block it."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: str) -> None:
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=environment,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigurationError(
                f"the tap can not be started ({type(error).__name__}).",
                todo="Is `command` its executable?",
            ) from error
        self._queue: queue.Queue[str | None] = queue.Queue(_WAITING)
        self._stopped = threading.Event()
        self._complaints = 0
        self._threads = [
            threading.Thread(target=self._read_output, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_errors, args=(self._process.stderr,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def lines(self, silence: float) -> Iterator[str]:
        while True:
            try:
                line = self._queue.get(timeout=silence)
            except queue.Empty:
                raise RetryableError(
                    f"the tap was silent for {silence:g} seconds and was stopped.",
                    todo="Run again, or raise `silence_seconds`; what was landed is kept.",
                ) from None
            if line is None:
                break
            if len(line) > MAX_LINE:
                raise SourceError(f"the tap wrote a line of more than {MAX_LINE} characters.")
            yield line
        self._refuse_failure(silence)

    def end(self) -> None:
        """Stop the tap and all it has started, if it still runs; release the pipes."""
        self._stopped.set()
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()
        for thread in self._threads:
            thread.join(_PATIENCE)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _refuse_failure(self, patience: float) -> None:
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            raise RetryableError(
                f"the tap closed its output but did not end within {patience:g} seconds.",
                todo="Run again.",
            ) from None
        self._threads[1].join(_PATIENCE)
        if code:
            raise SourceError(
                f"the tap ended with code {code}; it wrote {self._complaints} lines to its"
                " standard error.",
                todo="They are not shown, as they may hold personal data: run the tap by hand."
                " What was landed is kept, the mark stays as it was.",
            )

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return  # it has just ended by itself

    def _read_output(self, stream: IO[str]) -> None:
        while line := stream.readline(MAX_LINE + 1):
            if not self._put(line):
                return
        self._put(None)

    def _put(self, line: str | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(line, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def _read_errors(self, stream: IO[str]) -> None:
        while line := stream.readline(10_000):
            self._complaints += line.endswith("\n")


def _write(path: Path, text: str) -> None:
    """The file, readable for this user alone from its first moment on."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)  # asks only, sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

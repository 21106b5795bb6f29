"""What the engine's care costs: a full load, and a night on which little has changed.

Data flow: page server (a process) -> variant (a process each) -> its own DuckDB file.

    python -m benchmarks.extract --rows 200000 --repeat 3 --dlt-python /path/to/python

The plain variant asks for pages, writes them as NDJSON.gz, lets DuckDB read them with strict types
and merges; it does not resume, deduplicate, quarantine, keep history or check anything. Printed are
CPU seconds (user and system; the least of the repeats) and peak memory of each, and the engine's as
multiples. `night` is the engine again, on the same rows of which one in a hundred has changed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import requests

from connectors.engine import extract
from connectors.errors import SourceError
from connectors.http.client import HttpClient
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec

PAGE = 1_000
CHANGED = 100  # one record in so many
Figures = tuple[int, float, float]  # rows, CPU seconds, peak megabytes
SPEC = StreamSpec(
    name="person",
    primary_key=("id",),
    columns={
        "id": Column("integer"),
        "email": Column("email", path="contact.email"),
        "phone": Column("phone", path="contact.phone"),
        "first_name": Column("string"),
        "last_name": Column("string"),
        "city": Column("string", path="address.city"),
        "dues": Column("money"),
        "is_active": Column("boolean"),
        "birth_date": Column("date"),
        "changed": Column("timestamp"),
        "tags": Column("json"),
        "terms": Column("json"),
    },
    cursor=Cursor("updated_since", field="changed", lookback=timedelta(hours=1)),
)


def record(number: int, *, later: bool = False) -> dict[str, Any]:
    """One nested record of about 650 bytes; `later`: as changed a month after all others."""
    month = 7 if later else 6
    return {
        "id": number,
        "first_name": f"First{number % 977}",
        "last_name": f"Last{number % 8191}",
        "contact": {
            "email": f"Person.{number}@Example.org",
            "phone": f"030 {1_000_000 + number}",
        },
        "address": {"street": f"Street {number % 500}", "city": "Town", "code": f"{number:05d}"},
        "dues": f"{number % 200}.50",
        "is_active": number % 3 > 0,
        "birth_date": f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 9}",
        "changed": f"2026-{month:02d}-{number % 28 + 1:02d}T10:00:{number % 60:02d}Z",
        "tags": [f"tag {number % 17}", f"tag {number % 23}"],
        "terms": [
            {"id": number * 4 + n, "plan": "individual", "start": "2025-01-01", "paid": n > 0}
            for n in range(4)
        ],
    }


def serve(rows: int, ready: Connection) -> None:
    """Pages of records on a free port, made beforehand so that serving costs the same for all."""
    pages = [
        json.dumps([record(n) for n in range(start, min(start + PAGE, rows))]).encode()
        for start in range(0, rows, PAGE)
    ]
    changed = [record(n, later=True) for n in range(0, rows, CHANGED)]
    few = [
        json.dumps(changed[start : start + PAGE]).encode() for start in range(0, len(changed), PAGE)
    ]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(self.path.rpartition("=")[2])
            wanted = few if "since" in self.path else pages
            body = wanted[number] if number < len(wanted) else b"[]"
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: requests are not what is measured."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    ready.send((server.server_address[1], sum(map(len, pages))))
    server.serve_forever()


def plain(url: str, folder: Path) -> int:
    """Requests, gzip, read_json, merge; rows loaded."""
    number = 0
    with requests.Session() as session:
        while rows := session.get(f"{url}/?page={number}", timeout=60).json():
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / f"{number}.ndjson.gz").write_bytes(gzip.compress(lines.encode(), 1))
            number += 1
    db = duckdb.connect(str(folder / "plain.duckdb"))
    db.execute("set enable_progress_bar = false")
    columns = (
        "id: 'BIGINT', first_name: 'VARCHAR', last_name: 'VARCHAR', contact: 'JSON',"
        " address: 'JSON', dues: 'DECIMAL(18,4)', is_active: 'BOOLEAN', birth_date: 'DATE',"
        " changed: 'TIMESTAMP', tags: 'JSON', terms: 'JSON'"
    )
    source = f"read_json('{folder}/*.gz', format='newline_delimited', columns={{{columns}}})"
    db.execute(f"create table person as from {source} limit 0")
    db.execute(
        f"merge into person using (from {source}) as new on person.id = new.id"
        " when matched then update when not matched then insert"
    )
    loaded = db.execute("select count(*) from person").fetchone()
    db.close()
    return int(loaded[0]) if loaded else 0


class PersonSource:
    """The page server as a source."""

    name = "bench"

    def __init__(self, url: str) -> None:
        self.client = HttpClient(url, source=self.name)

    def streams(self) -> Sequence[StreamSpec]:
        return [SPEC]

    def check(self) -> Sequence[CheckItem]:
        return []

    def pages(self, request: Request) -> Iterator[Page]:
        number = int(request.position or 0)
        since = "since=1&" if request.since else ""
        while rows := self.client.json(f"?{since}page={number}").body:
            number += 1
            yield Page({"person": rows}, token=str(number), position=str(number))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        raise SourceError(f"nothing is ever deleted from {stream!r}.")


def engine(url: str, folder: Path) -> int:
    """The product's own way; rows loaded."""
    source, landing, raw = PersonSource(url), Landing(folder / "landing"), folder / "raw.duckdb"
    with source.client:
        receipt = extract(source, "person", landing=landing, states=SyncStates(raw))
    done = Loader(raw).load(landing, source.name, source.streams(), str(receipt.batch_id))
    return done.inserted["person"] + done.updated["person"]


def measured(variant: Callable[[str, Path], int], url: str, folder: Path, to: Connection) -> None:
    """Run a variant and send (rows, CPU seconds, peak megabytes) of this process."""
    rows = variant(url, folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    to.send((rows, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def in_process(variant: Callable[[str, Path], int], url: str, folder: Path) -> Figures:
    """The variant in a fresh process of its own."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    worker = context.Process(target=measured, args=(variant, url, folder, send))
    worker.start()
    send.close()
    found: Figures = receive.recv()
    worker.join()
    return found


def with_dlt(python: str, url: str) -> Figures:
    """The same load by dlt, in an interpreter that has it."""
    script = str(Path(__file__).with_name("with_dlt.py"))
    done = subprocess.run([python, script, url], check=True, stdout=subprocess.PIPE, text=True)
    rows, cpu, memory = json.loads(done.stdout.splitlines()[-1])
    return rows, cpu, memory


def compare(rows: int, repeat: int, dlt_python: str | None) -> dict[str, Figures]:
    """(rows, CPU seconds, peak megabytes) per variant: of each the run with the least CPU."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(rows, send), daemon=True)
    server.start()
    found: dict[str, list[Figures]] = {}
    try:
        port, size = receive.recv()
        url = f"http://127.0.0.1:{port}"
        sys.stderr.write(f"{rows} records, {size / 1e6:.0f} MB of JSON\n")
        for _ in range(repeat):
            with tempfile.TemporaryDirectory() as name:
                plainly, ours = Path(name) / "plain", Path(name) / "engine"
                plainly.mkdir()
                found.setdefault("plain", []).append(in_process(plain, url, plainly))
                found.setdefault("engine", []).append(in_process(engine, url, ours))
                found.setdefault("night", []).append(in_process(engine, url, ours))
            if dlt_python:
                found.setdefault("dlt", []).append(with_dlt(dlt_python, url))
    finally:
        server.terminate()
        server.join()
    return {name: min(runs, key=lambda run: run[1]) for name, runs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--dlt-python", help="an interpreter that has dlt, to compare with it")
    given = parser.parse_args()
    found = compare(given.rows, given.repeat, given.dlt_python)
    expected = {"night": len(range(0, given.rows, CHANGED))}
    _, cpu, memory = found["engine"]
    for name, (loaded, own_cpu, own_memory) in found.items():
        if loaded != expected.get(name, given.rows):
            sys.exit(f"{name} loaded {loaded} of {given.rows} rows")
        sys.stdout.write(
            f"{name:8}{own_cpu:8.2f} CPU s{own_memory:8.0f} MB peak"
            f"   engine is {cpu / own_cpu:.2f} x CPU, {memory / own_memory:.2f} x memory\n"
        )


if __name__ == "__main__":
    main()

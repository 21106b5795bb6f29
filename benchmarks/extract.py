"""What the engine's care costs: a full load, against the plainest script that could do it.

Data flow: page server (a process) -> variant (a process each) -> its own DuckDB file.

    python -m benchmarks.extract --rows 200000

The plain variant asks for pages, writes them as NDJSON.gz, lets DuckDB read them with strict types
and merges; it does not resume, deduplicate, quarantine, keep history or check anything. Printed are
CPU seconds (user and system) and peak memory of both, and the engine's as a multiple of the plain.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import resource
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
from connectors.http.client import HttpClient
from connectors.landing.loader import Loader
from connectors.landing.state import SyncStates
from connectors.landing.store import Landing
from connectors.protocol import CheckItem, Column, Cursor, Page, Request, StreamSpec

PAGE = 10_000
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


def record(number: int) -> dict[str, Any]:
    """One nested record of about 600 bytes."""
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
        "changed": f"2026-06-{number % 28 + 1:02d}T10:00:{number % 60:02d}Z",
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

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            number = int(self.path.rpartition("=")[2])
            body = pages[number] if number < len(pages) else b"[]"
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
        while rows := self.client.json(f"?page={number}").body:
            number += 1
            yield Page({"person": rows}, token=str(number), position=str(number))

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        raise NotImplementedError(f"{stream} has no deletes here")


def engine(url: str, folder: Path) -> int:
    """The product's own way; rows loaded."""
    source, landing, raw = PersonSource(url), Landing(folder / "landing"), folder / "raw.duckdb"
    with source.client:
        receipt = extract(source, "person", landing=landing, states=SyncStates(raw))
    done = Loader(raw).load(landing, source.name, source.streams(), str(receipt.batch_id))
    return done.inserted["person"]


def measured(variant: Callable[[str, Path], int], url: str, result: Connection) -> None:
    """Run a variant and send (rows, CPU seconds, peak megabytes) of this process."""
    with tempfile.TemporaryDirectory() as folder:
        rows = variant(url, Path(folder))
    used = resource.getrusage(resource.RUSAGE_SELF)
    result.send((rows, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))


def compare(rows: int) -> dict[str, tuple[int, float, float]]:
    """(rows, CPU seconds, peak megabytes) per variant, each in a fresh process."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(rows, send), daemon=True)
    server.start()
    found: dict[str, tuple[int, float, float]] = {}
    try:
        port, size = receive.recv()
        sys.stderr.write(f"{rows} records, {size / 1e6:.0f} MB of JSON\n")
        for variant in (plain, engine):
            taken, given = context.Pipe(duplex=False)
            worker = context.Process(
                target=measured, args=(variant, f"http://127.0.0.1:{port}", given)
            )
            worker.start()
            given.close()
            found[variant.__name__] = taken.recv()
            worker.join()
    finally:
        server.terminate()
        server.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=20_000)
    rows = parser.parse_args().rows
    found = compare(rows)
    for name, (loaded, cpu, memory) in found.items():
        if loaded != rows:
            sys.exit(f"{name} loaded {loaded} of {rows} rows")
        sys.stdout.write(f"{name:8}{cpu:8.1f} CPU s{memory:8.0f} MB peak\n")
    (_, plain_cpu, plain_memory), (_, cpu, memory) = found["plain"], found["engine"]
    sys.stdout.write(f"ratio   {cpu / plain_cpu:8.2f}      {memory / plain_memory:8.2f}\n")


if __name__ == "__main__":
    main()

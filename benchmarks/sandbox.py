"""Whether the sandbox grows in proportion to its people: made and read at two sizes.

Data flow: sandbox.world.generate (a process) -> folder -> fake systems -> the real connectors.

    python -m benchmarks.sandbox --people 5000 20000

Printed per size: CPU seconds (user and system, all processes), disk, peak memory of the largest
process, and the CPU milliseconds of a page, server and connector together, among the first and the
last tenth of a stream's pages. Figures that grow in proportion are given per thousand people.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from connectors.protocol import Request
from connectors.registry import SourceContext, build_source
from sandbox.mail import LIST_ID
from sandbox.serve import SANDBOX_KEYS, Ports, serve
from sandbox.world import generate

# Per source: the settings beside the address, its key, and the stream to read.
STREAMS: dict[str, tuple[dict[str, str], str]] = {
    "civicrm": ({"site_timezone": "Europe/Berlin", "api_key": "CIVICRM_API_KEY"}, "contact"),
    "pretix": ({"organizer": "example", "api_token": "PRETIX_TOKEN"}, "order"),
    "stripe": ({"api_key": "STRIPE_API_KEY"}, "invoice"),
    "mailchimp": ({"list_id": LIST_ID, "api_key": "MAILCHIMP_API_KEY"}, "member"),
}


def made(folder: Path, people: int, result: Connection) -> None:
    """Make a world; send CPU seconds and peak megabytes of this process and its workers."""
    generate(folder, people=people)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    result.send((sum(u.ru_utime + u.ru_stime for u in used), max(u.ru_maxrss for u in used) / 1024))


def read(folder: Path, result: Connection) -> None:
    """Read a stream of each source; send (pages, ms of an early page, ms of a late one) of each."""
    found: dict[str, tuple[int, float, float]] = {}
    with serve(folder, Ports.free()) as served:
        for name, (settings, stream) in STREAMS.items():
            known: dict[str, Any] = {k: SANDBOX_KEYS.get(v, v) for k, v in settings.items()}
            known["base_url"] = served.urls[name]
            source = build_source(name, name, known, SourceContext(folder))
            marks = [time.process_time()]
            for _ in source.pages(Request(stream)):
                marks.append(time.process_time())
            tenth = max((len(marks) - 1) // 10, 1)
            early, late = marks[tenth] - marks[0], marks[-1] - marks[-1 - tenth]
            found[f"{name}.{stream}"] = (len(marks) - 1, early / tenth * 1000, late / tenth * 1000)
    result.send(found)


def run(target: Any, *args: Any) -> Any:
    """What a function sends from a fresh process."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    worker = context.Process(target=target, args=(*args, send))
    worker.start()
    send.close()
    sent = receive.recv()
    worker.join()
    return sent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--people", type=int, nargs="+", default=[5_000, 20_000])
    for people in parser.parse_args().people:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            cpu, memory = run(made, folder, people)
            disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
            share = people / 1000
            sys.stdout.write(
                f"{people:,} people: {cpu:.0f} CPU s ({cpu / share:.2f} per thousand),"
                f" {disk:.0f} MB ({disk / share:.1f} per thousand), {memory:.0f} MB peak\n"
            )
            for stream, (pages, early, late) in run(read, folder).items():
                sys.stdout.write(
                    f"  {stream:18}{pages:6} pages, early {early:.1f} ms, late {late:.1f} ms\n"
                )
        sys.stdout.flush()


if __name__ == "__main__":
    main()

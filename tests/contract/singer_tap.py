"""A small tap that follows the Singer specification, as a script, and the data it reads.

Data flow: data.json -> tap (subprocess, `SCRIPT`) -> SCHEMA, RECORD, STATE on its standard output.

Its streams are `members` (incremental by `changed`; a STATE after every third record) and `plans`
(all of it each time). Its behaviour can be broken by keys of its configuration.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCRIPT = """
import argparse, json, os, sys, time

parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
for option in ("--state", "--catalog", "--properties"):
    parser.add_argument(option)
parser.add_argument("--discover", action="store_true")
given = parser.parse_args()
config = json.load(open(given.config))
home = os.path.dirname(os.path.abspath(__file__))


def say(**message):
    print(json.dumps(message), flush=True)


def noted(name, value):
    with open(os.path.join(home, name), "a") as file:
        file.write(json.dumps(value) + "\\n")


mode = oct(os.stat(given.config).st_mode & 0o777)
noted("runs.jsonl", {
    "config": config, "path": given.config, "mode": mode, "variables": sorted(os.environ),
    "state": json.load(open(given.state)) if given.state else None,
    "catalog": json.load(open(given.catalog)) if given.catalog else None,
})
data = json.load(open(os.path.join(home, "data.json")))
fields = {"id": {"type": "integer"}, "name": {"type": "string"}, "born": {"type": "string"},
          "diagnosis": {"type": "string"}, "gone": {"type": ["null", "string"]},
          "changed": {"type": "string", "format": "date-time"}, "price": {"type": "number"}}
schema = {"type": "object", "properties": fields}
names = ["members", "plans"]
if given.discover:
    print("log noise" if config.get("bad_discovery") else json.dumps({"streams": [
        {"tap_stream_id": name, "stream": name, "key_properties": ["id"], "schema": schema,
         "metadata": [{"breadcrumb": [], "metadata": {"inclusion": "available"}}]}
        for name in names]}))
    sys.exit()
print("fetching Anna Example with key " + config.get("key", ""), file=sys.stderr)
if config.get("rotate"):
    json.dump({**config, "rotate": config["rotate"] + 1}, open(given.config, "w"))
catalog = json.load(open(given.catalog))["streams"] if given.catalog else []
chosen = [e["stream"] for e in catalog for m in e["metadata"]
          if m["breadcrumb"] == [] and m["metadata"].get("selected")] or names
state = json.load(open(given.state)) if given.state else {"bookmarks": {}}
sent = 0
for name in chosen:
    if not config.get("no_schema"):
        say(type="SCHEMA", stream=name, schema=schema, key_properties=["id"])
    since = state["bookmarks"].get(name, {}).get("changed", "")
    for record in sorted(data[name], key=lambda r: (r["changed"], r["id"])):
        if name == "members" and record["changed"] < since:
            continue
        if sent == config.get("die_after"):
            sys.exit("Traceback: Anna Example")
        if sent == config.get("hang_after"):
            time.sleep(60)
        if sent == config.get("noise_after"):
            print("Anna Example is fetched", flush=True)
        if sent == config.get("batch_after"):
            say(type="BATCH", stream=name, manifest=[])
        # Numbers as a tap writes them, which a float would change.
        text = json.dumps({"type": "record", "stream": name, "record": record, "version": 1})
        print(text, flush=True)
        sent += 1
        state["bookmarks"][name] = {"changed": record["changed"]}
        if name == "members" and sent % 3 == 0:
            say(type="STATE", value=state)
    say(type="ACTIVATE_VERSION", stream=name, version=1)
    if name == "members":
        say(type="STATE", value=state)
"""


class TapHome:
    """A folder with the script and its data; records are what a system would hold."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.script = folder / "tap.py"
        self.script.write_text(SCRIPT, encoding="utf-8")
        self.put({"members": [], "plans": []})

    @property
    def command(self) -> list[str]:
        return [sys.executable, str(self.script)]

    def data(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = json.loads(
            (self.folder / "data.json").read_text(encoding="utf-8")
        )
        return found

    def put(self, data: dict[str, list[dict[str, Any]]]) -> None:
        (self.folder / "data.json").write_text(json.dumps(data), encoding="utf-8")

    def runs(self) -> list[dict[str, Any]]:
        """What each run was given."""
        lines = (self.folder / "runs.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

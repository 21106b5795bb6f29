"""What a run did, in a few lines for a person.

Data flow: receipt (plain values) -> lines; used by the run commands, `journey status` and the demo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def receipt_lines(receipt: Mapping[str, Any]) -> list[str]:
    """The run as short lines; nothing in it names a person."""
    lines = [
        f"{receipt['kind']} {receipt['run_id']}: {receipt['state']} in {receipt['seconds']:.0f} s"
        f" (as of {receipt['as_of']})"
    ]
    streams = receipt["streams"]
    if streams:
        fetched = sum(item["fetched"] for item in streams)
        changed = sum(item["inserted"] + item["updated"] + item["deleted"] for item in streams)
        quarantined = sum(item["quarantined"] for item in streams)
        sources = len({item["source"] for item in streams})
        lines.append(
            f"  {sources} sources: {fetched:,} rows fetched, {changed:,} new, changed or deleted"
            + (f", {quarantined:,} quarantined" if quarantined else "")
        )
    if receipt["nodes"]:
        lines.append(f"  warehouse: {_nodes(receipt['nodes'])}")
    if receipt["version"]:
        lines.append(f"  published: version {receipt['version']}")
    for push in receipt["pushes"]:
        lines.append(f"  {push_line(push)}")
    lines += [f"  warning: {text}" for text in receipt["warnings"]]
    return lines


def _nodes(nodes: Mapping[str, int]) -> str:
    """dbt's counts in words; whatever is neither built nor passed is named as dbt names it."""
    words = {"success": "models built", "pass": "checks passed"}
    found = [f"{nodes[status]} {said}" for status, said in words.items() if nodes.get(status)]
    rest = sorted(set(nodes) - {*words, "no-op"})
    return ", ".join([*found, *(f"{nodes[status]} {status}" for status in rest)])


def push_line(push: Mapping[str, Any]) -> str:
    """One platform's push: adds, removes, what is held."""
    adds = sum(item["adds"] for item in push["segments"])
    removes = sum(item["removes"] for item in push["segments"])
    held = [item["segment"] for item in push["segments"] if item["held"]]
    line = f"{push['destination']}: {adds:,} adds, {removes:,} removes ({push['status']})"
    if held:
        line += f"; held: {', '.join(held)}"
    return line

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
        nodes = ", ".join(f"{count} {status}" for status, count in sorted(receipt["nodes"].items()))
        lines.append(f"  warehouse: {nodes}")
    if receipt["version"]:
        lines.append(f"  published: version {receipt['version']}")
    for push in receipt["pushes"]:
        lines.append(f"  {push_line(push)}")
    lines += [f"  warning: {text}" for text in receipt["warnings"]]
    return lines


def push_line(push: Mapping[str, Any]) -> str:
    """One platform's push: adds, removes, what is held."""
    adds = sum(item["adds"] for item in push["segments"])
    removes = sum(item["removes"] for item in push["segments"])
    held = [item["segment"] for item in push["segments"] if item["held"]]
    line = f"{push['destination']}: {adds:,} adds, {removes:,} removes ({push['status']})"
    if held:
        line += f"; held: {', '.join(held)}"
    return line

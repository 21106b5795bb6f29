"""Tell somebody: a failed night, a held push.

Data flow: event + receipt (ids and counts only) -> Apprise URL or plain webhook (JSON POST).
A notification that cannot be sent is logged; it never changes how the night ends.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

import requests

from flows.configuration import Configuration
from flows.logs import logger
from flows.results import Receipt

Event = Literal["failure", "held", "success"]
_TIMEOUT_SECONDS = 15


def notify(configuration: Configuration, event: Event, receipt: Receipt) -> int:
    """Send `event` to every configured address that wants it; how many were reached."""
    wanted = configuration.organisation.notifications
    if event not in wanted.events:
        return 0
    title, body = message(configuration, event, receipt)
    reached = 0
    for name in wanted.url_envs:
        url = configuration.secrets.get(name)
        if url and _send(url, title, body, event, receipt.run_id):
            reached += 1
        else:
            logger().warning("notification not sent", address=name)
    return reached


def message(configuration: Configuration, event: Event, receipt: Receipt) -> tuple[str, str]:
    """Title and text; no personal data, because addresses of chats are read by many."""
    who = configuration.organisation.organisation.name
    if event == "held":
        held = [
            item for push in receipt.pushes for item in push.get("segments", []) if item.get("held")
        ]
        lines = [f"- {item['segment']}: {item['held_reason']}" for item in held]
        lines += [
            f"- {push['destination']}: {push['blocked_reason']}"
            for push in receipt.pushes
            if push.get("blocked_reason")
        ]
        title = f"{who}: a push waits for somebody"
        body = "\n".join(["These were held, everything else went on:", *lines])
        return title, f"{body}\nRun {receipt.run_id}. Look: journey push --dry-run"
    if event == "failure":
        body = f"{receipt.error}\nYesterday's warehouse and segments are untouched."
        return f"{who}: the night failed", f"{body}\nRun {receipt.run_id}."
    return f"{who}: the night is done", f"Run {receipt.run_id}, version {receipt.version}."


def _send(url: str, title: str, body: str, event: Event, run_id: str) -> bool:
    if urlsplit(url).scheme in ("http", "https"):
        payload = {"event": event, "title": title, "text": body, "run_id": run_id}
        try:
            answer = requests.post(
                url, json=payload, timeout=_TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException:
            return False
        return answer.status_code < 300
    import apprise  # arrives with Prefect; only needed for its own kinds of address

    sender = apprise.Apprise()
    return bool(sender.add(url)) and bool(sender.notify(title=title, body=body))

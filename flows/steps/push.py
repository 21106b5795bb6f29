"""Push the published segments to every configured platform, or show what a push would do.

Data flow: published activation.duckdb + segments -> activation.push per platform -> reports.
Only a published (so: audited) version is pushed; outside profile `production` only to loopback.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import flows
from activation.approvals import ApprovalError
from activation.lease import AlreadyPushing
from activation.ledger import Ledger
from activation.push import push
from connectors.errors import JourneyConnectorError
from connectors.platforms.registry import PlatformContext, build_platform, platform_types
from flows.configuration import Configuration, Today
from flows.errors import AlreadyRunning, JourneyError, UsageError
from flows.home import Home
from flows.logs import logger


def published_facts(home: Home) -> dict[str, Any]:
    """The manifest of the published version; JourneyError when nothing was published yet."""
    path = home.current / "manifest.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise JourneyError(
            "nothing has been published yet", hint="Run `journey nightly` first."
        ) from error
    return found


def push_platforms(
    configuration: Configuration,
    today: Today,
    *,
    run_id: str,
    dry_run: bool,
    approve: str | None = None,
    only: str | None = None,
) -> list[dict[str, Any]]:
    """One PushReport (plain values, counts) per enabled platform; a failure is a report too."""
    facts = published_facts(configuration.home)
    # The folder itself, not the symlink: a publish meanwhile must not change what is pushed.
    published = configuration.home.current.resolve()
    reports = []
    with Ledger(configuration.home.ledger) as ledger:
        for name, connection in configuration.platforms.platforms.items():
            if not connection.enabled or (only and only != name):
                continue
            settings = configuration.platform_settings[name]
            parsed = platform_types()[connection.kind].settings.model_validate(settings)
            context = PlatformContext(
                configuration.home.state, f"member-journey/{flows.__version__}"
            )
            adapter = build_platform(name, connection.kind, settings, context)
            segments = [
                segment
                for segment in configuration.segments
                if connection.segments == "all" or segment.id in connection.segments
            ]
            try:
                report = push(
                    published / "activation.duckdb",
                    segments,
                    adapter,
                    ledger,
                    policy=parsed.push,
                    contact_policy=configuration.organisation.contact_policy,
                    dry_run=dry_run,
                    approve=approve,
                    audited=bool(facts.get("audited")),
                    build_version=str(facts["version"]),
                    as_of=date.fromisoformat(facts["as_of"]),
                    now=today.moment,
                    run_id=run_id,
                ).model_dump(mode="json")
            except AlreadyPushing as error:
                raise AlreadyRunning(str(error)) from error
            except ApprovalError as error:
                raise UsageError(str(error)) from error
            except JourneyConnectorError as error:
                report = _failed(name, connection.kind, error)
            finally:
                adapter.close()
            logger().info(
                "push",
                platform=name,
                status=report["status"],
                adds=_sum(report, "adds"),
                removes=_sum(report, "removes"),
            )
            reports.append(report)
    return reports


def _failed(name: str, kind: str, error: JourneyConnectorError) -> dict[str, Any]:
    return {
        "destination": name,
        "platform": kind,
        "status": "failed",
        "blocked_reason": str(error),
        "segments": [],
    }


def _sum(report: dict[str, Any], key: str) -> int:
    return sum(int(item[key]) for item in report["segments"])

"""SendGrid Marketing Campaigns as a platform (API v3).

Data flow: config/platforms.yml -> `build_sendgrid` -> SendgridAdapter -> the account.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import BearerToken
from connectors.http.rate_limit import QuotaHeaders, RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.sendgrid.adapter import SendgridAdapter
from connectors.platforms.sendgrid.api import SendgridApi, vendor_error
from connectors.platforms.sendgrid.exports import Exports
from connectors.platforms.sendgrid.objections import Objections
from connectors.platforms.sendgrid.settings import SendgridPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["SendgridAdapter", "SendgridPlatformSettings", "build_sendgrid"]

_QUOTA = QuotaHeaders(remaining="X-RateLimit-Remaining", reset="X-RateLimit-Reset")


def build_sendgrid(
    name: str, settings: SendgridPlatformSettings, state_dir: Path, user_agent: str
) -> SendgridAdapter:
    """The adapter of one account; no I/O."""
    client = client_for(
        name,
        settings.base_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=BearerToken(settings.api_key),
        account=f"sendgrid-platform:{settings.base_url}:{settings.account}",
        limit=RateLimit(quota=_QUOTA),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    api = SendgridApi(
        client, retry, pause=settings.poll_seconds, patience=settings.job_patience_seconds
    )
    objections = Objections(api, settings.heed_groups, page=settings.page_size)
    exports = Exports(api, settings.base_url, timeout=settings.timeout_seconds)
    return SendgridAdapter(name, settings, api, objections, exports)

"""Klaviyo as a platform (JSON:API, revision 2026-07-15).

Data flow: config/platforms.yml -> `build_klaviyo` -> KlaviyoAdapter -> Klaviyo.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import HeaderToken
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.klaviyo.adapter import KlaviyoAdapter
from connectors.platforms.klaviyo.api import KlaviyoApi, vendor_error
from connectors.platforms.klaviyo.capabilities import QUOTA, REVISION
from connectors.platforms.klaviyo.settings import KlaviyoPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["KlaviyoAdapter", "KlaviyoPlatformSettings", "build_klaviyo"]

_JSON_API = "application/vnd.api+json"


def build_klaviyo(
    name: str, settings: KlaviyoPlatformSettings, state_dir: Path, user_agent: str
) -> KlaviyoAdapter:
    """The adapter of one account; no I/O."""
    client = client_for(
        name,
        settings.base_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=HeaderToken(settings.api_key, prefix="Klaviyo-API-Key "),
        account=f"klaviyo-platform:{settings.base_url}:{settings.account}",
        # A burst is 75 in a second; the minute's allowance is told by headers.
        limit=RateLimit(per_second=70, burst=5, quota=QUOTA),
        headers={"revision": REVISION, "Accept": _JSON_API, "Content-Type": _JSON_API},
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    return KlaviyoAdapter(name, settings, KlaviyoApi(client, retry, page=settings.page_size))

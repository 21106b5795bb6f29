"""HubSpot as a platform (CRM v3, lists v3, communication preferences v4).

Data flow: config/platforms.yml -> `build_hubspot` -> HubspotAdapter -> HubSpot.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import BearerToken
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.hubspot.adapter import HubspotAdapter
from connectors.platforms.hubspot.api import HubspotApi, vendor_error
from connectors.platforms.hubspot.capabilities import PER_SECOND, QUOTA
from connectors.platforms.hubspot.settings import HubspotPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["HubspotAdapter", "HubspotPlatformSettings", "build_hubspot"]


def build_hubspot(
    name: str, settings: HubspotPlatformSettings, state_dir: Path, user_agent: str
) -> HubspotAdapter:
    """The adapter of one account; no I/O."""
    client = client_for(
        name,
        settings.base_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=BearerToken(settings.token),
        account=f"hubspot-platform:{settings.base_url}:{settings.account}",
        limit=RateLimit(per_second=PER_SECOND[settings.plan], burst=20, quota=QUOTA),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    return HubspotAdapter(name, settings, HubspotApi(client, retry, page=settings.page_size))

"""ActiveCampaign as a platform (API v3).

Data flow: config/platforms.yml -> `build_activecampaign` -> ActiveCampaignAdapter -> the account.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import HeaderToken
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.activecampaign.adapter import ActiveCampaignAdapter
from connectors.platforms.activecampaign.api import ActiveCampaignApi, vendor_error
from connectors.platforms.activecampaign.settings import ActiveCampaignPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["ActiveCampaignAdapter", "ActiveCampaignPlatformSettings", "build_activecampaign"]


def build_activecampaign(
    name: str, settings: ActiveCampaignPlatformSettings, state_dir: Path, user_agent: str
) -> ActiveCampaignAdapter:
    """The adapter of one account; no I/O."""
    client = client_for(
        name,
        settings.api_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=HeaderToken(settings.api_token, header="Api-Token"),
        account=f"activecampaign-platform:{settings.api_url}:{settings.account}",
        # A little less: requests sent evenly do not arrive evenly.
        limit=RateLimit(per_second=settings.allowed_per_second * 0.9),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    api = ActiveCampaignApi(client, retry, page=settings.page_size)
    return ActiveCampaignAdapter(name, settings, api)

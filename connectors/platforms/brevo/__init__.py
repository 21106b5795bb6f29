"""Brevo as a platform (API v3).

Data flow: config/platforms.yml -> `build_brevo` -> BrevoAdapter -> Brevo.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import HeaderToken
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.brevo.adapter import BrevoAdapter
from connectors.platforms.brevo.api import BrevoApi, vendor_error
from connectors.platforms.brevo.capabilities import PER_SECOND, QUOTA
from connectors.platforms.brevo.settings import BrevoPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["BrevoAdapter", "BrevoPlatformSettings", "build_brevo"]


def build_brevo(
    name: str, settings: BrevoPlatformSettings, state_dir: Path, user_agent: str
) -> BrevoAdapter:
    """The adapter of one account; no I/O."""
    client = client_for(
        name,
        settings.api_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=HeaderToken(settings.api_key, header="api-key"),
        account=f"brevo-platform:{settings.api_url}:{settings.account}",
        limit=RateLimit(per_second=PER_SECOND[settings.plan], quota=QUOTA),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    api = BrevoApi(client, retry, page=settings.page_size)
    return BrevoAdapter(name, settings, api)

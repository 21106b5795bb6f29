"""listmonk as a platform.

Data flow: config/platforms.yml -> `build_listmonk` -> ListmonkAdapter -> listmonk.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import BasicAuth
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.listmonk.adapter import ListmonkAdapter
from connectors.platforms.listmonk.api import ListmonkApi, vendor_error
from connectors.platforms.listmonk.settings import ListmonkPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["ListmonkAdapter", "ListmonkPlatformSettings", "build_listmonk"]


def build_listmonk(
    name: str, settings: ListmonkPlatformSettings, state_dir: Path, user_agent: str
) -> ListmonkAdapter:
    """The adapter of one installation; no I/O."""
    client = client_for(
        name,
        settings.base_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=BasicAuth(settings.user, settings.token),
        account=f"listmonk-platform:{settings.base_url}:{settings.account}",
        limit=RateLimit(),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    return ListmonkAdapter(name, settings, ListmonkApi(client, retry, page=settings.page_size))

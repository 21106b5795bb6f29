"""Mautic as a platform (REST API, installations of version 4 and later).

Data flow: config/platforms.yml -> `build_mautic` -> MauticAdapter -> Mautic.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import Auth, BasicAuth
from connectors.http.oauth import Client, OAuth2, TokenStore
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.mautic.adapter import MauticAdapter
from connectors.platforms.mautic.api import MauticApi, vendor_error
from connectors.platforms.mautic.settings import MauticPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["MauticAdapter", "MauticPlatformSettings", "build_mautic"]


def build_mautic(
    name: str, settings: MauticPlatformSettings, state_dir: Path, user_agent: str
) -> MauticAdapter:
    """The adapter of one installation; no I/O."""
    client = client_for(
        name,
        settings.base_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=_auth(name, settings, state_dir),
        account=f"mautic-platform:{settings.base_url}:{settings.account}",
        limit=RateLimit(),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    return MauticAdapter(name, settings, MauticApi(client, retry, page=settings.page_size))


def _auth(name: str, settings: MauticPlatformSettings, state_dir: Path) -> Auth:
    if settings.client_id is not None and settings.client_secret is not None:
        return OAuth2(
            token_url=f"{settings.base_url}/oauth/v2/token",
            client=Client(settings.client_id, settings.client_secret),
            store=TokenStore(state_dir / f"oauth-{name}-platform.json"),
            grant={"grant_type": "client_credentials"},
        )
    if settings.user is None or settings.password is None:
        raise ValueError("the settings have no credentials")
    return BasicAuth(settings.user, settings.password)

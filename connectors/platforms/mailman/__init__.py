"""Mailman 3 as a platform (core REST API, 3.1).

Data flow: config/platforms.yml -> `build_mailman` -> MailmanAdapter -> Mailman core.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import BasicAuth
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.mailman.adapter import MailmanAdapter
from connectors.platforms.mailman.api import MailmanApi, vendor_error
from connectors.platforms.mailman.settings import MailmanPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["MailmanAdapter", "MailmanPlatformSettings", "build_mailman"]


def build_mailman(
    name: str, settings: MailmanPlatformSettings, state_dir: Path, user_agent: str
) -> MailmanAdapter:
    """The adapter of one installation; no I/O."""
    client = client_for(
        name,
        settings.api_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=BasicAuth(settings.user, settings.password),
        account=f"mailman-platform:{settings.api_url}:{settings.account}",
        limit=RateLimit(),
        vendor_error=vendor_error,
    )
    retry = RetryPolicy(attempts=settings.max_attempts, base=settings.first_pause_seconds)
    return MailmanAdapter(name, settings, MailmanApi(client, retry, page=settings.page_size))

"""Mailchimp as a platform (Marketing API 3.0).

Data flow: config/platforms.yml -> `build_mailchimp` -> MailchimpAdapter -> Mailchimp.
"""

from __future__ import annotations

from pathlib import Path

from connectors.http.auth import BasicAuth
from connectors.http.rate_limit import RateLimit
from connectors.http.retry import RetryPolicy
from connectors.platforms.mailchimp.adapter import MailchimpAdapter
from connectors.platforms.mailchimp.api import MailchimpApi, vendor_error
from connectors.platforms.mailchimp.settings import MailchimpPlatformSettings
from connectors.registry import SourceContext
from connectors.sources.base import client_for

__all__ = ["MailchimpAdapter", "MailchimpPlatformSettings", "build_mailchimp"]


def build_mailchimp(
    name: str, settings: MailchimpPlatformSettings, state_dir: Path, user_agent: str
) -> MailchimpAdapter:
    """The adapter of one audience; no I/O."""
    client = client_for(
        name,
        settings.api_url,
        settings.model_copy(update={"max_attempts": 1}),
        SourceContext(state_dir, user_agent),
        auth=BasicAuth("member-journey", settings.api_key),
        account=f"mailchimp-platform:{settings.api_url}:{settings.list_id}",
        limit=RateLimit(),
        vendor_error=vendor_error,
    )
    api = MailchimpApi(
        client,
        settings.list_id,
        RetryPolicy(attempts=settings.max_attempts),
        connections=settings.connections,
        page=settings.page_size,
    )
    return MailchimpAdapter(name, settings, api)

"""Settings of a Stripe source.

Data flow: config/sources.yml -> StripeSettings -> StripeSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from connectors.sources.base import BaseUrl, HttpSettings

# The last version whose charges name their invoice; later ones moved it (2025-03-31.basil).
API_VERSION = "2023-08-16"


class StripeSettings(HttpSettings):
    """One Stripe account, read with a restricted key.

    `api_key`: a restricted key (rk_...) with read access to customers, subscriptions, invoices,
    charges, refunds, disputes and events. `api_version` is pinned; change it only together with the
    connector.
    """

    base_url: BaseUrl = "https://api.stripe.com"
    api_key: SecretStr
    api_version: str = Field(default=API_VERSION, pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
    page_size: int = Field(default=100, ge=1, le=100)

    @field_validator("api_key")
    @classmethod
    def _secret_kind(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().startswith("pk_"):
            raise ValueError("expected a secret or restricted key (sk_... or rk_...), not pk_...")
        return value

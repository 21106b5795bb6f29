"""Settings of a Xero source.

Data flow: config/sources.yml -> XeroSettings -> XeroSource.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from connectors.sources.base import BaseUrl, HttpSettings

# Apps made since 2 March 2026 know these; older ones ask for accounting.transactions.read instead
# of the last three.
SCOPES = (
    "accounting.contacts.read",
    "accounting.invoices.read",
    "accounting.payments.read",
    "accounting.banktransactions.read",
)


class XeroSettings(HttpSettings):
    """One organisation in Xero, read by a web app of one's own or by a custom connection.

    With `refresh_token` the app acts for the user who connected it, and `tenant_id` names the
    organisation; Xero replaces the token at each use, the connector keeps the new one in its state
    folder. Without it the app is a custom connection, which belongs to one organisation.
    `requests_per_day`: 5,000, or 1,000 for an app of the starter tier; `spare_requests` of the
    day's allowance are left to other programs.
    """

    base_url: BaseUrl = "https://api.xero.com/api.xro/2.0"
    identity_url: BaseUrl = "https://identity.xero.com"
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    refresh_token: SecretStr | None = None
    tenant_id: str | None = Field(default=None, pattern=r"^[0-9A-Fa-f-]{36}$")
    scopes: tuple[str, ...] = SCOPES
    page_size: int = Field(default=500, ge=1, le=1000)
    requests_per_day: int = Field(default=5000, ge=1)
    spare_requests: int = Field(default=100, ge=0)

    @model_validator(mode="after")
    def _names_its_organisation(self) -> Self:
        if self.refresh_token is not None and self.tenant_id is None:
            raise ValueError("`tenant_id` is needed with `refresh_token`: which organisation?")
        return self

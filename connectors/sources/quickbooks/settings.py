"""Settings of a QuickBooks Online source.

Data flow: config/sources.yml -> QuickbooksSettings -> QuickbooksSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings

# The lowest one still served since August 2025; what a request asks for below it is ignored.
MINOR_VERSION = 75


class QuickbooksSettings(HttpSettings):
    """One company in QuickBooks Online, read by an app of one's own.

    `realm_id` is the company's id. `refresh_token`: what the app got when a user of the company
    connected it; QuickBooks replaces it about once a day, the connector keeps the new one in its
    state folder. A throttled minute is over after 60 seconds: the pauses between attempts are made
    for that.
    """

    base_url: BaseUrl = "https://quickbooks.api.intuit.com"
    identity_url: BaseUrl = "https://oauth.platform.intuit.com"
    realm_id: str = Field(pattern=r"^\d+$")
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    refresh_token: SecretStr
    minor_version: int = Field(default=MINOR_VERSION, ge=MINOR_VERSION)
    page_size: int = Field(default=1000, ge=2, le=1000)
    first_pause_seconds: float = Field(default=4.0, ge=0, le=60)

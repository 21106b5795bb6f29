"""Settings of an Eventbrite source.

Data flow: config/sources.yml -> EventbriteSettings -> EventbriteSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings


class EventbriteSettings(HttpSettings):
    """One organization of an Eventbrite account.

    `page_size` is asked for where the API knows it (events); orders and attendees come in pages of
    the service's own size.
    """

    base_url: BaseUrl = "https://www.eventbriteapi.com"
    organization_id: str = Field(pattern=r"^\d+$")
    private_token: SecretStr
    page_size: int = Field(default=50, ge=1, le=200)

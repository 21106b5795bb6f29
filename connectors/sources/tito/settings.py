"""Settings of a Tito source.

Data flow: config/sources.yml -> TitoSettings -> TitoSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings


class TitoSettings(HttpSettings):
    """One Tito account.

    `account`: the first part of an event's address, https://ti.to/<account>/<event>.
    `checkin_url`: address of the Check-in API, which is another host than the Admin API.
    `event_days`: tickets, registrations and check-ins of events that ended longer ago are no longer
    asked for at an incremental read.
    """

    base_url: BaseUrl = "https://api.tito.io/v3"
    checkin_url: BaseUrl = "https://checkin.tito.io"
    account: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    api_token: SecretStr
    page_size: int = Field(default=500, ge=1, le=1000)
    event_days: int = Field(default=90, ge=1, le=3650)

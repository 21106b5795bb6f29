"""Settings of an Action Network source.

Data flow: config/sources.yml -> ActionNetworkSettings -> ActionNetworkSource.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings

PersonField = Literal["member_number", "birth_date"]


class ActionNetworkSettings(HttpSettings):
    """One group (or person) of Action Network: each has a key of its own.

    `first_day`: nothing was modified before it. `custom_fields` names the fields that hold what
    Action Network has no field for. `foreign_systems`: prefix of an identifier ("our_crm" in
    "our_crm:123") -> name of the source whose record id it is. `action_event_days`: attendances of
    events that began longer ago are no longer asked for.
    """

    base_url: BaseUrl = "https://actionnetwork.org"
    api_token: SecretStr
    page_size: int = Field(default=25, ge=1, le=25)
    first_day: date = date(2012, 1, 1)
    custom_fields: dict[PersonField, str] = Field(default_factory=dict)
    foreign_systems: dict[str, str] = Field(default_factory=dict)
    action_event_days: int = Field(default=180, ge=1, le=3650)

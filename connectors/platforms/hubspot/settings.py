"""Settings of a HubSpot account as a platform.

Data flow: config/platforms.yml -> HubspotPlatformSettings -> HubspotAdapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

NeutralField = Literal["first_name", "last_name", "member_number"]
# Properties that identify a contact, belong to HubSpot, or decide about consent and billing.
_FORBIDDEN = re.compile(r"email|hs_.*|.*optout.*|lastmodifieddate|createdate|phone|mobilephone")


class HubspotPlatformSettings(PlatformSettings, HttpSettings):
    """One account. `fields`: property -> what we put there; nothing else is ever sent.

    `account` names the account in the ledger and must never change. Lists whose name begins with
    `prefix` are ours. `heed_subscriptions`: ids of the subscription types whose opt-out counts
    besides the opt-out from everything; "any": all of them. `ask_preferences`: look up the
    subscription statuses of an address before a contact is made for it. `neutral_names` gives
    lists opaque codes; `union_mode` forces those and allows only a first name.
    """

    token: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    base_url: BaseUrl = "https://api.hubapi.com"
    plan: Literal["free", "starter", "professional"] = "free"
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    heed_subscriptions: Literal["any"] | tuple[int, ...] = "any"
    ask_preferences: bool = True
    fields: Mapping[str, NeutralField] | None = None
    page_size: int = Field(default=250, ge=1, le=250)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.properties:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name) or _FORBIDDEN.fullmatch(name):
                raise ValueError(f"'{name}' is not a property we may set, such as firstname")
        if self.union_mode:
            refuse_in_union_mode(self.properties)
        return self

    @property
    def properties(self) -> Mapping[str, NeutralField]:
        """Property -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"firstname": "first_name"}
        return {"firstname": "first_name", "lastname": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

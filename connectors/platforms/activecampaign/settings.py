"""Settings of an ActiveCampaign account as a platform.

Data flow: config/platforms.yml -> ActiveCampaignPlatformSettings -> ActiveCampaignAdapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

NeutralField = Literal["first_name", "last_name", "member_number"]
Attribute = Literal["firstName", "lastName"]


class ActiveCampaignPlatformSettings(PlatformSettings, HttpSettings):
    """One account. `fields`: attribute -> what we put there; nothing else is ever sent.

    `base_url` is the account's own, as shown under Settings, Developer. `account` names the
    account in the ledger and must never change. Tags whose name begins with `prefix` are ours.
    `heed_lists`: ids of the lists whose unsubscription counts; "any": all of them.
    `allowed_per_second`: what the vendor allows the account, for all programs together.
    `neutral_names` gives tags opaque codes; `union_mode` forces those and allows only a first name.
    """

    api_token: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    base_url: BaseUrl
    allowed_per_second: float = Field(default=5.0, gt=0, le=1000)
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    heed_lists: Literal["any"] | tuple[int, ...] = "any"
    fields: Mapping[Attribute, NeutralField] | None = None
    page_size: int = Field(default=100, ge=1, le=100)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.union_mode:
            refuse_in_union_mode({str(k): str(v) for k, v in self.attributes.items()})
        return self

    @property
    def attributes(self) -> Mapping[Attribute, NeutralField]:
        """Attribute -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"firstName": "first_name"}
        return {"firstName": "first_name", "lastName": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

    @property
    def api_url(self) -> str:
        """The address of the API with its version."""
        return self.base_url.removesuffix("/api/3") + "/api/3"

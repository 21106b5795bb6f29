"""Settings of a SendGrid account as a platform.

Data flow: config/platforms.yml -> SendgridPlatformSettings -> SendgridAdapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

NeutralField = Literal["first_name", "last_name", "member_number"]
Attribute = Literal["first_name", "last_name"]


class SendgridPlatformSettings(PlatformSettings, HttpSettings):
    """One account. `fields`: contact field -> what we put there; nothing else is ever sent.

    `account` names the account in the ledger and must never change. Lists whose name begins with
    `prefix` are ours. `heed_groups`: ids of the unsubscribe groups whose leaving counts; "any": all
    of them. SendGrid works later: jobs are looked at every `poll_seconds`, for at most
    `job_patience_seconds`. `neutral_names` gives lists opaque codes; `union_mode` forces those and
    allows only a first name.
    """

    api_key: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    base_url: BaseUrl = "https://api.sendgrid.com"
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    heed_groups: Literal["any"] | tuple[int, ...] = "any"
    fields: Mapping[Attribute, NeutralField] | None = None
    poll_seconds: float = Field(default=3.0, ge=0.01, le=60)
    job_patience_seconds: float = Field(default=600.0, gt=0, le=7200)
    page_size: int = Field(default=500, ge=2, le=500, description="objections per page")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.union_mode:
            refuse_in_union_mode({str(k): str(v) for k, v in self.attributes.items()})
        return self

    @property
    def attributes(self) -> Mapping[Attribute, NeutralField]:
        """Contact field -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"first_name": "first_name"}
        return {"first_name": "first_name", "last_name": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

"""Settings of a Klaviyo account as a platform.

Data flow: config/platforms.yml -> KlaviyoPlatformSettings -> KlaviyoAdapter.
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
# Names with $ are Klaviyo's own, $consent among them.
_ALLOWED = re.compile(r"first_name|last_name|properties\.[A-Za-z][A-Za-z0-9_ ]{0,99}")


class KlaviyoPlatformSettings(PlatformSettings, HttpSettings):
    """One account. `fields`: attribute -> what we put there; nothing else is ever sent.

    An attribute is first_name, last_name, or a custom property written `properties.<name>`.
    `account` names the account in the ledger and must never change. Lists whose name begins with
    `prefix` are ours. `neutral_names` gives them opaque codes; `union_mode` forces those and
    allows only a first name.
    """

    api_key: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    base_url: BaseUrl = "https://a.klaviyo.com"
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    fields: Mapping[str, NeutralField] | None = None
    page_size: int = Field(default=100, ge=1, le=100)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.attributes:
            if not _ALLOWED.fullmatch(name):
                raise ValueError(
                    f"'{name}' is not an attribute we may set: first_name, last_name or"
                    " properties.<name>"
                )
        if self.union_mode:
            refuse_in_union_mode(self.attributes)
        return self

    @property
    def attributes(self) -> Mapping[str, NeutralField]:
        """Attribute -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"first_name": "first_name"}
        return {"first_name": "first_name", "last_name": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

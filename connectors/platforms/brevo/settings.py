"""Settings of a Brevo account as a platform.

Data flow: config/platforms.yml -> BrevoPlatformSettings -> BrevoAdapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

# Attributes that identify a contact or are a channel of their own: writing them moves addresses.
_IDENTIFIERS = frozenset({"EMAIL", "SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"})

NeutralField = Literal["first_name", "last_name", "member_number"]


class BrevoPlatformSettings(PlatformSettings, HttpSettings):
    """One account. `fields`: attribute -> what we put there; nothing else is ever sent.

    `account` names the account in the ledger and must never change. The lists this product owns
    lie in `folder` and begin with `prefix`; both must fit. `neutral_names` gives them opaque codes
    instead of names that tell what a person is to the organisation. `union_mode` forces those and
    allows only a first name. `heed_left_lists`: whoever left any list of the account is left
    alone, or only who left one of ours.
    """

    api_key: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    base_url: BaseUrl = "https://api.brevo.com"
    plan: Literal["general", "advanced", "extended"] = "general"
    folder: str = Field(default="member-journey", min_length=1, max_length=50)
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    heed_left_lists: Literal["any", "owned"] = "any"
    fields: Mapping[str, NeutralField] | None = None
    page_size: int = Field(default=1000, ge=1, le=1000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.attributes:
            if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,49}", name) or name in _IDENTIFIERS:
                raise ValueError(f"'{name}' is not an attribute we may set, such as FIRSTNAME")
        if self.union_mode:
            refuse_in_union_mode(self.attributes)
        return self

    @property
    def attributes(self) -> Mapping[str, NeutralField]:
        """Attribute -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"FIRSTNAME": "first_name"}
        return {"FIRSTNAME": "first_name", "LASTNAME": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

    @property
    def api_url(self) -> str:
        """The address of the API with its version."""
        return self.base_url.removesuffix("/v3") + "/v3"

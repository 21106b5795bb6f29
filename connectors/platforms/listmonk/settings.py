"""Settings of a listmonk installation as a platform.

Data flow: config/platforms.yml -> ListmonkPlatformSettings -> ListmonkAdapter.
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


class ListmonkPlatformSettings(PlatformSettings, HttpSettings):
    """One installation. `fields`: attribute -> what we put there; nothing else is ever sent.

    `account` names the installation in the ledger and must never change. `prefix` marks the lists
    this product owns. `neutral_names` gives them opaque codes; `union_mode` forces those and allows
    only a first name. `heed_left_lists`: whoever left any list is left alone, or only who left one
    of ours.
    """

    base_url: BaseUrl
    user: str = Field(pattern=r"^[^:\s]+$")
    token: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    heed_left_lists: Literal["any", "owned"] = "any"
    fields: Mapping[str, NeutralField] | None = None
    page_size: int = Field(default=1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in self.attributes:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name):
                raise ValueError(f"'{name}' is not an attribute such as first_name")
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

"""Settings of a Mautic installation as a platform.

Data flow: config/platforms.yml -> MauticPlatformSettings -> MauticAdapter.
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
# Words of a request that are no contact field, or that decide who a contact is.
_NOT_OURS = frozenset({"email", "id", "owner", "tags", "stage", "points", "companies"})


class MauticPlatformSettings(PlatformSettings, HttpSettings):
    """One installation. `fields`: field alias -> what we put there; nothing else is ever sent.

    Either `user` and `password` (basic authentication) or `client_id` and `client_secret` (OAuth2,
    client credentials). `account` names the installation in the ledger and must never change.
    Segments whose name begins with `prefix` are ours. `neutral_names` gives them opaque codes;
    `union_mode` forces those and allows only a first name.
    """

    base_url: BaseUrl
    user: str | None = Field(default=None, pattern=r"^[^:\s]+$")
    password: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    fields: Mapping[str, NeutralField] | None = None
    page_size: int = Field(default=500, ge=1, le=5000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        basic = (self.user is not None, self.password is not None)
        oauth = (self.client_id is not None, self.client_secret is not None)
        if {basic, oauth} != {(True, True), (False, False)}:
            raise ValueError("give user and password, or client_id and client_secret, not both")
        for name in self.attributes:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,49}", name) or name in _NOT_OURS:
                raise ValueError(f"'{name}' is not a field alias such as firstname")
        if self.union_mode:
            refuse_in_union_mode(self.attributes)
        return self

    @property
    def attributes(self) -> Mapping[str, NeutralField]:
        """Field alias -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"firstname": "first_name"}
        return {"firstname": "first_name", "lastname": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

"""Settings of a Mailman 3 installation as a platform.

Data flow: config/platforms.yml -> MailmanPlatformSettings -> MailmanAdapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

NeutralField = Literal["first_name", "last_name", "member_number"]


class MailmanPlatformSettings(PlatformSettings, HttpSettings):
    """One installation and one mail domain of it.

    `account` names them in the ledger and must never change. The lists this product owns begin
    with `prefix` and lie in `domain`; both must fit. Everybody who gets a message sees the list's
    address, so lists have opaque codes instead of segment names unless `neutral_names` is false.
    `display_name`: what the name of a person is made of; nothing else is ever sent. `union_mode`
    forces neutral names and allows only a first name. `heed_lists`: whoever turned delivery off
    on any list is left alone, or only who did so on one of ours.
    """

    base_url: BaseUrl
    user: str = Field(pattern=r"^[^:\s]+$")
    password: SecretStr
    account: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    domain: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
    )
    prefix: str = Field(default="mj-", pattern=r"^[a-z0-9][a-z0-9_-]{1,19}$")
    neutral_names: bool = True
    union_mode: bool = False
    heed_lists: Literal["any", "owned"] = "any"
    display_name: Sequence[NeutralField] | None = None
    page_size: int = Field(default=1000, ge=1, le=10_000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.union_mode:
            refuse_in_union_mode({name: name for name in self.name_parts})
        return self

    @property
    def name_parts(self) -> Sequence[NeutralField]:
        """The neutral fields a display name is made of, in order."""
        if self.display_name is not None:
            return self.display_name
        return ("first_name",) if self.union_mode else ("first_name", "last_name")

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

    @property
    def api_url(self) -> str:
        """The address of the API with its version."""
        return self.base_url.removesuffix("/3.1") + "/3.1"

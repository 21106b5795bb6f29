"""Settings of a Mailchimp audience as a platform.

Data flow: config/platforms.yml -> MailchimpPlatformSettings -> MailchimpAdapter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.platforms.fields import refuse_in_union_mode
from connectors.platforms.protocol import PlatformSettings
from connectors.sources.base import BaseUrl, HttpSettings

NeutralField = Literal["first_name", "last_name", "member_number", "phone"]


class MailchimpPlatformSettings(PlatformSettings, HttpSettings):
    """One audience ("list"). `fields`: merge tag -> what we put there; nothing else is ever sent.

    `prefix` marks the segments this product owns. `neutral_names` gives them opaque codes instead
    of names that tell what a person is to the organisation. `union_mode` forces those and allows
    only a first name. `connections`: Mailchimp allows 10 at once per user; one is left to others.
    """

    api_key: SecretStr
    list_id: str = Field(pattern=r"^[A-Za-z0-9]+$")
    base_url: BaseUrl | None = None
    prefix: str = Field(default="mj:", min_length=2, max_length=20)
    neutral_names: bool = False
    union_mode: bool = False
    fields: Mapping[str, NeutralField] | None = None
    connections: int = Field(default=9, ge=1, le=9)
    page_size: int = Field(default=1000, ge=1, le=1000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.base_url is None and not self._data_centre():
            raise ValueError("expected api_key to end in its data centre, as in ...-us14")
        for tag in self.merge_fields:
            if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,9}", tag):
                raise ValueError(f"'{tag}' is not a merge tag; expected one such as FNAME")
        if self.union_mode:
            refuse_in_union_mode(self.merge_fields)
        return self

    @property
    def merge_fields(self) -> Mapping[str, NeutralField]:
        """Merge tag -> neutral field name."""
        if self.fields is not None:
            return self.fields
        if self.union_mode:
            return {"FNAME": "first_name"}
        return {"FNAME": "first_name", "LNAME": "last_name"}

    @property
    def has_neutral_names(self) -> bool:
        return self.neutral_names or self.union_mode

    @property
    def api_url(self) -> str:
        """The address of the account's data centre, or the configured one, with the version."""
        return (self.base_url or f"https://{self._data_centre()}.api.mailchimp.com").removesuffix(
            "/3.0"
        ) + "/3.0"

    def _data_centre(self) -> str | None:
        found = re.search(r"-([a-z]{2,3}\d{1,3})$", self.api_key.get_secret_value())
        return found[1] if found else None

"""Settings of a Zendesk source.

Data flow: config/sources.yml -> ZendeskSettings -> ZendeskSource.
"""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.sources.base import BaseUrl, HttpSettings

_RULE = re.compile(r"^(form:\d+|type:[a-z]+|tag:\S+)$")


class ZendeskSettings(HttpSettings):
    """One Zendesk Support account, read as one of its administrators.

    Either `email` (the administrator's) with `api_token`, or `oauth_token` (scope read).
    `exports_per_minute`: 10, or 30 with the High Volume API add-on. `rating_window_days`: ratings
    asked for within so many days are read again each time, as answers come later.
    `tags`: only these tags of a ticket are kept. `case_types`: "form:<id>", "type:<word>" or
    "tag:<tag>" -> the case's type; the first that fits counts, else the ticket's own type.
    `member_number_field`, `contact_id_field`: where a user's member number and contact id stand,
    "external_id" or the key of a user field; `contact_system` is the kind of source those contact
    ids belong to.
    """

    base_url: BaseUrl
    email: str | None = None
    api_token: SecretStr | None = None
    oauth_token: SecretStr | None = None
    page_size: int = Field(default=1000, ge=1, le=1000)
    exports_per_minute: int = Field(default=10, ge=1, le=30)
    rating_window_days: int = Field(default=30, ge=1, le=3650)
    tags: tuple[str, ...] = ()
    case_types: dict[str, str] = Field(default_factory=dict)
    member_number_field: str | None = None
    contact_id_field: str | None = None
    contact_system: str = "civicrm"

    @field_validator("case_types")
    @classmethod
    def _known_rules(cls, value: dict[str, str]) -> dict[str, str]:
        for rule in value:
            if not _RULE.match(rule):
                raise ValueError(
                    f"{rule!r}: expected form:<id>, type:<word> or tag:<tag>,"
                    " for example form:360000123"
                )
        return value

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        by_token = self.api_token is not None
        if by_token == (self.oauth_token is not None):
            raise ValueError("expected either api_token (with email) or oauth_token")
        if by_token and not self.email:
            raise ValueError("api_token needs email, the address of the administrator it acts as")
        return self

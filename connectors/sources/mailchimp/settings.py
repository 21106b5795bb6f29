"""Settings of a Mailchimp source.

Data flow: config/sources.yml -> MailchimpSettings -> MailchimpSource.
"""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, model_validator

from connectors.sources.base import BaseUrl, HttpSettings


class MailchimpSettings(HttpSettings):
    """One audience ("list") of a Mailchimp account.

    `base_url` is worked out from the key's suffix (…-us14) unless given. `report_window_days`:
    campaigns sent within so many days are read again with all their engagement.
    """

    api_key: SecretStr
    list_id: str = Field(pattern=r"^[A-Za-z0-9]+$")
    base_url: BaseUrl | None = None
    page_size: int = Field(default=1000, ge=1, le=1000)
    report_window_days: int = Field(default=14, ge=1, le=365)

    @model_validator(mode="after")
    def _data_centre(self) -> Self:
        if self.base_url is None and not _suffix(self.api_key):
            raise ValueError("expected api_key to end in its data centre, as in ...-us14")
        return self

    @property
    def api_url(self) -> str:
        """The address of the account's data centre, or the configured one."""
        return self.base_url or f"https://{_suffix(self.api_key)}.api.mailchimp.com"


def _suffix(key: SecretStr) -> str | None:
    found = re.search(r"-([a-z]{2,3}\d{1,3})$", key.get_secret_value())
    return found[1] if found else None

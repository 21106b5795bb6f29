"""Settings of a GoCardless source.

Data flow: config/sources.yml -> GocardlessSettings -> GocardlessSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator

from connectors.sources.base import BaseUrl, HttpSettings

MAX_PAGE = 500


class GocardlessSettings(HttpSettings):
    """One GoCardless organisation, read with a read-only access token.

    The token does not say which environment it belongs to: for the sandbox set `base_url` to
    https://api-sandbox.gocardless.com.
    """

    base_url: BaseUrl = "https://api.gocardless.com"
    access_token: SecretStr
    page_size: int = Field(default=MAX_PAGE, ge=1, le=MAX_PAGE)

    @field_validator("access_token")
    @classmethod
    def _bare(cls, value: SecretStr) -> SecretStr:
        if any(character.isspace() for character in value.get_secret_value()):
            raise ValueError("expected the bare token, without 'Bearer' and without line breaks")
        return value

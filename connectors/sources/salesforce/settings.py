"""Settings of a Salesforce source.

Data flow: config/sources.yml -> SalesforceSettings -> SalesforceSource.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator

from connectors.sources.base import BaseUrl, HttpSettings
from connectors.sources.salesforce.mapping import MapName, StreamChange, StreamMap, resolved


class SalesforceSettings(HttpSettings):
    """One Salesforce org, read by a connected app.

    `base_url`: the org's My Domain address. `client_id`, `client_secret`: those of the app; without
    `refresh_token` the app asks for itself (client credentials), with it the token is traded in.
    `map`: the shipped map that fits the org, or `own`; `mapping` changes it, column by column, or
    describes a stream altogether; null leaves a stream out.
    `page_size`: records of one query; `bulk_from_rows`: a first or full read of at least so many
    goes through the Bulk API, in results of `bulk_page_size`. A job is asked after every
    `poll_seconds` at most, and left for the next run after `job_minutes`.
    `lookback_seconds`: how far before the last mark the next read begins.
    `quota_percent`: no request once the org has used so much of its daily calls.
    """

    base_url: BaseUrl
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    refresh_token: SecretStr | None = None
    api_version: str = Field(default="66.0", pattern=r"^\d{2,3}\.0$")
    map: MapName
    mapping: dict[str, StreamChange | None] = Field(default_factory=dict)
    page_size: int = Field(default=2000, ge=1, le=2000)
    bulk_from_rows: int = Field(default=10_000, ge=1)
    bulk_page_size: int = Field(default=50_000, ge=1, le=500_000)
    poll_seconds: float = Field(default=10.0, gt=0, le=300)
    job_minutes: float = Field(default=120.0, gt=0)
    lookback_seconds: float = Field(default=10.0, ge=0, le=86_400)
    quota_percent: float = Field(default=80.0, gt=0, le=100)

    @model_validator(mode="after")
    def _mapping_fits(self) -> Self:
        if not resolved(self.map, self.mapping):
            raise ValueError("map: own needs a `mapping` with at least one stream")
        return self

    def streams(self) -> dict[str, StreamMap]:
        """The map with its changes, in the order of the streams."""
        return resolved(self.map, self.mapping)

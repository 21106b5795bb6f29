"""Settings of an Odoo source.

Data flow: config/sources.yml -> OdooSettings -> OdooSource.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connectors.sources.base import BaseUrl, HttpSettings


class OdooSettings(HttpSettings):
    """One database of an Odoo server.

    `transport`: `json2` for Odoo 19 and later, `jsonrpc` for older servers; `auto` asks the server
    for its version first. `login` is the API user's log-in name, which only JSON-RPC needs.
    `language`: code such as de_DE in which translated names (events, products) are asked for.
    `page_size`: records per request.
    """

    base_url: BaseUrl
    database: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    api_key: SecretStr
    login: str | None = None
    transport: Literal["auto", "json2", "jsonrpc"] = "auto"
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$")
    page_size: int = Field(default=500, ge=1, le=5000)

    @model_validator(mode="after")
    def _a_login_where_it_is_needed(self) -> Self:
        if self.transport == "jsonrpc" and not self.login:
            raise ValueError("transport jsonrpc needs `login`, the API user's log-in name")
        return self

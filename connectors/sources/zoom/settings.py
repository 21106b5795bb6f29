"""Settings of a Zoom source.

Data flow: config/sources.yml -> ZoomSettings -> ZoomSource.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from connectors.sources.base import BaseUrl, HttpSettings

UserId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]


class ZoomSettings(HttpSettings):
    """One Zoom account, read by a server-to-server OAuth app.

    `hosts`: ids (not e-mail addresses) of the users whose webinars are read; empty means every
    licensed user. `plan` decides how fast the account may be asked. `attendance_days`: attendance
    of webinars that began so many days ago is read again, because reports come late.
    `history_days`: how far a first read goes back; Zoom's report reaches six months.
    """

    base_url: BaseUrl = "https://api.zoom.us"
    oauth_url: BaseUrl = "https://zoom.us"
    account_id: str = Field(min_length=1)
    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    hosts: tuple[UserId, ...] = ()
    plan: Literal["pro", "business"] = "pro"
    page_size: int = Field(default=300, ge=1, le=300)
    attendance_days: int = Field(default=3, ge=1, le=60)
    history_days: int = Field(default=180, ge=1, le=180)

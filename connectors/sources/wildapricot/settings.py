"""Settings of a Wild Apricot source.

Data flow: config/sources.yml -> WildApricotSettings -> WildApricotSource.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings

ContactField = Literal["member_number", "birth_date", "street", "postal_code", "city"]


class WildApricotSettings(HttpSettings):
    """One Wild Apricot account.

    `account_id` is only needed when the key opens more than one account. `contact_fields` names the
    account's own fields (system code or title) that hold what Wild Apricot has no field for.
    `renewal_window_days`: contacts whose renewal fell due within so many days are read again each
    time, because lapsing leaves no date behind. `finance_window_days`: documents made within so
    many days are read again each time, on top of those the audit log names.
    `registration_event_days`: registrations of events that ended longer ago are no longer asked
    for. `emails`: which sent e-mails are read; `email_window_days`: how long opens and clicks of
    one are followed. `poll_seconds` and `async_wait_seconds`: how often a contact search is asked
    for its result, and when it is given up.
    """

    base_url: BaseUrl = "https://api.wildapricot.org"
    token_url: BaseUrl = Field(default="https://oauth.wildapricot.org/auth/token")
    api_key: SecretStr
    account_id: str | None = Field(default=None, pattern=r"^\d{1,12}$")
    page_size: int = Field(default=100, ge=1, le=100)
    contact_fields: dict[ContactField, str] = Field(default_factory=dict)
    renewal_window_days: int = Field(default=90, ge=1, le=3650)
    finance_window_days: int = Field(default=30, ge=1, le=3650)
    read_allocations: bool = True
    registration_event_days: int = Field(default=90, ge=1, le=3650)
    emails: Literal["none", "manual", "all"] = "manual"
    email_window_days: int = Field(default=14, ge=1, le=365)
    poll_seconds: float = Field(default=3.0, gt=0, le=60)
    async_wait_seconds: float = Field(default=900.0, gt=0, le=7200)

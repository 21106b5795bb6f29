"""Settings of a CiviCRM source.

Data flow: config/sources.yml -> CivicrmSettings -> CivicrmSource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator

from connectors.sources.base import BaseUrl, HttpSettings
from connectors.sources.civicrm.components import OPTIONAL

# The activity types the journey model knows (dim_activity). Other types never leave the site.
ACTIVITY_TYPES = (
    "Membership Inquiry",
    "Inbound Call",
    "Outbound Call",
    "Volunteering",
    "Member Referral",
    "Event Speaker",
    "Open Case",
    "Change Case Status",
)

# Relationships say much about people (spouse, guardian, case worker): only these leave the site.
RELATIONSHIP_TYPES = ("Employee of", "Household Member of", "Head of Household for")

# What money of a financial type is for: CiviCRM's own types. Organisations add theirs.
Purpose = Literal["dues", "event", "donation", "other"]
PURPOSES: Mapping[str, Purpose] = {
    "Member Dues": "dues",
    "Event Fee": "event",
    "Donation": "donation",
    "Campaign Contribution": "donation",
}


class CivicrmSettings(HttpSettings):
    """One CiviCRM site.

    `base_url`: the site's address, with the sub-folder if it lies in one; the connector adds
    /civicrm/ajax/api4. `ajax_path` for sites whose path differs (WordPress, custom routes).
    `api_key`: the key of the API user's contact, or a JSON web token of the authx extension.
    `site_timezone`: the zone the site's users see; CiviCRM answers in local time without an offset.
    `field_names`: our column path -> the site's own field, for example
    {"Consent.email_marketing": "Datenschutz.Newsletter"}.
    `activity_types`, `relationship_types`: only these are read; `page_size`: records per request.
    `purposes`: financial type -> dues, event, donation or other, on top of CiviCRM's own types.
    `exclude`: streams that are not read, for example [contribution, contribution_recur] where
    another source brings the same payments.
    """

    base_url: BaseUrl
    api_key: SecretStr
    site_timezone: str = "UTC"
    ajax_path: str = Field(default="/civicrm/ajax/api4", pattern=r"^/[A-Za-z0-9_./-]+$")
    page_size: int = Field(default=500, ge=1, le=5000)
    activity_types: tuple[str, ...] = ACTIVITY_TYPES
    relationship_types: tuple[str, ...] = RELATIONSHIP_TYPES
    purposes: dict[str, Purpose] = Field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    field_names: dict[str, str] = Field(default_factory=dict)

    @field_validator("site_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected a time zone name such as Europe/Berlin")
        return ZoneInfo(value).key

    @field_validator("exclude")
    @classmethod
    def _optional_streams(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [spec.name for spec in OPTIONAL]
        if not set(value) <= set(names):
            raise ValueError(f"can leave out only {', '.join(names)}")
        return value

    def purpose_of(self, financial_type: object) -> Purpose | None:
        """What money of this financial type is for; None without a type."""
        known = {name.lower(): purpose for name, purpose in {**PURPOSES, **self.purposes}.items()}
        return known.get(str(financial_type).strip().lower(), "other") if financial_type else None

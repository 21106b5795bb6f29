"""Settings of a CiviCRM source.

Data flow: config/sources.yml -> CivicrmSettings -> CivicrmSource.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator

from connectors.sources.base import BaseUrl, HttpSettings

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


class CivicrmSettings(HttpSettings):
    """One CiviCRM site.

    `base_url`: the site's address, with the sub-folder if it lies in one; the connector adds
    /civicrm/ajax/api4. `ajax_path` for sites whose path differs (WordPress, custom routes).
    `api_key`: the key of the API user's contact, or a JSON web token of the authx extension.
    `site_timezone`: the zone the site's users see; CiviCRM answers in local time without an offset.
    `field_names`: our column path -> the site's own field, for example
    {"Consent.email_marketing": "Datenschutz.Newsletter"}.
    `activity_types`: only these are read; `page_size`: records per request.
    """

    base_url: BaseUrl
    api_key: SecretStr
    site_timezone: str = "UTC"
    ajax_path: str = Field(default="/civicrm/ajax/api4", pattern=r"^/[A-Za-z0-9_./-]+$")
    page_size: int = Field(default=500, ge=1, le=5000)
    activity_types: tuple[str, ...] = ACTIVITY_TYPES
    field_names: dict[str, str] = Field(default_factory=dict)

    @field_validator("site_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected a time zone name such as Europe/Berlin")
        return ZoneInfo(value).key

"""Settings of a Typeform source.

Data flow: config/sources.yml -> TypeformSettings -> TypeformSource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from connectors.sources.base import BaseUrl, HttpSettings

# It becomes a part of addresses.
FormId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SurveySettings(BaseModel):
    """What one form means as a survey.

    `score`: reference or id of the question whose number is the score; by default the first NPS or
    opinion scale of the form. `survey_code`: which survey it is (by default the form's id), and
    `lifecycle_point` the moment it is asked at, such as join, six_month or renewal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    score: str | None = Field(default=None, min_length=1)
    survey_code: str | None = Field(default=None, min_length=1)
    lifecycle_point: str | None = Field(default=None, min_length=1)


class TypeformSettings(HttpSettings):
    """One Typeform account, read with a personal token (scopes forms:read and responses:read).

    `forms`: the forms to read, by id; without any, all forms the token sees. The three `..._field`
    name the hidden fields that tell who answers; no other hidden field is kept. Accounts in the EU
    data centre use https://api.eu.typeform.com or https://api.typeform.eu as `base_url`.
    """

    base_url: BaseUrl = "https://api.typeform.com"
    access_token: SecretStr
    page_size: int = Field(default=1000, ge=1, le=1000)
    forms: Mapping[FormId, SurveySettings] = Field(default_factory=dict)
    member_number_field: str = Field(default="member_number", min_length=1)
    email_field: str = Field(default="email", min_length=1)
    contact_id_field: str = Field(default="civicrm_contact_id", min_length=1)

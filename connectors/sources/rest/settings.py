"""The whole description of one API: where it is, how to log in, how fast, and its lists.

Data flow: config/sources.yml + secrets from the environment -> RestSettings -> RestSource.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.http.rate_limit import QuotaHeaders, RateLimit
from connectors.sources.base import BaseUrl, HttpSettings
from connectors.sources.mapping import TimeZone
from connectors.sources.rest.description import StreamDescription, Strict

_NEEDS = {
    "none": (),
    "bearer": (),
    "header": ("header",),
    "basic": ("user",),
    "param": ("param",),
    "client_credentials": ("token_url", "client_id"),
    "refresh_token": ("token_url", "client_id"),
}
_OPTIONS = ("header", "user", "param", "token_url", "client_id", "scope")
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization", "key", "token", "secret")


class Auth(Strict):
    """How to log in. The secret itself is the setting `secret`, which comes from the environment.

    bearer · header (`header`, `prefix`) · basic (`user`, the secret is its password) · param
    (`param`: the key as a query parameter) · client_credentials (`token_url`, `client_id`, `scope`;
    the secret is the client's) · refresh_token (the same, and the setting `refresh_token`)
    """

    type: Literal[
        "none", "bearer", "header", "basic", "param", "client_credentials", "refresh_token"
    ]
    header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    prefix: str = ""
    user: str | None = None
    param: str | None = None
    token_url: BaseUrl | None = None
    client_id: str | None = None
    sent_in: Literal["body", "basic"] = "body"
    scope: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = _NEEDS[self.type]
        given = {name for name in _OPTIONS if getattr(self, name) is not None}
        allowed = {*needed, "scope"} if self.type == "client_credentials" else set(needed)
        wrong = [f"{self.type} needs `{name}`" for name in needed if name not in given]
        wrong += [f"{self.type} has no `{name}`" for name in sorted(given - allowed)]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self


class Quota(Strict):
    """Headers that tell how many requests are left; `floor` of them are left to others."""

    remaining: str
    reset: str | None = None
    floor: int = Field(default=0, ge=0)


class Limits(Strict):
    """What the system allows; `burst` requests at once, then `per_second`; days are UTC."""

    per_second: float | None = Field(default=None, gt=0)
    burst: int = Field(default=1, ge=1)
    per_day: int | None = Field(default=None, ge=1)
    quota: Quota | None = None

    def rate_limit(self) -> RateLimit:
        quota = QuotaHeaders(**self.quota.model_dump()) if self.quota else None
        return RateLimit(self.per_second, burst=self.burst, per_day=self.per_day, quota=quota)


class RestSettings(HttpSettings):
    """One API. `timezone` is that of times without an offset; `error` holds for every stream."""

    base_url: BaseUrl
    auth: Auth = Auth(type="none")
    secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    limits: Limits = Limits()
    timezone: TimeZone = "UTC"
    error: str | None = None
    streams: list[StreamDescription] = Field(min_length=1)

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, value: dict[str, str]) -> dict[str, str]:
        found = [n for n in value if any(word in n.lower() for word in _SECRET_HEADERS)]
        if found:
            raise ValueError(f"{', '.join(found)} looks like a secret: use `auth` and `secrets`")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        wrong = []
        if self.auth.type != "none" and self.secret is None:
            wrong.append(f"auth {self.auth.type} needs the secret `secret` (under `secrets:`)")
        if self.auth.type == "refresh_token" and self.refresh_token is None:
            wrong.append("auth refresh_token needs the secret `refresh_token` (under `secrets:`)")
        named = {stream.entity: stream for stream in self.streams}
        entities = [stream.entity for stream in self.streams]
        wrong += [
            f"{entity} is described {entities.count(entity)} times; a second list of it needs a"
            " source of its own"
            for entity in named
            if entities.count(entity) > 1
        ]
        for stream in self.streams:
            other = stream.for_each.stream if stream.for_each else None
            if other is not None and (other not in named or named[other].for_each is not None):
                wrong.append(
                    f"{stream.entity}: `for_each.stream: {other}` is no stream of this source"
                    " that is read by itself"
                )
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

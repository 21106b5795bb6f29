"""A folder of this machine, of an SFTP server or of S3, and what it takes to get in.

Data flow: config -> FolderAccess -> connect() in remote.py -> filedrop (source), file (platform).
"""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator, model_validator


def check_place(value: str) -> str:
    """The place without a trailing slash; ValueError for one that is not known."""
    if "://" not in value:
        return value
    parts = urlsplit(value)
    if parts.scheme not in ("sftp", "s3") or not parts.hostname:
        raise ValueError("expected a folder, sftp://host/path or s3://bucket/prefix")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(
            "expected an address without user name, password, ? or #;"
            " they have settings of their own (username, and secrets)"
        )
    return value.rstrip("/")


class FolderAccess(BaseModel):
    """A place and the credentials for it.

    `key_file` is the path of a private key, `host_key` the server's own key as a known_hosts file
    has it ("ssh-ed25519 AAAA...").
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    folder: str

    username: str | None = None
    host_key: str | None = None
    password: SecretStr | None = None
    key_file: SecretStr | None = None
    key_passphrase: SecretStr | None = None

    endpoint_url: str | None = None
    region: str | None = None
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None

    @field_validator("folder")
    @classmethod
    def _known_place(cls, value: str) -> str:
        return check_place(value)

    @model_validator(mode="after")
    def _settings_fit_the_place(self) -> Self:
        scheme = self.scheme
        own = {
            "sftp": ("username", "host_key", "password", "key_file", "key_passphrase"),
            "s3": ("endpoint_url", "region", "access_key_id", "secret_access_key", "session_token"),
        }
        for place, names in own.items():
            told = [name for name in names if getattr(self, name) is not None]
            if told and scheme != place:
                raise ValueError(f"{', '.join(told)} can only be used with {place}://")
        if scheme == "sftp" and self.username is None:
            raise ValueError("sftp:// needs username")
        if scheme == "sftp" and self.password is None and self.key_file is None:
            raise ValueError("sftp:// needs the secret password or key_file")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key are only good together")
        return self

    @property
    def scheme(self) -> str:
        """The kind of place: "" for a folder of this machine, sftp or s3."""
        return urlsplit(self.folder).scheme if "://" in self.folder else ""

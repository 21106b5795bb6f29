"""Secrets of kinds whose settings are free-form: they have fixed names, and settings say where to.

Data flow: `secrets:` of config/sources.yml -> secret_1 to secret_4 -> keys the settings name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SecretStr

SecretName = Literal["secret_1", "secret_2", "secret_3", "secret_4"]
_NAMES: tuple[SecretName, ...] = ("secret_1", "secret_2", "secret_3", "secret_4")
_LOOKS_SECRET = ("password", "secret", "token", "api_key", "apikey", "private_key", "access_key")


class FixedSecrets(BaseModel):
    """Four secrets from the environment; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret_1: SecretStr | None = None
    secret_2: SecretStr | None = None
    secret_3: SecretStr | None = None
    secret_4: SecretStr | None = None

    def misplaced(self, places: Mapping[SecretName, str], setting: str) -> list[str]:
        """What does not fit between the secrets and where `setting` wants them, in words."""
        given = {name for name in _NAMES if getattr(self, name) is not None}
        return [
            f"{setting}.{name} needs the secret `{name}` (under `secrets:`)"
            for name in sorted(set(places) - given)
        ] + [
            f"`{setting}` does not say where the secret `{name}` goes"
            for name in sorted(given - set(places))
        ]

    def placed(self, places: Mapping[SecretName, str]) -> dict[str, str]:
        """Place -> secret in clear text, for the one call or file that needs it."""
        return {place: getattr(self, name).get_secret_value() for name, place in places.items()}


def refuse_secrets(value: Mapping[str, Any], setting: str) -> None:
    """ValueError when a text in free-form settings has the name of a secret."""
    found = sorted(_secret_keys(value))
    if found:
        raise ValueError(f"{', '.join(found)} looks like a secret: name it in `{setting}`")


def _secret_keys(value: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for key, item in value.items():
        if isinstance(item, Mapping):
            found |= _secret_keys(item)
        elif isinstance(item, str) and key.lower().endswith(_LOOKS_SECRET):
            found.add(key)
    return found

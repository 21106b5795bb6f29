"""Where credentials may go: one scheme, host and port, and never in clear text over a network.

Data flow: configured base URL, `next` link -> origin() -> equal or refused.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from connectors.errors import ConfigurationError
from connectors.http.redaction import redact_url

_DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) of a URL, with the scheme's own port where none is written."""
    parts = urlsplit(url)
    port = parts.port if parts.port is not None else _DEFAULT_PORTS.get(parts.scheme)
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def refuse_clear_text(url: str, source: str) -> None:
    """Credentials travel over TLS; plain http is for this machine only."""
    scheme, host, _ = origin(url)
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if scheme == "https" or (scheme == "http" and loopback):
        return
    raise ConfigurationError(
        f"`base_url` must start with https:// (is: {redact_url(url)}).",
        source=source,
        todo="Plain http is allowed for this machine only.",
    )

"""URLs and headers fit for a log: nothing that opens a door or names a person.

Data flow: request -> redacted text -> log line or error message.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_OPEN_HEADERS = frozenset(
    {"accept", "content-type", "content-length", "date", "retry-after", "user-agent"}
)
HIDDEN = "***"


def redact_url(url: str) -> str:
    """Scheme, host, port and path; the query keeps its names but no value; no credentials.

    >>> redact_url("https://me:pw@api.example.org/v1/members?email=a%40example.org&limit=5")
    'https://api.example.org/v1/members?email=***&limit=***'
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    names = [pair.partition("=")[0] for pair in parts.query.split("&") if pair]
    query = "?" + "&".join(f"{name}={HIDDEN}" for name in names) if names else ""
    return f"{parts.scheme}://{host}{port}{parts.path}{query}"


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with every value hidden that is not known to be harmless."""
    return {
        name: value if name.lower() in _OPEN_HEADERS else HIDDEN for name, value in headers.items()
    }

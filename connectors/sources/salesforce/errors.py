"""What Salesforce's errors mean.

Data flow: error document -> vendor_error() -> an error of connectors/errors.py.

Facts (REST API developer guide, status codes and error responses): errors are a list
[{errorCode, message, fields?}]; messages quote the query, so they are never shown.
REQUEST_LIMIT_EXCEEDED (403) is the allowance of the last 24 hours or, where its message names
concurrent requests, too many long ones at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    QuotaExhausted,
    RateLimited,
    RetryableError,
    SourceError,
)


class GoneError(SourceError):
    """A query locator, or a job, that is no longer kept."""


class OutOfReachError(NotPermitted):
    """The object is not in the org, or the connected user may not see it; the API does not say."""


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its message is never quoted, it repeats the query."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, Mapping) or "errorCode" not in first:
        return None
    code, message = str(first["errorCode"]), str(first.get("message", ""))
    plain = code if re.fullmatch(r"[A-Z0-9_]{1,60}", code) else "unnamed"
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return RateLimited("too many long requests at once (REQUEST_LIMIT_EXCEEDED).")
        return QuotaExhausted(
            "the org's API calls of the last 24 hours are used up (REQUEST_LIMIT_EXCEEDED).",
            until=SYSTEM_CLOCK.now() + timedelta(hours=1),
            todo="Finished pages are kept; run again later.",
        )
    if status == 401 or code in ("INVALID_SESSION_ID", "INVALID_AUTH_HEADER"):
        return AuthenticationError(
            f"Salesforce refused the access token ({plain}).",
            todo="Check that the connected app is still allowed and its user active.",
        )
    if code in ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED"):
        return NotPermitted(
            f"the API is not enabled ({plain}).",
            todo="The org's edition needs API access, and the user `API Enabled`.",
        )
    if code == "INVALID_TYPE":
        return OutOfReachError(
            "an object of the query is not in the org, or out of reach (INVALID_TYPE).",
            todo="`journey check` names it.",
        )
    if status == 404 or code in ("NOT_FOUND", "INVALID_QUERY_LOCATOR"):
        return GoneError(f"Salesforce does not know what was asked for ({plain}).")
    if status >= 500 or code in ("QUERY_TIMEOUT", "UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"):
        return RetryableError(f"Salesforce could not answer ({plain}).")
    if status == 403:
        return NotPermitted(
            f"the connected user may not do this ({plain}).",
            todo="Give its permission set `API Enabled` and read access.",
        )
    return SourceError(
        f"Salesforce refuses the request ({plain}).",
        todo="`journey check` names fields and objects that are missing; see also `where`.",
    )

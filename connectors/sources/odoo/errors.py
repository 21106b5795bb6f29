"""What an error document of Odoo means, whichever way it was asked.

Data flow: status and body of an answer -> vendor_error() -> an error that says what to do, or None.

Facts: JSON-RPC answers 200 with {"error": {"code", "message", "data": {"name", "message", ...}}};
/json/2 answers 4xx or 5xx with {"name", "message", "arguments", "context", "debug"} (documentation
19.0, developer/reference/external_api). `name` is the Python class. Only its last part is ever
quoted: messages and traces can hold data of people.
"""

from __future__ import annotations

import re
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)

_CREDENTIALS = {
    "AccessDenied",
    "SessionExpired",
    "SessionExpiredException",
    "InvalidSession",
    "Unauthorized",
}
_RIGHTS = {"AccessError", "Forbidden"}
# PostgreSQL was busy or away: Odoo itself has tried again before it says so.
_DATABASE = {
    "InterfaceError",
    "LockNotAvailable",
    "OperationalError",
    "PoolError",
    "QueryCanceled",
    "SerializationFailure",
    "TransactionRollbackError",
}
_REFUSED = {"NotFound", "UserError"}


class RefusedError(SourceError):
    """The call itself is refused: no such model, in the two ways Odoo says so."""


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error of a document that is one; None lets the status decide."""
    name = _class_of(body)
    if name is None:
        return None
    if name in _CREDENTIALS:
        return AuthenticationError(
            "Odoo refused the API key.",
            todo="Make a new one (Preferences, Account Security); keys expire after at most three"
            " months. Check `database`, and `login` where JSON-RPC is used.",
        )
    if name in _RIGHTS:
        return NotPermitted(
            "the API user may not read this.",
            todo="Give the user read access in the application concerned.",
        )
    if name in _REFUSED:
        return RefusedError(
            f"Odoo refuses the call ({name}).", todo="Check `database` and the server's log."
        )
    if name in _DATABASE:
        return RetryableError(
            f"Odoo's database did not answer ({name}).", todo="If it stays so, check `database`."
        )
    if status >= 500:
        return None
    return SourceError(f"Odoo answered with an error ({name}).", todo="See the server's log.")


def _class_of(body: Any) -> str | None:
    """The last part of the exception's name; None when the body is no error document."""
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict) and "result" not in body:
        data = error.get("data")
        name = data.get("name") if isinstance(data, dict) else None
        # Codes instead of names: 100 is an expired session, 404 an address Odoo does not serve.
        if not name and error.get("code") == 100:
            return "SessionExpired"
        return _plain(name)
    if isinstance(body.get("name"), str) and {"arguments", "debug"} & body.keys():
        return _plain(body["name"])
    return None


def _plain(name: Any) -> str:
    last = str(name or "").rpartition(".")[2]
    return last if re.fullmatch(r"[A-Za-z0-9_]{1,60}", last) else "unnamed"

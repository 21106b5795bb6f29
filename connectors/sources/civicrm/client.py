"""Calls to one CiviCRM site's APIv4, with its errors told apart.

Data flow: source.py -> CivicrmClient.get()/fields() -> POST /civicrm/ajax/api4/{Entity}/{action}.

Facts: `params` is one JSON string in a form; an exception is HTTP 500 (403 when not permitted) with
{error_code, error_message, status}; without X-Requested-With a request is refused as a forgery
(civicrm-core CRM/Api4/Page/AJAX.php); a bad credential is answered 401 in plain text (ext/authx);
unknown fields in `select` are dropped in silence, so `fields` is what tells (Api4SelectQuery.php).
Some front ends change the status of an error document to 200: the document decides, not the status.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import (
    AuthenticationError,
    JourneyConnectorError,
    NotPermitted,
    RetryableError,
    SourceError,
)
from connectors.http.auth import HeaderToken
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.civicrm.components import OPTIONAL
from connectors.sources.civicrm.settings import CivicrmSettings

# CiviCRM has no limit of its own; `requests_per_second` spares a small shared host.
LIMIT = RateLimit()

# What the API user's role needs, by entity (CiviCRM's names of the permissions).
PERMISSIONS: Mapping[str, str] = {
    "Contact": "view all contacts",
    "MembershipType": "access CiviMember",
    "Membership": "access CiviMember",
    "MembershipLog": "access CiviMember",
    "Case": "access all cases and activities",
    "CaseContact": "access all cases and activities",
    "Activity": "view all activities",
    "Event": "access CiviEvent` and `view event info",
    "Participant": "access CiviEvent` and `view event participants",
    "Contribution": "access CiviContribute",
    "ContributionRecur": "access CiviContribute",
    "Relationship": "view all contacts",
}
_LEAVABLE = frozenset(spec.name for spec in OPTIONAL)
Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Records of one answer, and the site's clock (UTC) if it told it."""

    values: Sequence[Row]
    server_time: datetime | None = None


class CivicrmClient(VendorClient):
    """APIv4 of one site; every call names its entity, so that errors can say what is missing."""

    def __init__(self, name: str, settings: CivicrmSettings, context: SourceContext) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=HeaderToken(settings.api_key, header="X-Civi-Auth", prefix="Bearer "),
            account=settings.base_url,
            limit=LIMIT,
            headers={"X-Requested-With": "XMLHttpRequest"},
            vendor_error=_vendor_error,
        )
        self._path = settings.ajax_path.strip("/")
        self._fields: dict[str, frozenset[str]] = {}
        self._entities: frozenset[str] | None = None

    def get(
        self,
        entity: str,
        *,
        select: Sequence[str],
        where: Sequence[Any],
        limit: int,
        stream: str | None = None,
    ) -> Rows:
        """At most `limit` records in id order; `where` must mention is_deleted to see the trash."""
        params = {
            "select": list(select),
            "where": list(where),
            "orderBy": {"id": "ASC"},
            "limit": limit,
        }
        return self._call(entity, "get", params, stream)

    def fields(self, entity: str, stream: str | None = None) -> frozenset[str]:
        """The names of the fields (and joins) this site's entity has; asked once."""
        if entity not in self._fields:
            rows = self._call(entity, "getFields", {"select": ["name"]}, stream)
            self._fields[entity] = frozenset(str(row.get("name")) for row in rows.values)
        return self._fields[entity]

    def lacks(self, entity: str, stream: str | None = None) -> bool:
        """Whether the site says it does not have the entity; False where it does not list them.

        `Entity.get` leaves out what belongs to a component that is switched off. The error of such
        an entity is no evidence: without the right to see details it is a general one.
        """
        if self._entities is None:
            try:
                rows = self._call("Entity", "get", {"select": ["name"]}, stream)
            except (NotPermitted, SourceError):
                rows = Rows(())
            self._entities = frozenset(str(row.get("name")) for row in rows.values)
        return bool(self._entities) and entity not in self._entities

    def _call(
        self, entity: str, action: str, params: Mapping[str, Any], stream: str | None
    ) -> Rows:
        try:
            answer = self._http.json(
                f"{self._path}/{entity}/{action}",
                method="POST",
                form={"params": json.dumps(params)},
                stream=stream,
            )
        except NotPermitted as error:
            raise NotPermitted(
                f"the API user may not read {entity} (403).",
                source=error.source,
                stream=stream,
                todo="Give its role `access CiviCRM`, `access AJAX API`, `authenticate with api"
                f" key` and `{PERMISSIONS.get(entity, 'access CiviCRM')}`"
                + (f", or leave {stream} out with `exclude`." if stream in _LEAVABLE else "."),
            ) from error
        except AuthenticationError as error:
            raise AuthenticationError(
                "CiviCRM refused the API key (401).",
                source=error.source,
                stream=stream,
                todo="Check that the key belongs to the API user's contact, that the user is not"
                " blocked, and that authx accepts API keys for header authentication.",
            ) from error
        values = answer.body.get("values") if isinstance(answer.body, dict) else None
        if not isinstance(values, list):
            raise SourceError(
                f"{entity}.{action} answered without `values`.",
                stream=stream,
                todo="Check `base_url` and `ajax_path`: this is not CiviCRM's APIv4.",
            )
        return Rows(values, answer.server_time)


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """An error document's meaning; its text is never quoted, it may name people or SQL."""
    if not isinstance(body, dict) or "values" in body:
        return None
    if not {"error_code", "error_message", "is_error", "status_code"} & body.keys():
        return None
    told = body.get("status") or body.get("status_code") or status
    code = str(body.get("error_code", ""))
    if status == 403 or told == 403 or code == "unauthorized":
        return NotPermitted("CiviCRM refuses this call (403).")
    if status == 401 or told == 401:
        return AuthenticationError("CiviCRM refused the API key (401).")
    if status in (400, 404, 405):
        return SourceError(
            f"CiviCRM refuses the request ({status}).",
            todo="Check `base_url` and `ajax_path`, and the site's log.",
        )
    plain = code if re.fullmatch(r"[A-Za-z0-9_.-]{1,40}", code) else "unnamed"
    return RetryableError(
        f"CiviCRM answered with an error document (status {told}, code {plain}).",
        todo="The site's ConfigAndLog has the details.",
    )

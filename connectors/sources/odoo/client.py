"""Calls to one Odoo database: `/json/2` for Odoo 19 and later, `/jsonrpc` for older servers.

Data flow: source.py -> OdooClient.read()/fields() -> Transport.call() -> POST -> decoded result.

Facts (documentation 19.0, external_api and external_rpc_api; odoo/odoo addons/rpc):
- POST /json/2/<model>/<method> with named arguments in the body, `Authorization: bearer <key>`,
  `X-Odoo-Database` where a server has several databases.
- POST /jsonrpc calls common.version, common.authenticate (uid, or false for bad credentials) and
  object.execute_kw(database, uid, key, model, method, args, kwargs). Deprecated in 19, to be
  removed in 22; there the version question is answered 404, which means `/json/2`.
- without `active_test: false` in the context, archived records are left out.
- an unknown model is a 404 with a NotFound document, or a UserError over JSON-RPC.
Odoo has no limit of its own; on Odoo Online the connector keeps to one request a second (not
verified: no published figure was found).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from connectors.errors import AuthenticationError, ConfigurationError, SourceError
from connectors.http.auth import HeaderToken, reveal
from connectors.http.client import HttpClient
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.odoo.errors import RefusedError, vendor_error
from connectors.sources.odoo.settings import OdooSettings

FIRST_WITH_JSON2 = 19
Row = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What a method returned, and the server's clock (UTC) if it told it."""

    value: Any
    server_time: datetime | None = None


class Transport(Protocol):
    """One way to call a method of a model with named arguments."""

    name: str

    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], stream: str | None
    ) -> Result:
        """What the method returns."""


class Json2:
    """`/json/2`; the key is in the header."""

    name = "json2"

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], stream: str | None
    ) -> Result:
        answer = self._http.json(
            f"json/2/{model}/{method}", method="POST", body=dict(arguments), stream=stream
        )
        return Result(answer.body, answer.server_time)


class JsonRpc:
    """`/jsonrpc`; the key is in the body of every call, after one log-in for the user's id."""

    name = "jsonrpc"

    def __init__(self, http: HttpClient, database: str, login: str, key: SecretStr) -> None:
        self._http, self._database, self._login, self._key = http, database, login, key
        self._uid: int | None = None
        self._numbers = count(1)

    def call(
        self, model: str, method: str, arguments: Mapping[str, Any], stream: str | None
    ) -> Result:
        if self._uid is None:
            self._uid = self._log_in(stream)
        key = reveal(self._key)
        args = [self._database, self._uid, key, model, method, [], dict(arguments)]
        return self.ask("object", "execute_kw", args, stream)

    def version(self) -> int:
        """The server's major version; RefusedError or SourceError when this way is gone."""
        info = self.ask("common", "version", [], None).value
        told = info.get("server_version_info") if isinstance(info, dict) else None
        if not isinstance(told, list) or not told:
            raise SourceError(
                "the server does not tell its version.", todo="Set `transport` yourself."
            )
        # Odoo Online writes saas~17 where others write 17.
        return int(str(told[0]).rpartition("~")[2])

    def ask(self, service: str, method: str, args: Sequence[Any], stream: str | None) -> Result:
        """One JSON-RPC call."""
        params = {"service": service, "method": method, "args": list(args)}
        envelope = {"jsonrpc": "2.0", "method": "call", "params": params, "id": next(self._numbers)}
        answer = self._http.json("jsonrpc", method="POST", body=envelope, stream=stream)
        if not isinstance(answer.body, dict) or "result" not in answer.body:
            raise SourceError(
                "the answer is no JSON-RPC.", stream=stream, todo="Check `base_url`: is this Odoo?"
            )
        return Result(answer.body["result"], answer.server_time)

    def _log_in(self, stream: str | None) -> int:
        args = [self._database, self._login, reveal(self._key), {}]
        uid = self.ask("common", "authenticate", args, stream).value
        if not isinstance(uid, int) or isinstance(uid, bool):
            raise AuthenticationError(
                "Odoo refused the log-in.",
                stream=stream,
                todo="Check `login`, `database` and the API key of that user.",
            )
        return uid


class OdooClient(VendorClient):
    """One database. The way to call it is found out at the first call, if it was not set."""

    def __init__(self, name: str, settings: OdooSettings, context: SourceContext) -> None:
        self._settings = settings
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=HeaderToken(settings.api_key, prefix="bearer "),
            account=f"{settings.base_url}/{settings.database}",
            limit=limit_of(settings.base_url),
            headers={"X-Odoo-Database": settings.database},
            vendor_error=vendor_error,
        )
        self._transport: Transport | None = None
        self._fields: dict[str, Mapping[str, str] | None] = {}

    def transport(self) -> Transport:
        """The way calls go: as set, or by the server's version."""
        if self._transport is None:
            self._transport = self._chosen()
        return self._transport

    def read(
        self,
        model: str,
        *,
        domain: Sequence[Any],
        fields: Sequence[str],
        limit: int,
        stream: str,
    ) -> Result:
        """At most `limit` records in id order, archived ones included, as a list of mappings."""
        context: Row = {"active_test": False}
        if self._settings.language:
            context["lang"] = self._settings.language
        arguments = {
            "domain": list(domain),
            "fields": list(fields),
            "limit": limit,
            "order": "id",
            "context": context,
        }
        found = self.transport().call(model, "search_read", arguments, stream)
        if not isinstance(found.value, list):
            raise SourceError(f"{model} came without a list of records.", stream=stream)
        return found

    def fields(self, model: str, stream: str | None = None) -> Mapping[str, str] | None:
        """Field -> its type, of this database's model; None when the model is not there."""
        if model not in self._fields:
            arguments = {"attributes": ["type"]}
            try:
                found = self.transport().call(model, "fields_get", arguments, stream).value
            except RefusedError:
                self._fields[model] = None
                return None
            if not isinstance(found, dict) or not all(isinstance(f, dict) for f in found.values()):
                raise SourceError(f"{model} came without a list of fields.", stream=stream)
            self._fields[model] = {name: str(told.get("type")) for name, told in found.items()}
        return self._fields[model]

    def _chosen(self) -> Transport:
        wanted, login = self._settings.transport, self._settings.login
        rpc = JsonRpc(self._http, self._settings.database, login or "", self._settings.api_key)
        if wanted == "auto":
            wanted = "json2" if self._is_new(rpc) else "jsonrpc"
        if wanted == "json2":
            return Json2(self._http)
        if not login:
            raise ConfigurationError(
                f"this server is older than Odoo {FIRST_WITH_JSON2} and needs JSON-RPC.",
                todo="Set `login`, the API user's log-in name.",
            )
        return rpc

    @staticmethod
    def _is_new(rpc: JsonRpc) -> bool:
        try:
            return rpc.version() >= FIRST_WITH_JSON2
        except SourceError:
            return True  # JSON-RPC is gone: Odoo 22 or later


def limit_of(base_url: str) -> RateLimit:
    """One request a second where Odoo hosts the database; one's own server has no limit."""
    host = urlsplit(base_url).hostname or ""
    hosted = host == "odoo.com" or host.endswith(".odoo.com")
    return RateLimit(per_second=1, burst=5) if hosted else RateLimit()

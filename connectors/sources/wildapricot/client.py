"""Calls to the Wild Apricot Admin API, with its errors told apart.

Data flow: source.py -> WildApricotClient -> GET /v2.2/accounts/{account}/... -> rows or ids.

Facts, from the vendor's description of the Admin API (version 7.24.0 of it, as published in
api-evangelist/wildapricot) and its samples (WildApricot/ApiSamples):
- the token service is asked with basic authentication `APIKEY:<key>`, client_credentials, `auto`;
- a search for contacts is asynchronous unless `$async=false`: the first answer holds ResultId and
  Requested, the result is fetched with `resultId` until State (samples; ProcessingState in the
  description) is Complete or Failed, about every five seconds;
- errors are {code, message, details}; 429 is answered without limits being told; a query holds at
  most 4,096 characters.
Not verified: the limit itself (60 requests a minute are kept to), and whether `idsOnly` lists are
cut at a page: they are asked for until nothing new comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import (
    AuthenticationError,
    ConfigurationError,
    JourneyConnectorError,
    LoopError,
    NotPermitted,
    SourceError,
)
from connectors.http.client import Answer
from connectors.http.oauth import Client, OAuth2, TokenStore
from connectors.http.rate_limit import RateLimit
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for
from connectors.sources.wildapricot.settings import WildApricotSettings

HOSTED = "wildapricot.org"
IDS_AT_ONCE = 1000
Row = dict[str, Any]


class GoneError(SourceError):
    """The record asked for does not exist (any more)."""


@dataclass(frozen=True)
class Found:
    """Rows of one answer, and when the vendor began to look (UTC), if it says so."""

    rows: list[Row]
    server_time: datetime | None = None
    requested: str | None = None


class WildApricotClient(VendorClient):
    """The Admin API of one account."""

    def __init__(
        self,
        name: str,
        settings: WildApricotSettings,
        context: SourceContext,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=OAuth2(
                token_url=settings.token_url,
                client=Client("APIKEY", settings.api_key, sent_in="basic"),
                store=TokenStore(context.state_dir / f"oauth-{name}.json"),
                grant={"grant_type": "client_credentials", "scope": "auto"},
            ),
            account=f"{settings.base_url}/{settings.account_id or name}",
            limit=limit_of(settings.base_url),
            vendor_error=_vendor_error,
        )
        self._settings, self._clock = settings, clock
        self._account = settings.account_id

    def account(self, stream: str | None = None) -> Row:
        """The account itself. ConfigurationError when the key opens none, or several unnamed."""
        answer = self._http.json("v2.2/accounts", stream=stream)
        accounts = [row for row in _list_in(answer.body, "Accounts") if isinstance(row, dict)]
        wanted = self._account
        found = [row for row in accounts if wanted is None or str(row.get("Id")) == wanted]
        if len(found) != 1:
            ids = ", ".join(sorted(str(row.get("Id")) for row in accounts)) or "none"
            raise ConfigurationError(
                f"the key opens these accounts: {ids}; one of them must be chosen.",
                stream=stream,
                todo="Set `account_id` to one of them.",
            )
        self._account = str(found[0]["Id"])
        return found[0]

    def get(self, path: str, params: Mapping[str, Any], stream: str | None = None) -> Answer:
        """One answer below the account."""
        if self._account is None:
            self.account(stream)
        return self._http.json(
            f"v2.2/accounts/{self._account}/{path}", params=params, stream=stream
        )

    def rows(self, path: str, params: Mapping[str, Any], key: str, stream: str) -> Found:
        """The rows under `key`, or of a bare list; SourceError when there is no list."""
        answer = self.get(path, params, stream)
        return Found(_list_in(answer.body, key), answer.server_time)

    def one(self, path: str, stream: str) -> Row | None:
        """One record; None when it is gone."""
        try:
            body = self.get(path, {}, stream).body
        except GoneError:
            return None
        return body if isinstance(body, dict) else None

    def count(self, path: str, params: Mapping[str, Any], stream: str) -> int:
        """How many records a search would find."""
        body = self.get(path, {**params, "$async": "false", "$count": "true"}, stream).body
        if not isinstance(body, dict) or not isinstance(body.get("Count"), int):
            raise SourceError(f"the count of {path!r} came without `Count`.", stream=stream)
        return int(body["Count"])

    def ids(self, path: str, params: Mapping[str, Any], stream: str) -> Iterator[list[int]]:
        """The ids a search finds, in chunks, each id once."""
        seen: set[int] = set()
        skip = 0
        while True:
            asked = {**params, "$async": "false", "idsOnly": "true"}
            body = self.get(path, {**asked, "$top": IDS_AT_ONCE, "$skip": skip}, stream).body
            found = _list_in(body, "Identifiers")
            fresh = [int(id) for id in found if int(id) not in seen]
            if not fresh:
                return
            yield fresh
            seen.update(fresh)
            skip += len(found)

    def all_ids(self, path: str, params: Mapping[str, Any], stream: str) -> list[int]:
        """Every id a search finds, in ascending order."""
        return sorted(id for chunk in self.ids(path, params, stream) for id in chunk)

    def completed(
        self, path: str, stream: str, asked: Sequence[int], rows: Sequence[Row]
    ) -> tuple[list[Row], list[int]]:
        """(rows of all ids asked for, ids that are gone); those missing are asked for one by one.

        LoopError when a row comes that was not asked for: the answer is another request's.
        """
        found = {int(row["Id"]): row for row in rows}
        if found.keys() - set(asked):
            raise LoopError(
                f"a page of {path!r} holds other records than were asked for.",
                stream=stream,
                todo="Nothing was loaded; run again, or report it.",
            )
        gone = []
        for id in asked:
            row = found.get(id) or self.one(f"{path}/{id}", stream)
            if row is None:
                gone.append(id)
            else:
                found[id] = row
        return [found[id] for id in sorted(found)], gone

    def search_contacts(self, params: Mapping[str, Any]) -> Found:
        """Contacts by the asynchronous search: asked for, then fetched when it is complete.

        SourceError when the search fails, or is not complete in time.
        """
        answer = self.get("contacts", params, "contact")
        asked = answer.body if isinstance(answer.body, dict) else {}
        if "ResultId" not in asked:
            return Found(_list_in(answer.body, "Contacts"), answer.server_time)
        deadline = self._clock.monotonic() + self._settings.async_wait_seconds
        while True:
            self._clock.sleep(self._settings.poll_seconds)
            result = self.get("contacts", {"resultId": asked["ResultId"]}, "contact").body
            state = _state(result)
            if state == "Complete":
                rows = _list_in(result, "Contacts")
                return Found(rows, answer.server_time, _utc(asked.get("Requested")))
            if state == "Failed":
                raise SourceError(
                    "Wild Apricot could not complete the search for contacts (state Failed).",
                    stream="contact",
                    todo="Run again; if it stays so, ask Wild Apricot's support.",
                )
            if self._clock.monotonic() > deadline:
                raise SourceError(
                    "the search for contacts was still not complete (state"
                    f" {state or 'unknown'}) after {self._settings.async_wait_seconds:.0f} s.",
                    stream="contact",
                    todo="Run again later, or raise `async_wait_seconds`.",
                )


def limit_of(base_url: str) -> RateLimit:
    """One request a second at the vendor's own host, in short bursts; elsewhere no limit."""
    host = urlsplit(base_url).hostname or ""
    hosted = host == HOSTED or host.endswith(f".{HOSTED}")
    return RateLimit(per_second=1, burst=10) if hosted else RateLimit()


def _state(body: Any) -> str | None:
    found = body.get("State") or body.get("ProcessingState") if isinstance(body, dict) else None
    return str(found) if found else None


def _list_in(body: Any, key: str) -> list[Any]:
    """A bare list, or the one whose key ends with `key` (ContactIdentifiers, EventsIdentifiers)."""
    if isinstance(body, list):
        return body
    if isinstance(body, dict):
        for name, value in body.items():
            if name.endswith(key) and isinstance(value, list):
                return value
    raise SourceError(
        f"an answer came without a list of {key}.",
        todo="Check `base_url`: this is not Wild Apricot's Admin API, or it changed.",
    )


def _utc(text: Any) -> str | None:
    """A time of the vendor in UTC; one without an offset is taken as UTC."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


_ERRORS: Mapping[int, Callable[[], JourneyConnectorError]] = {
    401: lambda: AuthenticationError(
        "Wild Apricot refused the access token (401).",
        todo="Check the API key: Settings, Security, Authorized applications.",
    ),
    403: lambda: NotPermitted(
        "the key may not read this (403).",
        todo="Give the authorised application full or read-only access to the account.",
    ),
    404: lambda: GoneError("Wild Apricot does not know what was asked for (404)."),
}


def _vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """What a status means; the error's own text is never quoted, it repeats what was sent."""
    if status in _ERRORS:
        return _ERRORS[status]()
    if isinstance(body, dict) and "code" in {str(key).lower() for key in body} and "Id" not in body:
        if status < 300:
            return SourceError("Wild Apricot answered with an error document.")
        if status < 500:
            return SourceError(
                f"Wild Apricot refused the request ({status}).",
                todo="Check `contact_fields` and the account's settings.",
            )
    return None

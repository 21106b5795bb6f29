"""Subscription statuses of the fake HubSpot, kept by address and not by contact.

Data flow: /communication-preferences/v4/statuses... -> RecordStore("hubspot", "preference").

Facts: a status belongs to the address, survives the contact and applies to a later one
(legacydocs.hubspot.com email/update_status); the unsubscribe-all status is an empty list for who
has not opted out; statuses are SUBSCRIBED, UNSUBSCRIBED and NOT_SPECIFIED; a write answers with
setStatusSuccessReason, among them RESUBSCRIBE_OCCURRED; the batch endpoints need Marketing Hub
Enterprise (developers.hubspot.com, communication-preferences v4).
Not verified: whether the statuses by type show an opt-out from everything (they do not here, the
worse case: both have to be asked for).
The trap: writing SUBSCRIBED undoes an opt-out of that type, and here of everything (the worse
case; whether HubSpot refuses it without a legal basis is not verified).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from connectors.testing.fakes.hubspot_common import Body, HubspotError, Shelf, invalid, stamp
from connectors.testing.messages import Request

DEFAULT_TYPES = {11: "Marketing Information", 12: "Events"}
_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")


class Preferences:
    """What every address of the account has said. `types`: subscription id -> name."""

    def __init__(
        self, shelf: Shelf, types: Mapping[int, str] = DEFAULT_TYPES, *, enterprise: bool = False
    ) -> None:
        self._shelf, self.types, self._enterprise = shelf, dict(types), enterprise

    def of(self, address: str) -> Body:
        """{all: opted out of everything, types: {id: state}} of an address."""
        return self._shelf.get("preference", address.lower()) or {"all": False, "types": {}}

    def person_acts(self, address: str, *, subscription: int | None = None) -> None:
        """The person opts out of everything, or of one subscription type."""
        self._write(address, subscription, "UNSUBSCRIBED", by="person")

    def properties(self, address: str) -> dict[str, str | None]:
        """The opt-outs as HubSpot shows them among the properties of a contact."""
        said = self.of(address)
        shown: dict[str, str | None] = {"hs_email_optout": "true" if said["all"] else None}
        for number in self.types:
            opted_out = said["all"] or said["types"].get(str(number)) == "UNSUBSCRIBED"
            shown[f"hs_email_optout_{number}"] = "true" if opted_out else None
        return shown

    # --- the API ----------------------------------------------------------------------------

    def read(self, request: Request, identifier: str) -> Body:
        _channel(request.param("channel"))
        return self._answer(self._statuses(unquote(identifier)))

    def read_all(self, request: Request, identifier: str) -> Body:
        _channel(request.param("channel"))
        address = unquote(identifier).lower()
        if not self.of(address)["all"]:
            return self._answer([])
        wide = {"subscriberIdString": address, "channel": "EMAIL", "status": "UNSUBSCRIBED"}
        return self._answer([{**wide, "wideStatusType": "PORTAL_WIDE"}])

    def write(self, identifier: str, body: Body) -> Body:
        return self._answer([self._set(unquote(identifier), body)])

    def unsubscribe_all(self, request: Request, identifier: str) -> Body:
        _channel(request.param("channel"))
        self._write(unquote(identifier), None, "UNSUBSCRIBED", by="api")
        return self._answer(self._statuses(unquote(identifier)))

    def batch_read(self, request: Request, body: Body) -> Body:
        self._needs_enterprise()
        _channel(request.param("channel"))
        return self._answer(
            [
                {"subscriberIdString": one, "statuses": self._statuses(one)}
                for one in body.get("inputs") or []
            ]
        )

    def batch_write(self, body: Body) -> Body:
        self._needs_enterprise()
        inputs = body.get("inputs") or []
        return self._answer([self._set(str(one.get("subscriberIdString")), one) for one in inputs])

    def _needs_enterprise(self) -> None:
        if not self._enterprise:
            raise HubspotError(403, "MISSING_SCOPES", "This app hasn't been granted all scopes.")

    def _statuses(self, identifier: str) -> list[Body]:
        address = identifier.lower()
        said = self.of(address)
        return [
            {
                "channel": "EMAIL",
                "subscriberIdString": address,
                "subscriptionId": number,
                "subscriptionName": name,
                "status": said["types"].get(str(number), "NOT_SPECIFIED"),
                "source": "sandbox",
                "timestamp": stamp(self._shelf.store.now()),
            }
            for number, name in self.types.items()
        ]

    def _set(self, identifier: str, body: Body) -> Body:
        _channel(body.get("channel"))
        number, state = body.get("subscriptionId"), body.get("statusState")
        if number not in self.types or state not in _STATES:
            raise invalid("Invalid subscriptionId or statusState")
        reason = self._write(identifier, number, str(state), by="api")
        (status,) = [s for s in self._statuses(identifier) if s["subscriptionId"] == number]
        return {**status, "setStatusSuccessReason": reason}

    def _write(self, address: str, number: int | None, state: str, *, by: str) -> str:
        with self._shelf.lock:
            address, before = address.lower(), self.of(address)
            after: dict[str, Any] = {"all": before["all"], "types": dict(before["types"])}
            was_out = before["all"] or before["types"].get(str(number)) == "UNSUBSCRIBED"
            if number is None:
                after["all"] = state == "UNSUBSCRIBED"
            else:
                after["types"][str(number)] = state
                after["all"] = before["all"] and state == "UNSUBSCRIBED"
            self._shelf.put("preference", address, after)
            self._shelf.journal(address, "preference", before, after, by)
            if was_out and state != "UNSUBSCRIBED":
                return "RESUBSCRIBE_OCCURRED"
            return "REQUESTED_CHANGE_OCCURRED" if after != before else "NO_STATUS_CHANGE"

    def _answer(self, results: list[Body]) -> Body:
        now = stamp(self._shelf.store.now())
        return {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}


def _channel(value: Any) -> None:
    if value != "EMAIL":
        raise invalid("channel is required and must be EMAIL")

"""Asynchronous jobs of the fake Klaviyo, with the traps among them.

Data flow: POST /api/...-jobs -> 202 and a queued job -> `work()` -> profiles and lists change.

Facts (klaviyo/openapi stable, platforms' own descriptions): importing takes 10,000 profiles, tells
what failed by import-errors, and leaves consent alone; subscribing takes 1,000 and removes
UNSUBSCRIBE, SPAM_REPORT and USER_SUPPRESSED suppressions; unsubscribing takes 100, and whoever is
not in the list it names is unsubscribed from everything; suppressing takes 100; a deletion for
privacy takes one profile.
Not verified: how a profile deleted for privacy behaves when it comes back (as a new one here).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.testing.fakes.klaviyo_common import (
    VENDOR,
    Body,
    KlaviyoError,
    Shelf,
    invalid,
    not_found,
    stamp,
)
from connectors.testing.fakes.klaviyo_lists import Lists
from connectors.testing.fakes.klaviyo_profiles import Profiles
from connectors.testing.messages import Request

MAX_OF = {
    "profile-bulk-import-job": 10_000,
    "profile-subscription-bulk-create-job": 1_000,
    "profile-subscription-bulk-delete-job": 100,
    "profile-suppression-bulk-create-job": 100,
    "profile-suppression-bulk-delete-job": 100,
    "data-privacy-deletion-job": 1,
}


class Jobs:
    """Jobs of one account: queued when asked for, done by `work()`."""

    def __init__(self, shelf: Shelf, profiles: Profiles, lists: Lists) -> None:
        self._shelf, self._profiles, self._lists = shelf, profiles, lists

    def work(self) -> int:
        """Do what is queued; the number of jobs done."""
        queued = [
            record
            for record in self._shelf.store.query(VENDOR, "job")
            if record.body["status"] == "queued"
        ]
        steps: dict[str, Callable[[Body, str | None], None]] = {
            "profile-bulk-import-job": self._import,
            "profile-subscription-bulk-create-job": self._subscribe,
            "profile-subscription-bulk-delete-job": self._unsubscribe,
            "profile-suppression-bulk-create-job": self._suppress,
            "profile-suppression-bulk-delete-job": lambda p, _l: self._profiles.lift(p["email"]),
            "data-privacy-deletion-job": lambda p, _l: self._profiles.delete(p["email"]),
        }
        for record in queued:
            job, failures = record.body, []
            for attributes in job["profiles"]:
                try:
                    steps[job["type"]](attributes, job["list"])
                except KlaviyoError as error:
                    failures.append({"code": error.code, "detail": str(error)})
            done = {**job, "status": "complete", "errors": failures}
            self._shelf.put("job", job["id"], done, record.sort)
        return len(queued)

    # --- the API ----------------------------------------------------------------------------

    def create(self, _request: Request, data: Body) -> tuple[int, Body]:
        kind, attributes = str(data.get("type")), data.get("attributes") or {}
        listed = ((data.get("relationships") or {}).get("list") or {}).get("data") or {}
        profiles = [dict(one.get("attributes") or {}) for one in _profiles(attributes)]
        if not profiles or len(profiles) > MAX_OF[kind]:
            raise invalid(f"Between 1 and {MAX_OF[kind]} profiles are allowed.")
        with self._shelf.lock:
            number = self._shelf.number("job")
            job: Body = {
                "id": f"JOB{number:06d}",
                "type": kind,
                "status": "queued",
                "profiles": profiles,
                "list": listed.get("id"),
                "errors": [],
                "created_at": stamp(self._shelf.store.now()),
            }
            self._shelf.put("job", job["id"], job, number)
        return 202, {"data": _shown(job)}

    def get(self, _request: Request, id: str) -> Body:
        return {"data": _shown(self._known(id))}

    def errors(self, _request: Request, id: str) -> Body:
        listed = [
            {"type": "import-error", "id": f"{id}-{n}", "attributes": {**one, "title": "Error"}}
            for n, one in enumerate(self._known(id)["errors"])
        ]
        return {"data": listed, "links": {"self": "https://a.klaviyo.com/"}}

    def _known(self, id: str) -> Body:
        known = self._shelf.get("job", id)
        if known is None:
            raise not_found("job", id)
        return known

    def _import(self, attributes: Body, list_id: str | None) -> None:
        request = Request("POST", "/api/profile-import")
        self._profiles.upsert(request, {"attributes": attributes})
        self._join(attributes, list_id)

    def _subscribe(self, attributes: Body, list_id: str | None) -> None:
        self._profiles.subscribe(attributes["email"], list_id)
        self._join(attributes, list_id)

    def _unsubscribe(self, attributes: Body, list_id: str | None) -> None:
        known = self._profiles.find(attributes["email"])
        if known is None:
            return
        is_there = list_id is not None and known["id"] in self._lists.members(list_id)
        self._profiles.suppress(
            known["email"], "UNSUBSCRIBE", list_id=list_id if is_there else None, by="api"
        )
        if is_there and list_id:
            self._lists.take(list_id, [known["id"]])

    def _suppress(self, attributes: Body, _list_id: str | None) -> None:
        self._profiles.suppress(attributes["email"], "USER_SUPPRESSED", by="api")

    def _join(self, attributes: Body, list_id: str | None) -> None:
        known = self._profiles.find(attributes["email"])
        if list_id is not None and known is not None:
            self._lists.put(list_id, [known["id"]])


def _profiles(attributes: Body) -> list[Any]:
    one = attributes.get("profile")
    return [one["data"]] if one else list((attributes.get("profiles") or {}).get("data") or [])


def _shown(job: Body) -> Body:
    failed = len(job["errors"])
    done = len(job["profiles"]) - failed if job["status"] == "complete" else 0
    attributes = {
        "status": job["status"],
        "created_at": job["created_at"],
        "total_count": len(job["profiles"]),
        "completed_count": done,
        "failed_count": failed,
    }
    links = {"self": f"https://a.klaviyo.com/api/{job['type']}s/{job['id']}/"}
    return {"type": job["type"], "id": job["id"], "attributes": attributes, "links": links}

"""Single contacts of SendGrid: looking at them, upserting them, waiting until it shows.

Data flow: SendgridAdapter -> People -> search/emails, PUT and DELETE contacts -> what became of it.

Search takes at most 100 addresses, answers 404 when it finds nobody and 400 when it takes one for
invalid; upserts and deletions are jobs (twilio/sendgrid-oai, tsg_mc_contacts_v3.yaml).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.platforms.protocol import RowOutcome
from connectors.platforms.rows import RefusalError, failed
from connectors.platforms.sendgrid.api import SendgridApi
from connectors.platforms.sendgrid.contacts import same

Item = Mapping[str, Any]
_CONTACTS = "marketing/contacts"


class People:
    """Contacts of one account, at most 100 at a time."""

    def __init__(self, api: SendgridApi) -> None:
        self._api = api

    def look(
        self, addresses: Sequence[str], refused: dict[str, RowOutcome] | None = None
    ) -> dict[str, Item]:
        """Contacts by the address asked for, read now. With `refused`, an address SendGrid does
        not take is noted there and does not fail the others.
        """
        try:
            body = {"emails": list(addresses)}
            answer = self._api.ask(f"{_CONTACTS}/search/emails", method="POST", body=body)
        except RefusalError as refusal:
            if refusal.status == 404:
                return {}
            if refused is None:
                raise
            if len(addresses) == 1:
                refused[addresses[0]] = failed(addresses[0], refusal)
                return {}
            middle = len(addresses) // 2
            parts = (addresses[:middle], addresses[middle:])
            return {a: item for part in parts for a, item in self.look(part, refused).items()}
        rows = answer.get("result")
        told = rows.items() if isinstance(rows, Mapping) else ()
        found = {str(a).lower(): row.get("contact") for a, row in told if isinstance(row, Mapping)}
        return {address: item for address, item in found.items() if item}

    def upsert(self, contacts: Sequence[Mapping[str, str]], list_id: str | None = None) -> int:
        """Make or change contacts and put them on a list; how many were made, when it is done."""
        lists = {} if list_id is None else {"list_ids": [list_id]}
        body = {**lists, "contacts": list(contacts)}
        results = self._api.finish(self._api.ask(_CONTACTS, method="PUT", body=body))
        return int(results.get("created_count") or 0)

    def still_there(self, before: Mapping[str, Item], made: int) -> dict[str, bool]:
        """Whether those looked at before an upsert, which made so many, are the same after it.

        Who was deleted meanwhile was made again by the upsert, and is deleted again here; but
        never more contacts than the upsert itself says it made.
        """
        now = self.look(list(before))
        again = [a for a, item in now.items() if a in before and not same(before[a], item)]
        if 0 < len(again) <= made:
            ids = ",".join(str(now[address]["id"]) for address in again)
            gone = self._api.ask(_CONTACTS, method="DELETE", params={"ids": ids})
            self._api.finish(gone)
        return {address: address in now and address not in again for address in before}

    def settled(self, rows: Sequence[str], is_so: Callable[[Sequence[str]], bool]) -> set[str]:
        """Those whose lists are as wanted, as soon as all are or the patience ends."""
        found: set[str] = set()

        def look() -> bool | None:
            items = self.look(list(rows)) if rows else {}
            lists = {a: items[a].get("list_ids") or [] for a in rows if a in items}
            found.update(a for a in rows if is_so(lists.get(a, [])))
            return True if len(found) == len(rows) else None

        self._api.until(look)
        return found

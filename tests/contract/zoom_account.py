"""A Zoom account for the tests of its traps: hosts, webinars, registrants and stays.

Data flow: test -> ZoomAccount -> RecordStore -> fake Zoom -> source -> Lake.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sites import VendorSite, site
from vendors import z

from connectors.testing.fakes.zoom import ZoomFake
from connectors.testing.faults import Faults

# Reports reach back from the real today, so the vendor's clock is set close to it.
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=6)
KEY = {
    "account_id": "sandbox-account",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-zoom-secret",
}
TALK = 8_000_000_001


class ZoomAccount:
    """Hosts, webinars, registrants and stays of one account."""

    def __init__(self, vendor: VendorSite, fake: ZoomFake) -> None:
        self.vendor, self.lake, self.fake, self._number = vendor, vendor.lake, fake, 0

    def source(self, **settings: Any) -> Any:
        return self.vendor.source(oauth_url=self.vendor.server.url, **{**KEY, **settings})

    def host(self, id: str, **more: Any) -> None:
        self._put("user", id, {"id": id, **more}, "")

    def webinar(self, id: int = TALK, host: str = "host_A", **more: Any) -> None:
        body = {"id": id, "uuid": f"{id}==", "host_id": host, "topic": "Talk", "start_time": z(NOW)}
        self._put("webinar", str(id), {**body, **more}, host)

    def registrant(self, id: str, status: str = "approved", webinar: int = TALK) -> None:
        body = {"id": id, "email": f"{id}@example.org", "first_name": "Anna", "status": status}
        self._put("registrant", f"{webinar}-{id}", body, str(webinar))

    def took_place(self, uuid: str, ago: timedelta, host: str = "host_A", **more: Any) -> None:
        times = {"start_time": z(NOW - ago), "end_time": z(NOW - ago + timedelta(hours=1))}
        self._put(
            "instance", uuid, {"uuid": uuid, "id": TALK, "topic": "Talk", **times, **more}, host
        )

    def stay(self, uuid: str, user: str, minutes: int = 0, **more: Any) -> None:
        joined = {"user_id": user, "join_time": z(NOW + timedelta(minutes=minutes)), "duration": 60}
        self._put("participant", f"{uuid}-{self._number}", {**joined, **more}, uuid)

    def at(self, moment: datetime) -> None:
        self.vendor.store.set_now(moment)

    def keys(self, source: Any, stream: str, column: str, **how: Any) -> list[Any]:
        return [row[column] for row in self.lake.rows(source, stream, [column], **how)]

    def _put(self, entity: str, id: str, body: dict[str, Any], parent: str) -> None:
        self._number += 1
        self.vendor.put(entity, id, self._number, body, parent=parent)


@contextmanager
def zoom_account(
    folder: Path, faults: Faults | None = None, **options: Any
) -> Iterator[ZoomAccount]:
    """A running account with one host; `options` are those of ZoomFake."""
    made: list[ZoomFake] = []

    def app(store: Any) -> ZoomFake:
        made.append(ZoomFake(store, **options))
        return made[0]

    with site("zoom", folder, app, faults) as vendor:
        account = ZoomAccount(vendor, made[0])
        account.at(NOW)
        account.host("host_A")
        yield account

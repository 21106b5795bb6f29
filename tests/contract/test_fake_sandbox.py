"""Serving a sandbox folder: five servers, one store, the well-known keys."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from connectors.testing.faults import Faults
from connectors.testing.store import Record, RecordStore
from sandbox.serve import SANDBOX_KEYS, Ports, serve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = RecordStore(tmp_path / "sandbox.sqlite")
    # Half past midnight in Berlin: the local date counts, not that of UTC.
    store.set_now(datetime(2026, 6, 30, 22, 30, tzinfo=UTC))
    body = {"id": 1, "first_name": "Ann", "is_deleted": False}
    store.put(Record("civicrm", "Contact", "1", body, 1, 0.0, 0.0))
    store.close()
    return tmp_path


def test_all_servers_answer_with_the_sandbox_keys(folder: Path) -> None:
    with serve(folder, Ports.free()) as served:
        urls = served.urls
        assert set(urls) == {"clock", "civicrm", "pretix", "stripe", "mailchimp"}
        today = requests.get(urls["clock"] + "/today", timeout=5).json()
        assert today == {"today": "2026-07-01", "now": "2026-06-30T22:30:00+00:00"}
        contacts = requests.get(
            urls["civicrm"] + "/civicrm/ajax/api4/Contact/get",
            headers={"X-Civi-Auth": f"Bearer {SANDBOX_KEYS['CIVICRM_API_KEY']}"},
            timeout=5,
        )
        assert contacts.json()["count"] == 1
        orders = requests.get(
            urls["pretix"] + "/api/v1/organizers/example/orders/",
            headers={"Authorization": f"Token {SANDBOX_KEYS['PRETIX_TOKEN']}"},
            timeout=5,
        )
        assert orders.json()["count"] == 0
        charges = requests.get(
            urls["stripe"] + "/v1/charges", auth=(SANDBOX_KEYS["STRIPE_API_KEY"], ""), timeout=5
        )
        assert charges.json()["data"] == []
        audience = requests.get(
            urls["mailchimp"] + "/3.0/lists/a1b2c3",
            auth=("any", SANDBOX_KEYS["MAILCHIMP_API_KEY"]),
            timeout=5,
        )
        assert audience.json()["stats"]["member_count"] == 0
        assert len(served.servers["civicrm"].requests) == 1


def test_faults_and_changes_from_outside(folder: Path) -> None:
    faults = Faults()
    faults.on("/today").status(503)
    with serve(folder, Ports.free(), {"clock": faults}) as served:
        url = served.urls["clock"] + "/today"
        assert requests.get(url, timeout=5).status_code == 503
        other = RecordStore(folder / "sandbox.sqlite")
        other.set_now(datetime(2026, 7, 2, 10, tzinfo=UTC))
        other.close()
        assert requests.get(url, timeout=5).json()["today"] == "2026-07-02"


def test_a_taken_port_is_named(folder: Path) -> None:
    with serve(folder, Ports.free()) as served:
        port = served.servers["stripe"].port
        with (
            pytest.raises(OSError, match=f"port {port} for the sandbox's clock is taken"),
            serve(folder, Ports(port, 0, 0, 0, 0)),
        ):
            pass


def test_a_missing_sandbox_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="generate the sandbox first"), serve(tmp_path):
        pass

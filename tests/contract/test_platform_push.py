"""Whole pushes through every adapter: they converge, come to rest, and undo no objection.

Data flow: published file + account -> push() -> adapter -> fake -> what is stored, what the ledger
says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from accounts import NOW
from test_platform_conformance import CASES

from activation.ledger import Ledger
from activation.push import push
from activation.report import PushReport
from activation.segments import Segment, read_segment
from activation.testing import Person, write_published
from connectors.platforms.protocol import PushPolicy
from connectors.testing.platform_conformance_tools import writes

YAML = (
    "id: {id}\ntitle: T\nversion: 1\ndescription: D\nowner_team: membership\n"
    "purpose: membership\nchannel: email\npriority: 1\ncool_down_days: 0\nrule: stage = 'a'\n"
)


def segment(name: str) -> Segment:
    found, problems = read_segment(YAML.format(id=name), {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


class World:
    """An account, a ledger, eight people (one address has capital letters) and two segments."""

    def __init__(self, folder: Path, account: Any) -> None:
        self.folder, self.account = folder, account
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.people = {f"m{n}": Person(f"m{n}", f"p{n}@example.org") for n in range(7)}
        self.people["m7"] = Person("m7", "Person.Seven@Example.org")
        self.wanted = {"01_a": ["m0", "m1", "m2", "m7"], "20_b": ["m2", "m3"]}
        self.adapter = account.adapter(max_attempts=1)
        self.runs = 0

    def push(self) -> PushReport:
        self.runs += 1
        path = self.folder / "activation.duckdb"
        return push(
            write_published(path, list(self.people.values()), self.wanted),
            [segment(name) for name in sorted(self.wanted)],
            self.adapter,
            self.ledger,
            policy=PushPolicy(first_push="allow", emptying_from=1000),
            dry_run=False,
            audited=True,
            build_version="b1",
            as_of=date(2026, 6, 30),
            now=NOW,
            run_id=f"r{self.runs}",
        )

    def held(self) -> dict[str, set[str]]:
        refs = self.adapter.find_segments(sorted(self.wanted))
        return {name: self.account.members(ref.platform_id) for name, ref in refs.items()}

    def expected(self, *gone: str) -> dict[str, set[str]]:
        return {
            name: {str(self.people[key].email).lower() for key in keys} - set(gone)
            for name, keys in self.wanted.items()
        }

    def rests(self) -> None:
        """One more push has nothing to do and sends nothing."""
        sent = writes(self.account)
        again = self.push()
        assert (again.status, again.contacts) == ("pushed", {})
        assert writes(self.account) == sent
        assert self.ledger.open_rows(self.adapter.destination) == []


@pytest.fixture(params=sorted(CASES))
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with CASES[request.param](tmp_path / "account") as account:
        made = World(tmp_path, account)
        yield made
        made.ledger.close()


def test_a_push_converges_and_comes_to_rest(world: World) -> None:
    assert world.push().status == "pushed"
    assert world.held() == world.expected()
    world.rests()
    world.wanted = {"01_a": ["m1", "m4"], "20_b": ["m2", "m3", "m5", "m6"]}
    world.people["m1"].first_name = "Zoë"
    assert world.push().status == "pushed"
    assert world.held() == world.expected()
    assert set(world.account.statuses().values()) == {"subscribed"}
    contact = world.adapter.read_contact("p1@example.org")
    assert contact is not None
    assert "Zoë" in " ".join(world.adapter.own_fields(contact).values())
    world.rests()


def test_objections_stay(world: World) -> None:
    world.account.put("p0@example.org", world.account.objections[0])  # before we ever wrote
    assert world.push().status == "pushed"
    world.account.later()
    world.account.put("p2@example.org", world.account.objections[0])
    before = world.account.statuses()
    world.people["m2"].first_name = "Bo"
    assert world.push().status == "pushed"
    assert world.account.statuses() == before
    assert world.held() == world.expected("p0@example.org", "p2@example.org")
    world.rests()


@pytest.mark.parametrize("what", ["create_write", "bulk_write"])
@pytest.mark.parametrize("trouble", ["lost", "500"])
def test_after_trouble_the_next_push_ends_right(world: World, what: str, trouble: str) -> None:
    method, path = getattr(world.account, what)
    rule = world.account.server.faults.on(path, method=method).times(2)
    if trouble == "lost":
        rule.lost()
    else:
        rule.status(500)
    world.push()
    world.account.server.faults.clear()
    assert world.push().status == "pushed"
    assert world.held() == world.expected()
    world.rests()
    # The ledger knows every delivery as ours, or it could never take anybody out again.
    world.wanted = {"01_a": [], "20_b": []}
    world.push()
    assert world.held() == {"01_a": set(), "20_b": set()}

"""Platforms that forget who left: whoever went by themselves is never added again.

Data flow: published file + account -> push() -> Mailman (fake) -> memberships, ledger blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from accounts import NOW
from platform_cases_mailman import MailmanAccount
from test_platform_push import World, segment

from activation.ledger import Ledger
from activation.push import push
from activation.testing import write_published
from connectors.platforms.protocol import PushPolicy

LIST = "mj-01_a.lists.example.org"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    account = MailmanAccount(tmp_path / "account")
    made = World(tmp_path, account)
    yield made
    made.ledger.close()
    account.close()


def subscriptions(world: World) -> list[str]:
    """Addresses that were ever subscribed anew, in order."""
    asked = [r for r in world.account.server.requests if r.method == "POST"]
    return [r.body.decode() for r in asked if r.path.endswith("/members")]


def test_who_left_is_never_added_again(world: World) -> None:
    world.push()
    world.account.fake.person_leaves("p2@example.org", LIST)
    before = subscriptions(world)
    report = world.push()
    assert report.status == "pushed"
    assert world.held() == world.expected("p2@example.org"), "and not on the other list either"
    assert {s.segment: dict(s.suppressed) for s in report.segments} == {
        "01_a": {"suppressed:left_there": 1},
        "20_b": {"suppressed:left_there": 1},
    }
    world.wanted = {"01_a": ["m0", "m1", "m7"], "20_b": ["m3"]}
    world.push()  # they leave the segment, and come back to it
    world.wanted = {"01_a": ["m0", "m1", "m2", "m7"], "20_b": ["m2", "m3"]}
    world.push()
    assert world.held() == world.expected("p2@example.org")
    assert subscriptions(world) == before
    world.rests()


def test_who_left_just_when_the_segment_lets_them_go_stays_away(world: World) -> None:
    world.push()
    world.account.fake.person_leaves("p0@example.org", LIST)
    world.wanted["01_a"] = ["m1", "m2", "m7"]
    world.push()
    world.wanted["01_a"] = ["m0", "m1", "m2", "m7"]
    world.push()
    assert world.held() == world.expected("p0@example.org")


def test_whom_we_took_off_may_come_back(world: World) -> None:
    world.push()
    world.wanted["01_a"] = ["m0"]
    world.push()
    assert world.held() == world.expected()
    world.wanted["01_a"] = ["m0", "m1", "m2", "m7"]
    world.push()
    assert world.held() == world.expected()


@pytest.mark.parametrize("trouble", ["lost", "500"])
def test_a_removal_without_answer_is_ours(world: World, trouble: str) -> None:
    world.push()
    rule = world.account.server.faults.on(r"roster/member$", method="DELETE")
    if trouble == "lost":
        rule.lost()
    else:
        rule.status(500)
    world.wanted["01_a"] = ["m0"]
    world.push()
    world.wanted["01_a"] = ["m0", "m1", "m2", "m7"]
    world.push()
    world.push()
    assert world.held() == world.expected()


@pytest.mark.parametrize("word", ["by_user", "by_bounces", "by_moderator", "unknown"])
def test_delivery_that_is_off_is_neither_deleted_nor_renewed(world: World, word: str) -> None:
    world.push()
    member = world.account.fake.member("p2@example.org", LIST)
    member.status = word
    world.push()
    world.wanted["01_a"] = ["m0"]
    world.push()
    world.wanted["01_a"] = ["m0", "m1", "m2", "m7"]
    world.push()
    assert world.account.fake.member("p2@example.org", LIST) is member
    assert member.status == word
    assert world.account.members("mj-20_b.lists.example.org") == {"p3@example.org"}
    # Mailman itself takes off who bounced for long: they do not come back by that.
    world.account.fake.person_leaves("p2@example.org", LIST)
    world.push()
    world.push()
    assert world.held() == world.expected("p2@example.org")


def test_a_dry_run_shows_it_and_remembers_nothing(world: World) -> None:
    world.push()
    world.account.fake.person_leaves("p2@example.org", LIST)
    report = push(
        write_published(world.folder / "dry.duckdb", list(world.people.values()), world.wanted),
        [segment(name) for name in sorted(world.wanted)],
        world.adapter,
        world.ledger,
        policy=PushPolicy(first_push="allow"),
        audited=True,
        build_version="b1",
        as_of=date(2026, 6, 30),
        now=NOW,
        run_id="dry",
    )
    assert [s.adds for s in report.segments] == [0, 0]
    assert [dict(s.suppressed) for s in report.segments] == [{"suppressed:left_there": 1}] * 2
    assert world.ledger.blocks(world.adapter.destination) == []


def test_a_newer_consent_lifts_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.push()
    world.account.fake.person_leaves("p2@example.org", LIST)
    world.push()
    (block,) = world.ledger.blocks(world.adapter.destination)
    monkeypatch.setattr("activation.testing._GRANTED_AT", block.since - timedelta(hours=1))
    world.push()
    assert world.held() == world.expected("p2@example.org")
    monkeypatch.setattr("activation.testing._GRANTED_AT", block.since + timedelta(hours=1))
    world.push()
    assert world.held() == world.expected()


def test_a_list_that_is_gone_blocks_nobody(world: World) -> None:
    world.push()
    world.account.fake.lists.pop(LIST)
    world.account.fake.members = [m for m in world.account.fake.members if m.list_id != LIST]
    world.push()
    assert world.ledger.blocks(world.adapter.destination) == []
    assert world.held() == world.expected()


def test_a_lost_ledger_adds_nobody_unseen(world: World) -> None:
    world.push()
    world.account.fake.person_leaves("p2@example.org", LIST)
    world.ledger.close()
    world.ledger = Ledger(world.folder / "another.sqlite")
    report = world.push()
    assert report.status == "held"
    assert "may have unsubscribed" in report.segments[0].held_reason
    assert world.held() == {**world.expected(), "01_a": world.expected("p2@example.org")["01_a"]}

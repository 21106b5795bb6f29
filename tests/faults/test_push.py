"""Pushing when things go wrong (faults rows 4, 18, 20, 28, 30), over real HTTP.

Every scenario ends with a quiet push, after which the audience holds exactly what it should, nobody
who left was touched, and a further push has nothing to do.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from activation.lease import AlreadyPushing
from activation.ledger import Ledger
from activation.push import push
from activation.report import PushReport, SegmentReport
from activation.segments import Segment, read_segment
from activation.testing import Person, write_published
from connectors.platforms.protocol import PushPolicy
from connectors.platforms.registry import PlatformContext, build_platform
from connectors.testing.fakes.mailchimp import MailchimpFake
from connectors.testing.fakes.mailchimp_common import member_hash
from connectors.testing.messages import Request
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
DESTINATION = "mailchimp:a1b2c3"
YAML = (
    "id: {id}\ntitle: T\nversion: 1\ndescription: D\nowner_team: membership\n"
    "purpose: membership\nchannel: email\npriority: 1\ncool_down_days: 0\nrule: stage = 'a'\n"
)


def segment(name: str) -> Segment:
    found, problems = read_segment(YAML.format(id=name), {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


class World:
    """A fake Mailchimp with a few subscribers, a ledger, people and the segments they are in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = RecordStore(folder / "sandbox.sqlite")
        self.store.set_now(NOW)
        self.fake = MailchimpFake(self.store)
        self.server = FakeServer(self.fake).start()
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.people = {f"m{n}": Person(f"m{n}", f"p{n}@example.org") for n in range(6)}
        self.wanted = {"01_a": ["m0", "m1", "m2"], "20_b": ["m2", "m3"]}
        self.policy: dict[str, Any] = {"first_push": "allow"}
        self.runs = 0
        self.adapter = self.connect()

    def connect(self, **settings: Any) -> Any:
        given = {
            "api_key": "sandbox-mailchimp-key-us1",
            "list_id": "a1b2c3",
            "base_url": self.server.url,
            "max_attempts": 1,
            **settings,
        }
        return build_platform("mc", "mailchimp", given, PlatformContext(self.folder, "test"))

    def close(self) -> None:
        self.adapter.close()
        self.ledger.close()
        self.server.stop()
        self.store.close()

    def publish(self) -> Path:
        path = self.folder / "activation.duckdb"
        return write_published(path, list(self.people.values()), self.wanted)

    def push(self, **given: Any) -> PushReport:
        self.runs += 1
        options = {
            "policy": PushPolicy(**self.policy),
            "dry_run": False,
            "audited": True,
            "build_version": "b1",
            "as_of": date(2026, 6, 30),
            "now": NOW,
            "run_id": f"r{self.runs}",
        } | given
        segments = [segment(name) for name in sorted(self.wanted)]
        return push(self.publish(), segments, self.adapter, self.ledger, **options)

    def held(self) -> dict[str, set[str]]:
        found = {}
        for name, ref in self.adapter.find_segments(sorted(self.wanted)).items():
            found[name] = {contact.email for contact in self.adapter.read_segment(ref)}
        return found

    def expected(self) -> dict[str, set[str]]:
        return {
            name: {str(self.people[key].email) for key in keys}
            for name, keys in self.wanted.items()
            if keys
        }

    def delivered(self) -> dict[str, set[str]]:
        """What the ledger says is delivered, its hashes turned back into the test's addresses."""
        emails = {self.ledger.hasher.address(str(p.email)): p.email for p in self.people.values()}
        return {
            name: {str(emails.get(address)) for address in members}
            for name, members in self.ledger.delivered(DESTINATION).items()
        }

    def status(self, email: str) -> str:
        record = self.fake.members.find(email)
        return str(record.body["status"]) if record else "absent"

    def converges(self) -> None:
        """A quiet push ends in the wanted state; one more has nothing to do; nobody was harmed."""
        assert self.push().status == "pushed"
        assert self.held() == self.expected()
        before = len(self.fake.journal())
        again = self.push()
        assert (again.status, again.contacts) == ("pushed", {})
        assert sum(s.adds + s.removes for s in again.segments) == 0
        journal = self.fake.journal()
        assert len(journal) == before
        created = Counter(j["hash"] for j in journal if j["change"] == "created")
        assert set(created.values()) <= {1}
        assert [j for j in journal if j["change"] == "status" and j["actor"] == "api"] == []
        assert self.ledger.open_rows(DESTINATION) == []
        # The ledger knows every delivery as ours, or it could never take anybody out again.
        assert self.delivered() == self.expected()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def by_name(report: PushReport) -> dict[str, SegmentReport]:
    return {found.segment: found for found in report.segments}


def test_undisturbed(world: World) -> None:
    report = world.push()
    assert report.status == "pushed"
    assert report.is_complete
    assert [(s.segment, s.adds, s.acknowledged) for s in report.segments] == [
        ("01_a", 3, 3),
        ("20_b", 2, 2),
    ]
    assert report.contacts == {"create_contact_acknowledged": 4}
    world.converges()
    world.wanted["01_a"].remove("m0")
    left = by_name(world.push())["01_a"]
    assert (left.removes, left.acknowledged) == (1, 1)
    assert world.status("p0@example.org") == "subscribed"  # left the segment, not the list
    world.converges()
    story = [(row["op"], row["state"]) for row in world.ledger.why("m0")]
    assert story == [
        ("remove", "acknowledged"),
        ("add", "acknowledged"),
        ("create_contact", "acknowledged"),
    ]


def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(world: World) -> None:
    shown = world.push(dry_run=True)
    assert [r for r in world.server.requests if r.method != "GET"] == []
    assert shown.status == "dry_run"
    assert shown.contacts == {"create_contact": 4}
    assert "p***@e***.org" in "\n".join(shown.preview)
    assert "p0@" not in shown.model_dump_json()
    real = world.push()
    assert real.plan_hash == shown.plan_hash
    assert [(s.adds, s.removes) for s in real.segments] == [
        (s.adds, s.removes) for s in shown.segments
    ]


WRITES = {
    "create": (r"/members/[0-9a-f]{32}$", "PUT"),
    "segment": (r"/segments$", "POST"),
    "members": (r"/segments/\d+$", "POST"),
}


@pytest.mark.parametrize("trouble", ["lost", "reset", "status"])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("call", list(WRITES))
def test_any_answer_may_be_lost(world: World, call: str, number: int, trouble: str) -> None:
    pattern, method = WRITES[call]
    rule = world.server.faults.on(pattern, method=method).nth(number)
    rule.status(500) if trouble == "status" else getattr(rule, trouble)()
    report = world.push()
    assert report.run_id == "r1"
    if call == "members":
        counted = by_name(report)[["01_a", "20_b"][number - 1]]
        # Done and read back, or still unknown: never reported as failed, never lost.
        assert counted.acknowledged + counted.unknown + counted.not_sent == counted.adds
    world.converges()


KILLED = """
import os, sys
from datetime import UTC, date, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[4])
import test_push
from activation.ledger import Ledger
from activation.push import push
from connectors.platforms.protocol import PushPolicy
from connectors.platforms.protocol import PushPolicy
from connectors.platforms.registry import PlatformContext, build_platform
folder, url, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
real = Ledger._write
def counted(self, lease):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
    return real(self, lease)
Ledger._write = counted
settings = {"api_key": "sandbox-mailchimp-key-us1", "list_id": "a1b2c3", "base_url": url}
adapter = build_platform("mc", "mailchimp", settings, PlatformContext(folder, "test"))
push(folder / "activation.duckdb", [test_push.segment(n) for n in ("01_a", "20_b")], adapter,
     Ledger(folder / "ledger.sqlite"), policy=PushPolicy(first_push="allow"), dry_run=False,
     audited=True, build_version="b1", as_of=date(2026, 6, 30), now=test_push.NOW, run_id="killed")
"""


@pytest.mark.parametrize("write", range(2, 13, 2))
def test_killed_before_any_ledger_write_the_rerun_converges(world: World, write: int) -> None:
    """Among these: after the platform did the work and before the ledger heard of it (row 4)."""
    world.push()
    world.wanted = {"01_a": ["m1", "m4"], "20_b": ["m2", "m3", "m5"]}
    world.people["m3"].first_name = "Changed"
    world.publish()
    here = str(Path(__file__).parent)
    arguments = [str(world.folder), world.server.url, str(write), here]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], check=False, timeout=120, env=dict(os.environ)
    )
    assert ended.returncode == -9
    world.converges()  # the killed run's lease is taken over at once
    done = Counter(
        (key, row["op"], row["segment"])
        for key in world.people
        for row in world.ledger.why(key)
        if row["state"] == "acknowledged"
    )
    assert set(done.values()) == {1}  # nothing was pushed twice


def test_two_runs_at_once_the_second_names_the_first(world: World) -> None:
    with world.ledger.lease(DESTINATION, "the-first"), pytest.raises(AlreadyPushing) as caught:
        world.push()
    assert "the-first" in str(caught.value)
    assert [r for r in world.server.requests if r.method != "GET"] == []
    world.converges()


def test_unsubscribed_between_plan_and_push(world: World) -> None:
    world.push()
    world.wanted["20_b"] = ["m0", "m1", "m2", "m3"]

    def leave() -> None:
        world.store.set_now(NOW + timedelta(minutes=1))
        world.fake.members.person_acts("p1@example.org", "unsubscribed")

    # After the plan was made from a full reading, the adds are preceded by a reading of changes.
    world.server.faults.on(r"since_last_changed", method="GET").drift(leave)
    report = by_name(world.push())["20_b"]
    assert (report.adds, report.acknowledged, report.refused) == (2, 1, 1)
    assert world.status("p1@example.org") == "unsubscribed"
    assert "p1@example.org" not in world.held()["20_b"]
    after = world.push()
    assert by_name(after)["20_b"].suppressed == {"platform_unsubscribed": 1}
    assert world.status("p1@example.org") == "unsubscribed"
    # Membership of an owned segment ends too; the subscription is the person's own matter.
    assert "p1@example.org" not in world.held()["01_a"]


def test_suppressions_out_of_reach_nothing_is_pushed(world: World) -> None:
    world.server.faults.on(r"/members\?", method="GET").every().status(503)
    report = world.push()
    assert report.status == "blocked"
    assert "could not be read" in report.blocked_reason
    assert [r for r in world.server.requests if r.method != "GET"] == []
    world.server.faults.clear()
    world.push()
    world.wanted["20_b"] = ["m0", "m1", "m2", "m3"]
    world.server.faults.on(r"since_last_changed", method="GET").status(503)
    stopped = world.push()
    assert (stopped.status, stopped.stopped_reason) == ("stopped", "suppressions_unreadable")
    assert by_name(stopped)["20_b"].not_sent == 2
    world.server.faults.clear()
    world.converges()


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "pending", "archived"])
def test_who_left_is_never_touched(world: World, status: str) -> None:
    world.push()
    world.fake.members.person_acts("p2@example.org", status)
    world.people["m2"].first_name = "Other"
    before = len(world.fake.journal())
    for _ in range(2):
        world.push()
    mine = [j for j in world.fake.journal()[before:] if j["hash"] == member_hash("p2@example.org")]
    assert {j["change"] for j in mine} <= {"tag_removed"}
    assert world.status("p2@example.org") == status


def test_the_forgotten_are_asked_once_and_remembered(world: World) -> None:
    world.push()
    world.fake.members.forget(Request("POST", "/3.0/test"), "p1@example.org")
    first = world.push()
    assert first.contacts == {"create_contact_suppressed": 1}
    assert by_name(first)["01_a"].refused == 1
    refused = [j for j in world.fake.journal() if j["change"] == "refused"]
    second = by_name(world.push())["01_a"]
    assert second.suppressed == {"suppressed:forgotten": 1}
    assert [j for j in world.fake.journal() if j["change"] == "refused"] == refused


def test_a_household_is_one_contact_and_any_suppression_wins(world: World) -> None:
    for key in ("m0", "m1"):
        world.people[key].email = "home@example.org"
    world.people["m1"].email = " Home@Example.org"
    report = by_name(world.push())["01_a"]
    assert (report.desired, report.suppressed) == (2, {"duplicate_address": 1})
    assert world.held()["01_a"] == {"home@example.org", "p2@example.org"}
    world.wanted["01_a"].remove("m0")  # the other one now stands for the address
    assert by_name(world.push())["01_a"].removes == 0
    world.people["m0"].suppressed = "complaint"
    after = by_name(world.push())["01_a"]
    assert after.suppressed == {"shared_address_suppressed": 1}
    assert world.held()["01_a"] == {"p2@example.org"}


def test_a_shared_address_gets_nobodys_name(world: World) -> None:
    """The platform is a source too: the name would come back as evidence of who somebody is."""
    world.people["m0"].first_name = "Ada"
    for key, name in (("m1", "Berta"), ("m2", "Carl")):
        world.people[key].email, world.people[key].first_name = "home@example.org", name
    world.push()
    fields = {c.email: c.fields.get("FNAME", "") for c in world.adapter.read_statuses()}
    assert fields["p0@example.org"] == "Ada"
    assert fields["home@example.org"] == ""
    assert world.push().contacts == {}


def test_past_the_brake_one_segment_waits_and_the_others_go_on(world: World) -> None:
    world.people |= {f"n{n}": Person(f"n{n}", f"n{n}@example.org") for n in range(40)}
    world.push()
    world.wanted["01_a"] += [f"n{n}" for n in range(30)]
    world.wanted["20_b"].append("m0")
    report = world.push()
    assert report.status == "held"
    (held,) = report.held
    assert (held.segment, held.acknowledged) == ("01_a", 0)
    assert "3 before and 33 after" in held.held_reason
    assert str(held.approve) in held.held_reason
    assert by_name(report)["20_b"].acknowledged == 1
    assert len(world.held()["01_a"]) == 3
    refused = world.push(approve="0" * 64)
    assert (refused.status, len(world.held()["01_a"])) == ("blocked", 3)
    world.wanted["01_a"].append("n30")
    changed = world.push(approve=held.approve)
    assert changed.status == "blocked"
    assert "no longer what would be pushed" in changed.blocked_reason
    world.wanted["01_a"].remove("n30")
    assert world.push(approve=held.approve, build_version="b2").status == "blocked"
    assert world.push(approve=held.approve).status == "pushed"
    assert len(world.held()["01_a"]) == 33
    (logged,) = world.ledger.overrides(DESTINATION)
    assert (logged["segment"], logged["guard"]) == ("01_a", "brake")
    assert world.push(approve=held.approve).status == "blocked"  # once
    world.converges()


def test_consent_withdrawn_leaves_even_a_held_segment(world: World) -> None:
    world.people |= {f"n{n}": Person(f"n{n}", f"n{n}@example.org") for n in range(40)}
    world.push()
    world.wanted["01_a"] += [f"n{n}" for n in range(30)]
    world.people["m0"].consent = "withdrawn"
    report = world.push()
    assert [s.segment for s in report.held] == ["01_a"]
    assert "p0@example.org" not in world.held()["01_a"]
    assert world.push(approve=report.held[0].approve).status == "pushed"


def test_the_first_push_waits_unless_configured(world: World) -> None:
    world.policy = {}
    report = world.push()
    assert [s.segment for s in report.held] == ["01_a", "20_b"]
    assert world.push(approve=report.plan_hash).status == "pushed"  # the whole plan at once
    assert world.held() == world.expected()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"audited": False}, "not audited"),
        ({"as_of": date(2026, 6, 1)}, "29 days old"),
    ],
)
def test_an_unfit_build_pushes_nothing(world: World, given: dict[str, Any], said: str) -> None:
    report = world.push(**given)
    assert report.status == "blocked"
    assert said in report.blocked_reason
    assert [r for r in world.server.requests if r.method != "GET"] == []


def test_an_emptied_source_pushes_nothing(world: World) -> None:
    world.push()
    world.policy["emptying_from"] = 5
    world.wanted = {"01_a": [], "20_b": []}
    report = world.push()
    assert report.status == "blocked"
    assert "no segment has a candidate" in report.blocked_reason
    assert len(world.held()["01_a"]) == 3


def test_what_others_added_stays(world: World) -> None:
    world.push()
    ref = world.adapter.find_segments(["01_a"])["01_a"]
    world.adapter.add_members(ref, ["p3@example.org"])  # a marketer did
    report = by_name(world.push())["01_a"]
    assert (report.foreign, report.removes) == (1, 0)
    assert "p3@example.org" in world.held()["01_a"]


def test_a_lost_ledger_degrades_to_reading_back(world: World) -> None:
    world.push()
    world.ledger.close()
    (world.folder / "ledger.sqlite").unlink()
    (world.folder / "state" / "ledger.key").unlink()
    world.ledger = Ledger(world.folder / "ledger.sqlite")
    before = len(world.fake.journal())
    report = world.push()
    assert sum(s.adds + s.removes for s in report.segments) == 0
    assert len(world.fake.journal()) == before
    world.wanted["01_a"].remove("m0")
    world.push()
    assert "p0@example.org" not in world.held()["01_a"]
    world.converges()


def test_more_than_500_and_the_counts_reconcile(world: World) -> None:
    world.people = {f"m{n:04}": Person(f"m{n:04}", f"p{n}@example.org") for n in range(620)}
    world.wanted = {"01_a": sorted(world.people)}
    report = world.push()
    (found,) = report.segments
    assert (found.candidates, found.adds, found.acknowledged) == (620, 620, 620)
    sizes = [
        len(r.json()["members_to_add"])
        for r in world.server.requests
        if r.method == "POST" and "members_to_add" in str(r.body)
    ]
    assert sizes == [500, 120]
    assert world.server.max_concurrent <= 9
    assert len(world.held()["01_a"]) == 620


def test_a_changed_address_moves_the_person(world: World) -> None:
    world.push()
    world.people["m1"].email = "new@example.org"
    report = by_name(world.push())["01_a"]
    assert (report.adds, report.removes) == (1, 1)
    assert world.status("p1@example.org") == "subscribed"
    world.converges()
    reasons = [row["reason"] for row in world.ledger.why("m1") if row["op"] == "remove"]
    assert reasons == ["address_changed"]


def test_a_wrong_key_stops_the_push_and_says_so(world: World) -> None:
    world.adapter.close()
    world.adapter = world.connect(api_key="wrong-us1")
    report = world.push()
    assert report.status == "blocked"
    assert "Check the API key" in report.blocked_reason

"""Mailman as a platform against a real Mailman 3: adds, removes, a duplicate, a ban, a bounce.

Run by `make test-real`. Installs Mailman from PyPI into its own environment the first time. What
the fake answers is asked here of the real one.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from activation.ledger import Ledger
from activation.push import push
from activation.report import PushReport
from activation.segments import Segment, read_segment
from activation.testing import Person, write_published
from connectors.platforms.protocol import FieldUpdate, PlatformAdapter, PushPolicy
from connectors.platforms.registry import PlatformContext, build_platform
from connectors.testing.fakes.mailman import MailmanFake
from connectors.testing.messages import Request
from connectors.testing.platform_conformance_tools import create, plain

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "contract"))
from mailman_server import DOMAIN, PASSWORD, USER, RealMailman, running, wait

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
ALLOWED = {"pre_verified": True, "pre_confirmed": True, "pre_approved": True}


@pytest.fixture(scope="module")
def mailman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMailman]:
    with running(tmp_path_factory.mktemp("mailman")) as server:
        yield server


@pytest.fixture
def adapter(mailman: RealMailman, tmp_path: Path) -> Iterator[PlatformAdapter]:
    settings = {
        "base_url": mailman.url,
        "user": USER,
        "password": PASSWORD,
        "account": "real",
        "domain": DOMAIN,
        "neutral_names": False,
        "page_size": 3,
    }
    made = build_platform("mailman", "mailman", settings, PlatformContext(tmp_path, "test"))
    yield made
    made.close()


def segment(name: str) -> Segment:
    text = (
        f"id: {name}\ntitle: T\nversion: 1\ndescription: D\nowner_team: membership\n"
        "purpose: membership\nchannel: email\npriority: 1\ncool_down_days: 0\nrule: stage = 'a'\n"
    )
    found, problems = read_segment(text, {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


class World:
    """Eight people, two segments, a ledger and a real Mailman."""

    def __init__(self, folder: Path, adapter: PlatformAdapter) -> None:
        self.folder, self.adapter = folder, adapter
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.people = [Person(f"m{n}", f"P{n}@example.org", f"Zoë {n}") for n in range(8)]
        self.wanted = {"01_a": ["m0", "m1", "m2", "m3", "m4"], "20_b": ["m4", "m5", "m6"]}
        self.runs = 0

    def push(self) -> PushReport:
        self.runs += 1
        report = push(
            write_published(self.folder / "activation.duckdb", self.people, self.wanted),
            [segment(name) for name in sorted(self.wanted)],
            self.adapter,
            self.ledger,
            policy=PushPolicy(first_push="allow"),
            dry_run=False,
            audited=True,
            build_version="b1",
            as_of=date(2026, 6, 30),
            now=NOW,
            run_id=f"r{self.runs}",
        )
        assert report.status == "pushed", report
        return report


def test_segments_become_lists(
    mailman: RealMailman, adapter: PlatformAdapter, tmp_path: Path
) -> None:
    assert all(item.ok for item in adapter.check()), adapter.check()
    first, second = f"mj-01_a.{DOMAIN}", f"mj-20_b.{DOMAIN}"
    mailman.do("POST", "lists", fqdn_listname=f"staff@{DOMAIN}")
    theirs = f"staff.{DOMAIN}"
    for name in ("p0", "stranger"):
        mailman.do("POST", "members", list_id=theirs, subscriber=f"{name}@example.org", **ALLOWED)
    mailman.do("POST", "bans", email="p5@example.org")
    mailman.do("POST", "bans", email=r"^p6@.*")
    world = World(tmp_path, adapter)
    world.push()
    assert mailman.members(first) == {f"p{n}@example.org" for n in range(5)}
    assert mailman.members(second) == {"p4@example.org"}, "banned by address, banned by pattern"
    config = mailman.get(f"lists/{first}/config")
    assert (config["advertised"], config["archive_policy"]) == (False, "never")
    assert (config["send_welcome_message"], config["send_goodbye_message"]) == (False, False)
    assert mailman.get("addresses/p1@example.org")["display_name"] == "Zoë 1 Example"
    # Only who is banned by a pattern is asked about anew: no reading shows whom a pattern means.
    assert world.push().contacts == {"create_contact_suppressed": 1}
    assert "p6@example.org" not in mailman.addresses()

    # One leaves by themselves, one bounces, one turns delivery off, one leaves the segment.
    mailman.leave("p0@example.org", first)
    mailman.do("PATCH", f"lists/{first}/config", bounce_score_threshold=0)
    mailman.bounce("p1@example.org", first)
    member = mailman.get(f"lists/{first}/member/p2@example.org")["member_id"]
    mailman.do("PATCH", f"members/{member}/preferences", delivery_status="by_user")
    off = "members/find?delivery_status=by_bounces&role=member"
    wait(lambda: mailman.get(off)["total_size"] == 1, "the bounce turned delivery off")
    world.wanted["01_a"] = ["m0", "m1", "m2", "m4"]
    world.push()
    kept = {"p1@example.org", "p2@example.org", "p4@example.org"}
    assert mailman.members(first) == kept, "p1 and p2 stay, with delivery off; p3 is taken off"
    assert mailman.get(off)["total_size"] == 1
    world.wanted["01_a"] = ["m0", "m1", "m2", "m3", "m4"]
    world.push()
    assert mailman.members(first) == kept | {"p3@example.org"}, "p3 comes back, p0 never"
    # Mailman takes off who bounced for too long: that brings nobody back either.
    mailman.leave("p1@example.org", first)
    world.push()
    world.push()
    assert mailman.members(first) == kept - {"p1@example.org"} | {"p3@example.org"}
    assert mailman.members(theirs) == {"p0@example.org", "stranger@example.org"}
    world.ledger.close()


def test_the_outcomes_of_single_rows(mailman: RealMailman, adapter: PlatformAdapter) -> None:
    ref = adapter.ensure_segment("30_rows")
    assert adapter.ensure_segment("30_rows") == ref
    people = ["Dup@example.org", "listban@example.org", "fine@example.org", "pending@example.org"]
    for email in people:
        assert create(adapter, email).outcome == "acknowledged"
    path = f"lists/{ref.platform_id}"
    mailman.do("POST", f"{path}/bans", email="listban@example.org")
    mailman.do("POST", "members", list_id=ref.platform_id, subscriber=people[3])
    asked = {"list_id": ref.platform_id, **ALLOWED}
    assert mailman.call("POST", "members", subscriber=people[0], **asked).status_code == 201
    assert mailman.call("POST", "members", subscriber=people[0], **asked).status_code == 409
    assert mailman.call("POST", "members", subscriber=people[1], **asked).status_code == 400
    added = adapter.add_members(ref, [*people, "unknown@example.org"])
    assert {o.email: (o.outcome, o.reason) for o in added} == {
        people[0]: ("acknowledged", ""),
        people[1]: ("suppressed", "platform_unsubscribed"),
        people[2]: ("acknowledged", ""),
        people[3]: ("failed", "waits_for_approval"),
        "unknown@example.org": ("failed", "not_on_list"),
    }
    assert "unknown@example.org" not in mailman.addresses()
    fields = FieldUpdate(people[2], {"display_name": ""})
    assert adapter.update_fields(fields).outcome == "acknowledged"
    assert "display_name" not in mailman.get("addresses/fine@example.org")
    removed = plain(adapter.remove_members(ref, [people[0].upper(), people[2], people[1]]))
    assert set(removed.values()) == {"acknowledged"}
    assert mailman.members(ref.platform_id) == set()
    assert create(adapter, "a/b@example.org").permanent


def test_the_fake_answers_as_the_real_one(mailman: RealMailman) -> None:
    """The same requests in the same order: status, error text, names of what is in the answer."""
    fake = MailmanFake(lambda: NOW, DOMAIN)
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    where = f"same.{DOMAIN}"
    yes = dict.fromkeys(ALLOWED, "true")
    member = {"list_id": where, "subscriber": "Same@example.org"}
    asked = [
        ("POST", "lists", {"fqdn_listname": f"same@{DOMAIN}"}),
        ("POST", "lists", {"fqdn_listname": f"same@{DOMAIN}"}),
        ("POST", "lists", {"fqdn_listname": f"a:b@{DOMAIN}"}),
        ("GET", f"lists/{where}", {}),
        ("GET", "lists/none.example.org", {}),
        ("GET", "domains/none.example.org", {}),
        ("GET", f"lists/{where}/roster/member?count=5&page=1", {}),
        ("GET", f"lists/{where}/bans?count=5&page=1", {}),
        ("GET", "addresses/same@example.org", {}),
        ("POST", "users", {"email": "Same@example.org", "display_name": "Sam"}),
        ("POST", "users", {"email": "Same@example.org"}),
        ("POST", "users", {"email": "same"}),
        ("GET", "addresses/SAME@example.org", {}),
        ("POST", "members", {**member, **yes}),
        ("POST", "members", {**member, **yes}),
        ("POST", "members", {**member, "list_id": "none.example.org", **yes}),
        ("POST", "members", {"list_id": where, **yes}),
        ("POST", "members", {**member, "subscriber": "same", **yes}),
        ("POST", "members", {**member, "subscriber": "more@example.org"}),
        ("POST", "members", {**member, "subscriber": "more@example.org", **yes}),
        ("GET", f"members/find?list_id={where}&delivery_status=by_user&count=5&page=1", {}),
        ("GET", f"members/find?list_id={where}&delivery_status=enabled&count=5&page=1", {}),
        ("GET", f"lists/{where}/roster/member?count=5&page=2", {}),
        ("DELETE", f"lists/{where}/roster/member", {"emails": "SAME@example.org"}),
        ("DELETE", f"lists/{where}/roster/member", {"emails": "same@example.org"}),
        ("PATCH", "addresses/same@example.org", {"display_name": ""}),
        ("PATCH", "addresses/none@example.org", {"display_name": "x"}),
        ("GET", "bans/same@example.org", {}),
    ]
    for method, path, form in asked:
        real = mailman.call(method, path, **form)
        split = urlsplit(path)
        request = Request(
            method,
            f"/3.1/{split.path}",
            tuple(parse_qsl(split.query)),
            {"authorization": f"Basic {token}"},
            urlencode(form).encode(),
        )
        ours = fake.handle(request)
        assert ours.status == real.status_code, (method, path, real.text)
        assert bool(ours.body) == bool(real.content), (method, path)
        if real.status_code >= 400:
            assert Request("", "", body=ours.body).json() == real.json(), (method, path)
        elif ours.body:
            said, told = Request("", "", body=ours.body).json(), real.json()
            assert set(said) - {"http_etag"} <= set(told), (method, path)
            for mine, theirs in zip(said.get("entries", []), told.get("entries", []), strict=True):
                assert set(mine) <= set(theirs), (method, path)

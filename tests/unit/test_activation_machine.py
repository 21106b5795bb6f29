"""Any order of publishing, unsubscribing, crashing and pushing, against a plain model.

After every step: nobody without consent was ever created or added, nobody who unsubscribed is
subscribed again, what strangers put into a segment stays, and every ledger row of a finished push
has one end. After a quiet push the platform holds exactly what the model says.
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from activation.ledger import Ledger
from activation.push import push
from activation.segments import Segment, read_segment
from activation.testing import Crash, MemoryPlatform, Person, write_published
from connectors.errors import RetryableError
from connectors.platforms.protocol import PushPolicy

SEGMENTS = ("01_a", "20_b")
KEYS = [f"m{n}" for n in range(5)]
ADDRESSES = [f"p{n}@example.org" for n in range(4)]  # fewer than people: households
# Brakes off: this is about what is pushed, the guards have tests of their own.
POLICY = PushPolicy(first_push="allow", brake_absolute=1000, emptying_from=1000)
YAML = """\
id: {id}
title: T
version: 1
description: D
owner_team: membership
purpose: membership
channel: email
priority: 1
cool_down_days: 0
rule: stage = 'a'
"""


def segment(name: str) -> Segment:
    found, problems = read_segment(YAML.format(id=name), {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


class PushMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.platform = MemoryPlatform(chunk_size=2)
        self.ledger = Ledger(self.folder / "ledger.sqlite")
        self.people = {key: Person(key, ADDRESSES[n % 4]) for n, key in enumerate(KEYS)}
        self.wanted: dict[str, set[str]] = {name: set() for name in SEGMENTS}
        self.strangers: dict[str, set[str]] = {name: set() for name in SEGMENTS}
        self.runs = 0
        self.gone: set[str] = set()  # addresses that unsubscribed and did not come back

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            shutil.rmtree(self.folder)

    @rule(name=st.sampled_from(SEGMENTS), keys=st.sets(st.sampled_from(KEYS)))
    def segment_changes(self, name: str, keys: set[str]) -> None:
        self.wanted[name] = keys

    @rule(key=st.sampled_from(KEYS), consent=st.sampled_from(["granted", "withdrawn", None]))
    def consent_changes(self, key: str, consent: str | None) -> None:
        self.people[key].consent = consent

    @rule(key=st.sampled_from(KEYS), address=st.sampled_from([*ADDRESSES, None]))
    def address_changes(self, key: str, address: str | None) -> None:
        self.people[key].email = address

    @rule(key=st.sampled_from(KEYS), hold=st.sampled_from(["bereavement", None]))
    def hold_changes(self, key: str, hold: str | None) -> None:
        self.people[key].hold = hold

    @rule(key=st.sampled_from(KEYS), name=st.sampled_from(["Ada", "Bo"]))
    def name_changes(self, key: str, name: str) -> None:
        self.people[key].first_name = name

    @rule(
        address=st.sampled_from(ADDRESSES),
        status=st.sampled_from(["unsubscribed", "cleaned", "archived"]),
    )
    def person_leaves_the_list(self, address: str, status: str) -> None:
        if address in self.platform.contacts:
            self.platform.put(address, status)  # type: ignore[arg-type]
            self.gone.add(address)

    @rule(address=st.sampled_from(ADDRESSES))
    def person_subscribes(self, address: str) -> None:
        self.platform.put(address)
        self.gone.discard(address)

    @rule(address=st.sampled_from(ADDRESSES), name=st.sampled_from(SEGMENTS))
    def marketer_adds(self, address: str, name: str) -> None:
        inside = self.platform.members.get(name)
        if inside is None or address not in self.platform.contacts or address in inside:
            return
        if not self.ledger.is_new("memory:audience") and not self.ledger.open_rows(
            "memory:audience"
        ):
            inside.add(address)
            self.strangers[name].add(address)

    @rule()
    def quiet_push(self) -> None:
        self._push()
        self._check_converged()

    @rule(
        what=st.sampled_from(["create_contact", "update_fields", "add", "remove"]),
        number=st.integers(1, 2),
        is_done=st.booleans(),
        error=st.sampled_from([Crash, RetryableError]),
    )
    def troubled_push(
        self, what: str, number: int, is_done: bool, error: type[BaseException]
    ) -> None:
        """The process dies, or an answer is lost, before or after the platform did the work."""
        self.platform.calls.clear()

        def fail(called: str, count: int) -> None:
            if (called, count) == (what, number):
                raise error("here")

        if is_done:
            self.platform.after = fail
        else:
            self.platform.before = fail
        try:
            self._push()
        except Crash:
            pass
        finally:
            self.platform.after = self.platform.before = None

    @rule(address=st.sampled_from(ADDRESSES))
    def unsubscribes_during_the_push(self, address: str) -> None:
        self.platform.calls.clear()

        def leave(called: str, count: int) -> None:
            if called in ("remove", "create_contact") and address in self.platform.contacts:
                self.platform.put(address, "unsubscribed")
                self.gone.add(address)

        self.platform.before = leave
        try:
            self._push()
        finally:
            self.platform.before = None

    def _push(self) -> None:
        self.runs += 1
        journal = len(self.platform.journal)
        path = write_published(
            self.folder / "activation.duckdb", list(self.people.values()), self.wanted_lists()
        )
        gone_before = set(self.gone)
        try:
            report = push(
                path,
                [segment(name) for name in SEGMENTS],
                self.platform,
                self.ledger,
                policy=POLICY,
                dry_run=False,
                audited=True,
                build_version=f"b{self.runs}",
                as_of=date(2026, 6, 30),
                now=datetime(2026, 6, 30, 21, tzinfo=UTC),
                run_id=f"run-{self.runs}",
            )
            assert report.status == "pushed", report
            states = [
                row.state for row, _ in self.ledger.rows_of_run("memory:audience", report.run_id)
            ]
            assert not {"intent", "sent"} & set(states)
        finally:
            for what, address in self.platform.journal[journal:]:
                if what in ("create", "add"):
                    assert self.may_be_written_to(address), (what, address)
                    assert address not in gone_before, (what, address)

    def wanted_lists(self) -> dict[str, list[str]]:
        return {name: sorted(keys) for name, keys in self.wanted.items()}

    def may_be_written_to(self, address: str) -> bool:
        """Somebody who consents, and is not on hold, has this address."""
        return any(
            person.email == address and person.consent == "granted" and person.hold is None
            for person in self.people.values()
        )

    def _check_converged(self) -> None:
        for name in SEGMENTS:
            people = [self.people[key] for key in self.wanted[name]]
            wanted = {
                person.email
                for person in people
                if person.email
                and person.consent == "granted"
                and person.hold is None
                and person.email not in self.gone
            }
            held = self.platform.members.get(name, set())
            visible = {a for a in held if self.platform.contacts[a].status != "archived"}
            strangers = self.strangers[name] - wanted
            assert visible - strangers == wanted - (strangers & wanted), name
            assert strangers <= held | self._left(name)

    def _left(self, name: str) -> set[str]:
        return {a for a in self.strangers[name] if a not in self.platform.contacts}

    @invariant()
    def nobody_is_resubscribed(self) -> None:
        for address in getattr(self, "gone", ()):
            assert self.platform.contacts[address].status != "subscribed"


PushMachine.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestPushMachine = PushMachine.TestCase

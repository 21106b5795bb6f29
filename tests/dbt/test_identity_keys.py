"""Random years of ordinary events: no address, name, system, deletion or rebuild re-keys a member.

Data flow: random worlds of a few records each -> eight nights of the identity models -> what must
hold between any two nights, whatever happened.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from identity_nights import Nights, Pool, Record, Step, moment

WORLDS, NIGHTS = 150, 8
Keys = dict[Record, str]


@dataclass
class World:
    """One true person and what systems hold of them; some worlds begin as a prospect."""

    pool: Pool
    name: str
    rng: random.Random
    email: str = ""
    contact: Record | None = None
    second: Record | None = None
    others: list[Record] = field(default_factory=list)
    decided: list[tuple[str, Record, Record]] = field(default_factory=list)
    count: int = 0

    def begin(self) -> None:
        self._new_address()
        if self.rng.random() < 0.4:
            self._other("mailchimp", record_kind="subscriber", email=self.email)
        else:
            self._join()

    def event(self) -> None:
        """Something ordinary happens; what cannot happen yet does not."""
        happening = self.rng.choice(
            [
                self._join,
                self._changes_address,
                self._marries,
                self._orders,
                self._pays,
                self._subscribes,
                self._deletes,
                self._second_system,
                self._second_moves,
                self._somebody_decides,
            ]
        )
        happening()

    def _name(self) -> dict[str, str]:
        return {"first_name": f"F{self.name}x", "last_name": f"L{self.name}"}

    def _new_address(self) -> None:
        self.count += 1
        self.email = f"{self.name}.{self.count}@example.org"

    def _other(self, system: str, **values: Any) -> None:
        self.count += 1
        created = moment("2019-01-01") + timedelta(days=self.rng.randint(0, 2000))
        record = f"{self.name}-{self.count}"
        self.others.append(self.pool.add(system, record, created_at=created, **values))

    def _join(self) -> None:
        if self.contact is None:
            self.contact = self.pool.add("civicrm", self.name, email=self.email, **self._name())

    def _changes_address(self) -> None:
        self._new_address()
        if self.contact:
            self.pool.people[self.contact]["email"] = self.email

    def _marries(self) -> None:
        if self.contact:
            self.pool.people[self.contact]["last_name"] = f"M{self.name}{self.rng.randint(0, 9)}"

    def _orders(self) -> None:
        self._other("pretix", email=self.email, **self._name())

    def _subscribes(self) -> None:
        self._other("mailchimp", record_kind="subscriber", email=self.email)

    def _pays(self) -> None:
        if self.contact:
            link = {"foreign_source_system": "civicrm", "foreign_record_id": self.name}
            self._other("stripe", record_kind="customer", **link)

    def _deletes(self) -> None:
        if self.others and self.contact:
            del self.pool.people[self.others.pop(self.rng.randrange(len(self.others)))]

    def _second_system(self) -> None:
        """An older membership system is read for the first time; its records bear memberships."""
        if self.second is None and self.contact:
            known = self.rng.choice([self.email, f"{self.name}.old@example.org"])
            created = {"created_at": moment("2010-01-01")}
            self.second = self.pool.add(
                "salesforce", self.name, email=known, **created, **self._name()
            )

    def _second_moves(self) -> None:
        if self.second:
            self.pool.people[self.second]["email"] = self.email

    def _somebody_decides(self) -> None:
        mine = [one for one in (self.contact, self.second, *self.others) if one]
        if len(mine) > 1 and not self.decided and self.rng.random() < 0.3:
            left, right = self.rng.sample(mine, 2)
            kind = self.rng.choice(["link", "distinct"])
            self.pool.decide(kind, left, right, is_forced=kind == "link")
            self.decided.append((kind, left, right))


@dataclass
class Night:
    keys: Keys
    redirects: dict[str, str]
    open_rows: list[Record]


@pytest.fixture(scope="module")
def years(
    tmp_path_factory: pytest.TempPathFactory, identity_steps: list[Step]
) -> tuple[list[World], list[Night], Keys]:
    """The worlds, each night, and who is who in a warehouse rebuilt from nothing at the end."""
    pool = Pool()
    worlds = [World(pool, f"w{n}", random.Random(n)) for n in range(WORLDS)]
    for world in worlds:
        world.begin()
    nights = Nights(tmp_path_factory.mktemp("keys"), pool, identity_steps)
    seen = []
    for _ in range(NIGHTS):
        keys = nights.night()
        redirects = nights.query("select old_person_key, person_key from person_key_redirect")
        open_rows = nights.query(
            "select source_system, source_record_id from map_identity where valid_to is null"
        )
        seen.append(Night(keys, dict(redirects), [(one, other) for one, other in open_rows]))
        for world in worlds:
            for _ in range(world.rng.randint(0, 2)):
                world.event()
    last = nights.night()
    redirects = dict(nights.query("select old_person_key, person_key from person_key_redirect"))
    seen.append(Night(last, redirects, []))
    nights.lose_the_build()
    return worlds, seen, nights.night()


Years = tuple[list[World], list[Night], Keys]


def test_the_one_membership_of_a_person_never_changes_its_key(years: Years) -> None:
    worlds, nights, _ = years
    lonely = [world for world in worlds if world.contact and not world.second]
    assert len(lonely) > 30
    for world in lonely:
        keys = {night.keys[world.contact] for night in nights if world.contact in night.keys}
        assert len(keys) == 1, world.name


def test_a_prospect_who_joins_keeps_the_key(years: Years) -> None:
    worlds, nights, _ = years
    joined = 0
    for before, after in pairwise(nights):
        for world in worlds:
            if not world.contact or world.contact in before.keys or world.contact not in after.keys:
                continue
            key = after.keys[world.contact]
            mates = [
                one for one, other in after.keys.items() if other == key and one in before.keys
            ]
            if mates:
                joined += 1
                assert key in {before.keys[one] for one in mates}, world.name
    assert joined > 20


def test_every_change_of_a_members_key_is_a_merge_or_a_separation(years: Years) -> None:
    worlds, nights, _ = years
    merged = parted = 0
    for before, after in pairwise(nights):
        for world in worlds:
            for mine in filter(None, (world.contact, world.second)):
                old, new = before.keys.get(mine), after.keys.get(mine)
                if not old or not new or old == new:
                    continue
                other = world.second if mine == world.contact else world.contact
                assert other, f"{world.name}: only two memberships can contend for a key"
                if old in after.keys.values():
                    parted += 1
                    assert after.keys[other] == old == before.keys[other] != new
                else:
                    merged += 1
                    assert after.keys[other] == new == before.keys[other]
                    assert after.redirects[old] == new
    assert merged > 3
    assert parted > 3


def test_no_key_ever_said_is_lost(years: Years) -> None:
    """It is in use, or leads to one that is, as long as any record of the person is left."""
    _, nights, _ = years
    held: dict[str, set[Record]] = defaultdict(set)
    for night in nights:
        for record, key in night.keys.items():
            held[key].add(record)
    last = nights[-1]
    in_use = set(last.keys.values())
    for key, records in held.items():
        if key not in in_use and any(record in last.keys for record in records):
            assert last.redirects[key] in in_use
    assert not set(last.redirects) & in_use


def test_each_record_has_one_open_row(years: Years) -> None:
    for night in years[1][:-1]:
        assert len(night.open_rows) == len(set(night.open_rows))
        assert set(night.keys) <= set(night.open_rows)


def test_people_of_different_worlds_never_meet(years: Years) -> None:
    for night in years[1]:
        worlds: dict[str, set[str]] = defaultdict(set)
        for (_, record), key in night.keys.items():
            worlds[key].add(record.split("-")[0])
        assert all(len(found) == 1 for found in worlds.values())


def test_decisions_hold_and_a_rebuild_from_nothing_says_the_same(years: Years) -> None:
    worlds, nights, rebuilt = years
    last = nights[-1].keys
    decided = [
        (kind, left, right)
        for world in worlds
        for kind, left, right in world.decided
        if left in last and right in last
    ]
    assert {kind for kind, _, _ in decided} == {"link", "distinct"}
    for kind, left, right in decided:
        assert (last[left] == last[right]) is (kind == "link")
    assert _parts(rebuilt) == _parts(last)


def _parts(keys: Keys) -> set[frozenset[Record]]:
    found: dict[str, set[Record]] = defaultdict(set)
    for record, key in keys.items():
        found[key].add(record)
    return {frozenset(part) for part in found.values()}

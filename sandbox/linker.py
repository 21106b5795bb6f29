"""A brute-force identity linker: which people the data cannot tell apart or put together.

Data flow: Identities with their true owners -> people whose cluster is not exactly their records.

It compares every pair of profiles of a block, straight from the written rules. Blocks are closed
under every equality a rule asks for, so nothing outside a block can link into it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from sandbox.identity import Identity

CLUSTER_GUARD = 12
ROLE_PARTS = frozenset(
    {
        "info",
        "office",
        "secretary",
        "admin",
        "hello",
        "union",
        "branch",
        "contact",
        "team",
        "vorstand",
        "kontakt",
    }
)
NAMELESS_SOURCES = frozenset({"mailchimp", "filedrop", "stripe"})


@dataclass
class Profile:
    """Equal identity records; `contacts` are their ids in the membership system."""

    identity: Identity
    owners: set[int] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)


class UnionFind:
    """Disjoint sets over anything hashable."""

    def __init__(self) -> None:
        self._parent: dict[Hashable, Hashable] = {}

    def find(self, item: Hashable) -> Hashable:
        parent = self._parent.setdefault(item, item)
        while parent != self._parent[parent]:
            self._parent[parent] = self._parent[self._parent[parent]]
            parent = self._parent[parent]
        self._parent[item] = parent
        return parent

    def union(self, one: Hashable, other: Hashable) -> None:
        self._parent[self.find(one)] = self.find(other)

    def groups(self, items: Iterable[Hashable]) -> list[list[Hashable]]:
        found: dict[Hashable, list[Hashable]] = defaultdict(list)
        for item in items:
            found[self.find(item)].append(item)
        return list(found.values())


def levenshtein_at_most_one(one: str, other: str) -> bool:
    if one == other:
        return True
    if abs(len(one) - len(other)) > 1:
        return False
    at = 0
    while at < min(len(one), len(other)) and one[at] == other[at]:
        at += 1
    return (
        one[at + 1 :] == other[at + 1 :]
        or one[at + 1 :] == other[at:]
        or (one[at:] == other[at + 1 :])
    )


def near(one: str, other: str) -> bool:
    return len(one) >= 4 and len(other) >= 4 and levenshtein_at_most_one(one, other)


def first_compatible(one: str | None, other: str | None) -> bool:
    if not one or not other or one == other or near(one, other):
        return True
    return one[0] == other[0] and 1 in (len(one), len(other))


def name_compatible(a: Identity, b: Identity) -> bool:
    if a.first and b.first and a.first == b.first:
        return True
    if not first_compatible(a.first, b.first):
        return False
    return not a.last or not b.last or a.last == b.last or near(a.last, b.last)


def differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def cannot_link(a: Identity, b: Identity) -> bool:
    """Different dates of birth, or two numbers of the membership system (taken as held at once)."""
    is_numbered_twice = a.source == b.source == "civicrm" and differ(
        a.member_number, b.member_number
    )
    return differ(a.birth, b.birth) or is_numbered_twice


def shared_values(profiles: Sequence[Profile], attribute: str) -> set[str]:
    """Addresses (or phones) that are a household's or an office's, by the written rule."""
    carriers: dict[str, list[Identity]] = defaultdict(list)
    for profile in profiles:
        value = getattr(profile.identity, attribute)
        if value:
            carriers[value].append(profile.identity)
    shared = {value for value in carriers if value.partition("@")[0] in ROLE_PARTS}
    for value, people in carriers.items():
        for a, b in combinations(people, 2):
            if not first_compatible(a.first, b.first) or differ(a.birth, b.birth):
                shared.add(value)
    return shared


def stated_link(one: Profile, other: Profile) -> bool:
    """Tier T0 (no source of the sandbox has T1's single sign-on)."""
    a, b = one.identity, other.identity
    return bool(
        (a.foreign and a.foreign in other.contacts) or (b.foreign and b.foreign in one.contacts)
    )


def strong_link(one: Profile, other: Profile) -> bool:
    """Tiers T0 and T2."""
    a, b = one.identity, other.identity
    if stated_link(one, other):
        return True
    if a.member_number and a.member_number == b.member_number:
        for each in (a, b):
            if each.source in NAMELESS_SOURCES and not each.first and not each.last:
                return True
        if a.last and b.last and levenshtein_at_most_one(a.last, b.last):
            return True
        return a.birth is not None and a.birth == b.birth
    return False


def weak_link(a: Identity, b: Identity, shared_mail: set[str], shared_phone: set[str]) -> bool:
    """Tiers T3 (e-mail), T4 (phone) and T5 (name and date of birth)."""
    if a.email and a.email == b.email and a.email not in shared_mail and name_compatible(a, b):
        return True
    if not (a.first and a.last and a.first == b.first and a.last == b.last):
        return False
    if a.phone and a.phone == b.phone and a.phone not in shared_phone:
        return True
    return a.birth is not None and a.birth == b.birth


def profiles_of(owned: Mapping[int, Iterable[Identity]]) -> list[Profile]:
    found: dict[tuple[str | None, ...], Profile] = {}
    for owner, records in owned.items():
        for one in records:
            profile = found.setdefault(one.profile, Profile(one))
            profile.owners.add(owner)
            if one.source == "civicrm":
                profile.contacts.add(one.record_id)
    return list(found.values())


def clusters(profiles: Sequence[Profile]) -> list[list[int]]:
    """Positions of profiles, clustered.

    A cluster that breaks a guard keeps its strong links; where these join what cannot be one
    person, only what a system states outright (T0).
    """
    shared_mail, shared_phone = (shared_values(profiles, name) for name in ("email", "phone"))
    stated, strong, links = [], [], UnionFind()
    for i, j in combinations(range(len(profiles)), 2):
        if strong_link(profiles[i], profiles[j]):
            strong.append((i, j))
            links.union(i, j)
            if stated_link(profiles[i], profiles[j]):
                stated.append((i, j))
        elif weak_link(profiles[i].identity, profiles[j].identity, shared_mail, shared_phone):
            links.union(i, j)
    found: list[list[int]] = []
    for group in links.groups(range(len(profiles))):
        members = [int(str(item)) for item in group]
        if len(members) <= CLUSTER_GUARD and not _contradicts(profiles, members):
            found.append(members)
            continue
        for part in _joined(members, strong):
            if not _contradicts(profiles, part):
                found.append(part)
                continue
            for smaller in _joined(part, stated):
                broken = _contradicts(profiles, smaller)
                found += [[one] for one in smaller] if broken else [smaller]
    return found


def _contradicts(profiles: Sequence[Profile], members: Sequence[int]) -> bool:
    return any(
        cannot_link(profiles[i].identity, profiles[j].identity) for i, j in combinations(members, 2)
    )


def _joined(members: Sequence[int], pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The members, as far as these pairs join them."""
    kept = UnionFind()
    for i, j in pairs:
        if i in members and j in members:
            kept.union(i, j)
    return [[int(str(item)) for item in part] for part in kept.groups(members)]


def undecidable(owned: Mapping[int, Iterable[Identity]]) -> dict[int, str]:
    """The owners (person indexes) of one block whose cluster is not exactly theirs, and why."""
    profiles = profiles_of(owned)
    pieces: dict[int, int] = defaultdict(int)
    found: dict[int, str] = {}
    for cluster in clusters(profiles):
        owners = set().union(*(profiles[i].owners for i in cluster))
        for owner in owners:
            pieces[owner] += 1
            if len(owners) > 1:
                found[owner] = "mixed with another person"
    for owner, count in pieces.items():
        if count > 1:
            found.setdefault(owner, f"split into {count} people")
    return found

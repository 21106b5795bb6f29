"""Who is one person and who is not: contradictions, review and what people decide, over six nights.

Every case is a handful of records in one warehouse; what must come of it is written beside it, from
domain.md 3.2 by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from identity_cases import LATE, OLD, Case, Cases, Keys, together
from identity_nights import Nights, Record, Step


@dataclass
class Seen:
    """What each night held."""

    cases: dict[str, Case]
    keys: list[Keys]
    statuses: dict[Record, tuple[str, str]]
    reviews: list[list[tuple[Any, ...]]]
    redirects: list[dict[str, str]]
    rebuilt: Keys
    survivors: dict[str, tuple[str, str]]
    address: list[tuple[Any, ...]]

    def parts(self, name: str, night: int) -> set[frozenset[str]]:
        return self.cases[name].parts(self.keys[night])

    def reasons(self, name: str, night: int) -> dict[frozenset[str], tuple[str, str]]:
        """(rule, reason) per pair of records on the review list."""
        found = {}
        for row in self.reviews[night]:
            ends = [str(record).removeprefix(f"{name}-") for record in (row[2], row[3])]
            if str(row[2]).startswith(f"{name}-"):
                found[frozenset(ends)] = (row[0], row[1])
        return found


REVIEW = (
    "select rule_id, reason, left_record_id, right_record_id, first_seen_at from identity_review"
)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, identity_steps: list[Step]) -> Seen:
    """Nights: 0 the rules alone; 1 decisions; 2 the same again; 3 second thoughts; 4 rebuilt."""
    cases = Cases()
    nights = Nights(tmp_path_factory.mktemp("decisions"), cases.pool, identity_steps)
    keys, reviews, redirects = [], [], []

    def night() -> None:
        keys.append(nights.night())
        reviews.append(nights.query(REVIEW))
        found = nights.query("select old_person_key, person_key from person_key_redirect")
        redirects.append(dict(found))

    consent(cases, "link")
    night()
    provenance = nights.query(
        "select attribute, source_record_id, rule from dim_member_provenance"
        " where source_record_id like 'survivors-%'"
    )
    address = nights.query(
        "select street, postal_code, city, city_source from dim_member where street like 'Am Tor%'"
    )
    decided = decide(cases)
    night()
    rows = nights.query("select * from map_identity order by all")
    states = nights.query(
        "select source_system, source_record_id, rule_id, status from int_identity__current"
    )
    night()
    assert nights.query("select * from map_identity order by all") == rows
    assert consents(nights) == {(cases.all["link"].name, "withdrawn")}
    link = cases.all["link"].records
    cases.pool.decide("distinct", link["a"], link["b"])
    decided["split"]["withdrawn_at"] = nights.moment
    night()
    assert len(consents(nights)) == 2
    nights.lose_the_build()
    statuses = {(one, other): (rule, status) for one, other, rule, status in states}
    survivors = {name: (record[-1], rule) for name, record, rule in provenance}
    rebuilt = nights.night()
    return Seen(cases.all, keys, statuses, reviews, redirects, rebuilt, survivors, address)


def consent(cases: Cases, name: str) -> None:
    """Granted by the one record, later; withdrawn by the other, before."""
    for short, status, said_at in (("a", "granted", LATE), ("b", "withdrawn", OLD)):
        system, record = cases.all[name].records[short]
        said = ("email", "marketing", status, "opt_in", said_at, None)
        cases.pool.row("conformed__consents", system, f"{name}-{short}", record, *said)


def consents(nights: Nights) -> set[tuple[str, str]]:
    found = nights.query("select evidence, status, member_key from sync_consents")
    return {("link", row[1]) for row in found}


def decide(cases: Cases) -> dict[str, dict[str, Any]]:
    """The decisions of the second night."""
    pool, records = cases.pool, {name: case.records for name, case in cases.all.items()}
    pool.decide("link", records["link"]["a"], records["link"]["b"])
    for short in ("a1", "a2", "a3"):
        row = pool.decide("distinct", records["split"]["b1"], records["split"][short])
    for name, force in (("link-against-births", False), ("forced-against-births", True)):
        pool.decide("link", records[name]["a"], records[name]["b"], is_forced=force)
    # A link of Max' ticket with the contact that is one with it only by that.
    forced = records["forced-against-births"]
    pool.decide("link", forced["b"], forced["c"])
    pool.decide("distinct", records["equal-records"]["a"], records["equal-records"]["b"])
    pool.decide("distinct", records["between"]["a"], records["between"]["b"])
    return {"split": row}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("junior-senior", together("father", "son")),
        ("junior-alone", together("a b")),
        ("numbers-at-once", together("n1", "n2")),
        ("numbers-in-turn", together("n1 n2")),
        ("numbers-in-turn-again", together("n1 n2")),
        ("numbers-of-two-systems", together("civicrm salesforce")),
        ("births-over-a-number", together("father customer", "son")),
        ("order-after-death", together("dead", "order")),
        ("order-before-death", together("dead order")),
        ("reader-after-death", together("dead", "reader")),
        ("names-alone", together("a", "b")),
        ("addresses", together("a", "b d", "c")),
        ("link", together("a", "b")),
        ("split", together("b1 a1 a2 a3")),
        ("equal-records", together("a b")),
        ("between", together("a b c")),
    ],
)
def test_what_the_rules_make_of_it(seen: Seen, name: str, expected: set[frozenset[str]]) -> None:
    assert seen.parts(name, 0) == expected


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("junior-senior", "suffixes_differ"),
        ("numbers-at-once", "member_numbers_differ"),
        ("births-over-a-number", "birth_dates_differ"),
        ("order-after-death", "active_after_death"),
    ],
)
def test_a_contradiction_waits_for_somebody(seen: Seen, name: str, reason: str) -> None:
    assert [why for _, why in seen.reasons(name, 0).values()] == [reason]


def test_an_address_is_reviewed_pair_by_pair_and_links_nobody(seen: Seen) -> None:
    """Three people of one name at one address are three pairs; b's ticket brings no fourth."""
    assert seen.reasons("addresses", 0) == {
        frozenset(pair): ("T6", "same_name_and_address") for pair in ("ab", "ac", "bc")
    }


@pytest.mark.parametrize("night", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("link-against-births", together("a", "b", "c")),
        ("forced-against-births", together("a b c")),
        ("equal-records", together("a", "b")),
        ("between", together("a", "b", "c")),
        ("addresses", together("a", "b d", "c")),
    ],
)
def test_decisions_hold(seen: Seen, name: str, expected: set[frozenset[str]], night: int) -> None:
    assert seen.parts(name, night) == expected


def test_a_link_by_hand_holds_until_the_next_word(seen: Seen) -> None:
    both = [seen.parts("link", night) for night in range(4)]
    assert both == [together("a", "b"), together("a b"), together("a b"), together("a", "b")]
    a, b = seen.cases["link"].records.values()
    assert seen.keys[1][a] == seen.keys[0][a], "the older membership keeps its key"
    assert seen.statuses[a] == ("M", "manual")
    assert seen.redirects[1][seen.keys[0][b]] == seen.keys[0][a]
    assert seen.keys[0][b] not in seen.redirects[3]
    assert seen.keys[3][b] == seen.keys[0][b], "b is who b was"


def test_a_split_leaves_the_rest_together_and_is_taken_back(seen: Seen) -> None:
    assert seen.parts("split", 1) == seen.parts("split", 2) == together("b1", "a1 a2 a3")
    # The decision about a3 was taken back: it fits both sides again, and waits for somebody.
    assert seen.parts("split", 3) == together("b1", "a1", "a2", "a3")
    assert set(seen.reasons("split", 3).values()) == {("T5", "told_apart")}
    records = seen.cases["split"].records
    assert seen.keys[1][records["b1"]] == seen.keys[0][records["b1"]]
    assert seen.keys[1][records["a1"]] != seen.keys[0][records["a1"]]


def test_a_link_against_a_contradiction_is_shown_and_not_made(seen: Seen) -> None:
    assert seen.reasons("link-against-births", 1) == {frozenset("ab"): ("M", "birth_dates_differ")}


def test_who_was_told_apart_is_not_asked_about_again(seen: Seen) -> None:
    assert not seen.reasons("equal-records", 1)
    between = seen.reasons("between", 1)
    assert set(between) == {frozenset("ac"), frozenset("bc")}


def test_a_pair_keeps_the_day_it_first_came_up(seen: Seen) -> None:
    firsts = {row[4] for row in seen.reviews[0]}
    assert len(firsts) == 1
    later = {row[2:4]: row[4] for row in seen.reviews[3]}
    assert {later[row[2:4]] for row in seen.reviews[0] if row[2:4] in later} == firsts
    assert set(later.values()) > firsts


def test_decisions_survive_the_loss_of_the_whole_build(seen: Seen) -> None:
    for case in seen.cases.values():
        assert case.parts(seen.rebuilt) == case.parts(seen.keys[3]), case.name


def test_each_attribute_says_where_it_is_from_and_why(seen: Seen) -> None:
    """Source priority, then the latest change; a whole address before the part of one."""
    assert seen.survivors == {
        "first_name": ("b", "recency"),
        "last_name": ("b", "recency"),
        "email": ("b", "recency"),
        "phone_e164": ("b", "source_priority"),
        "birth_date": ("c", "only_value"),
        "address": ("c", "completeness"),
    }
    assert seen.address == [("Am Tor 2", "53111", None, None)], "no city of another record"

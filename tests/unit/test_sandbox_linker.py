"""The brute-force identity linker: each tier, shared addresses, guards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.identity import Identity, normal_name, normal_phone
from sandbox.linker import first_compatible, levenshtein_at_most_one, undecidable

MAIL = "anna.ahrens@example.org"


def record(source: str, number: int = 1, **known: Any) -> Identity:
    names = ("first", "last", "birth", "email", "phone", "member_number", "foreign")
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    values = {name: known.get(name) for name in names}
    return Identity(source, str(number), **values, created=moment, modified=moment)


ANNA = record("civicrm", 10, first="anna", last="ahrens", birth="1980-01-01", email=MAIL)


def decided(*records: Identity, other: tuple[Identity, ...] = ()) -> bool:
    """Whether person 1 (records) and person 2 (other) come out exactly as they are."""
    return not undecidable({1: records, 2: other} if other else {1: records})


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (record("stripe", foreign="10"), True),  # T0
        (record("stripe", foreign="11"), False),
        (record("pretix", first="anna", last="ahrenz", email=MAIL), True),  # T3
        (record("pretix", first="a", last="ahrens", email=MAIL), True),
        (record("pretix", first="anna", last="berger", email=MAIL), True),  # renamed
        (record("pretix", first="nele", last="ahrens", email=MAIL), False),
        (record("pretix", first="annna", last="berger", email=MAIL), False),
        (record("pretix", email=MAIL), True),
        (record("civicrm", 12, first="anna", last="ahrens", birth="1980-01-01"), True),  # T5
        (record("civicrm", 12, first="anna", last="ahrens"), False),
        (record("civicrm", 12, first="anna", last="ahrens", birth="1981-01-01", email=MAIL), False),
    ],
)
def test_two_records_of_one_person(second: Identity, expected: bool) -> None:
    assert decided(ANNA, second) is expected


def test_member_number_needs_a_name_unless_the_record_has_none() -> None:
    numbered = record("civicrm", 10, first="anna", last="ahrens", member_number="M-1")
    assert decided(numbered, record("filedrop", member_number="M-1"))
    assert decided(numbered, record("pretix", first="x", last="ahrenz", member_number="M-1"))
    assert not decided(numbered, record("pretix", first="x", last="berger", member_number="M-1"))
    assert not decided(numbered, record("pretix", member_number="M-1"))


def test_phone_needs_the_whole_name() -> None:
    phoned = record("civicrm", 10, first="anna", last="ahrens", phone="+4915550000001")
    assert decided(phoned, record("pretix", first="anna", last="ahrens", phone="+4915550000001"))
    assert not decided(
        phoned, record("pretix", first="anna", last="ahrenz", phone="+4915550000001")
    )


def test_a_role_address_is_nobodys() -> None:
    role = "kontakt@example.org"
    one = record("civicrm", 10, first="anna", last="ahrens", email=role)
    assert not decided(one, record("pretix", first="anna", last="ahrens", email=role))


def test_a_household_stays_two_people() -> None:
    theo = record("civicrm", 20, first="theo", last="ahrens", birth="1979-01-01", email=MAIL)
    assert decided(ANNA, other=(theo,))
    same = record("civicrm", 20, first="anna", last="ahrens", email=MAIL)
    assert undecidable({1: [ANNA], 2: [same]}) == dict.fromkeys((1, 2), "mixed with another person")


def test_the_address_of_a_household_links_no_ticket() -> None:
    theo = record("civicrm", 20, first="theo", last="ahrens", email=MAIL)
    ticket = record("pretix", first="anna", last="ahrens", email=MAIL)
    assert undecidable({1: [ANNA, ticket], 2: [theo]}) == {1: "split into 2 people"}


def test_more_than_twelve_profiles_are_broken_up() -> None:
    many = [record("pretix", n, first="anna", last="ahrens", email=MAIL) for n in range(30)]
    assert decided(ANNA, *many)  # thirty equal records are one profile
    phones = [
        record("pretix", n, first="anna", last="ahrens", email=MAIL, phone=f"+49155500{n:05d}")
        for n in range(12)
    ]
    assert decided(ANNA, *phones[:11])
    assert not decided(ANNA, *phones)


def test_two_member_numbers_of_one_system_break_a_cluster() -> None:
    one = record("civicrm", 10, first="anna", last="ahrens", email=MAIL, member_number="M-1")
    two = record("civicrm", 11, first="anna", last="ahrens", email=MAIL, member_number="M-2")
    typed = record("pretix", first="anna", last="ahrens", email=MAIL, member_number="M-2")
    assert not decided(one, two)
    assert decided(one, other=(two,))
    assert decided(one, typed)


def test_a_father_and_a_son_on_one_number_keep_what_is_stated_outright() -> None:
    father = record("civicrm", 10, last="kern", birth="1950-01-01", member_number="M-1")
    customer = record("stripe", foreign="10")
    son = record("pretix", last="kern", birth="1980-01-01", member_number="M-1")
    assert decided(father, customer, other=(son,))


def test_a_name_alone_makes_nobody_one() -> None:
    one = record("pretix", 1, first="anna", last="ahrens")
    assert not decided(one, record("pretix", 2, first="anna", last="ahrens"))
    assert decided(one, other=(record("pretix", 2, first="anna", last="ahrens"),))


def test_normal_forms() -> None:
    assert normal_name("Jean-Luc O’Né") == "jeanlucone" == normal_name("JEAN LUC O'Ne\u0301")
    assert normal_name(" - ") is None
    numbers = ("+49 1555 0123456", "015550123456", "0049 1555 0123456", "+4915550123456")
    assert {normal_phone(number) for number in numbers} == {"+4915550123456"}


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [("abcd", "abcd", True), ("abcd", "abxd", True), ("abcd", "abcde", True), ("abc", "ab", True),
     ("abcd", "bacd", False), ("abcd", "ab", False), ("abcd", "xbcy", False)],
)  # fmt: skip
def test_edit_distance_of_at_most_one(one: str, other: str, near: bool) -> None:
    assert levenshtein_at_most_one(one, other) is levenshtein_at_most_one(other, one) is near


def test_short_first_names_are_not_near() -> None:
    assert not first_compatible("ida", "ina")
    assert first_compatible("jana", "jara")
    assert first_compatible(None, "jana")

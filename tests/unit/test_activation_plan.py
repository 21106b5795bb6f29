"""The plan: a deterministic, immutable difference that touches only what we put there."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation.address import AddressHasher, address_key, mask
from activation.plan import Payload, Plan, PlanRow, SegmentState, build_plan, urgent_removes

NOW = datetime(2026, 6, 30, 21, tzinfo=UTC)
ADDRESSES = [f"{n:032x}" for n in range(6)]


def plan_of(
    states: dict[str, SegmentState],
    *,
    on_platform: dict[str, str] | None = None,
    fingerprints: dict[str, str] | None = None,
    created: datetime = NOW,
    build: str = "b1",
    update_fields: bool = True,
) -> Plan:
    payloads = {a: Payload(f"p{a[-1]}@example.org", {}, "fp") for a in ADDRESSES}
    return build_plan(
        states,
        payloads,
        dict.fromkeys(ADDRESSES, "fp") if on_platform is None else on_platform,
        fingerprints or {},
        destination="d",
        build_version=build,
        as_of=date(2026, 6, 30),
        created_at=created,
        expires_at=created + timedelta(hours=24),
        update_fields=update_fields,
    )


def rows(plan: Plan) -> list[tuple[str, str, str, str]]:
    return [(r.op, r.segment, r.address[-1], r.reason) for r in plan.rows]


def test_adds_removes_and_strangers() -> None:
    a, b, c, d, *_ = ADDRESSES
    state = SegmentState(
        desired={a: "m1", b: "m2"}, held=[b, c, d], delivered={b: "m2", c: "m3"}, why_not={}
    )
    assert rows(plan_of({"01_x": state})) == [
        ("remove", "01_x", "2", "left_segment"),
        ("add", "01_x", "0", "entered"),
    ]
    assert (state.before, state.foreign) == (2, 1)  # d was added by somebody else and stays


def test_each_row_says_why() -> None:
    a, b, c, d, *_ = ADDRESSES
    state = SegmentState(
        desired={a: "m1", d: "m4"},
        held=[b, c],
        delivered={a: "m1", b: "m4", c: "m3"},
        why_not={"m3": "withdrawn"},
    )
    assert rows(plan_of({"01_x": state})) == [
        ("remove", "01_x", "2", "withdrawn"),
        ("remove", "01_x", "1", "address_changed"),
        ("add", "01_x", "0", "missing_on_platform"),
        ("add", "01_x", "3", "entered"),
    ]


def test_contacts_are_created_once_and_updated_when_our_value_changed() -> None:
    a, b, *_ = ADDRESSES
    states = {
        "01_x": SegmentState(desired={a: "m2", b: "m3"}, held=[b], delivered={b: "m3"}),
        "20_y": SegmentState(desired={a: "m1"}, held=[a], delivered={a: "m1"}),
    }
    assert rows(plan_of(states, on_platform={b: "other"}))[:2] == [
        ("create_contact", "", "0", "not_on_platform"),
        ("update_contact", "", "1", "fields_changed"),
    ]
    # Changed there by a marketer: stays, until our own value is another than the acknowledged one.
    kept = plan_of(states, on_platform={a: "theirs", b: "theirs"}, fingerprints={a: "fp", b: "fp"})
    assert [r.op for r in kept.rows] == ["add"]
    changed = plan_of(states, fingerprints={a: "old", b: "old"})
    assert [r.op for r in changed.rows].count("update_contact") == 2
    off = plan_of(states, fingerprints={a: "old", b: "old"}, update_fields=False)
    assert [r.op for r in off.rows] == ["add"]


def test_the_hash_is_of_the_content_only() -> None:
    state = SegmentState(desired={ADDRESSES[0]: "m1"}, held=[], delivered={})
    first, later = plan_of({"01_x": state}), plan_of({"01_x": state}, created=NOW.replace(hour=22))
    assert first.hash == later.hash
    assert first.canonical() == later.canonical()
    assert json.loads(first.canonical())["rows"][0][:2] == ["add", "01_x"]
    assert plan_of({"01_x": state}, build="b2").hash != first.hash
    other = SegmentState(desired={ADDRESSES[1]: "m1"}, held=[], delivered={})
    assert plan_of({"01_x": other}).hash != first.hash
    with pytest.raises(dataclasses.FrozenInstanceError):
        first.rows = ()  # type: ignore[misc]


def test_a_slice_does_not_change_when_other_segments_do() -> None:
    held = SegmentState(desired={ADDRESSES[0]: "m1"}, held=[], delivered={})
    other = SegmentState(desired={ADDRESSES[1]: "m2"}, held=[], delivered={})
    done = SegmentState(desired={ADDRESSES[1]: "m2"}, held=[ADDRESSES[1]], delivered={})
    before, after = plan_of({"01_x": held, "20_y": other}), plan_of({"01_x": held, "20_y": done})
    assert before.hash != after.hash
    assert before.slice_hash("01_x") == after.slice_hash("01_x")
    assert before.slice_hash("01_x") != before.slice_hash("20_y")


def test_urgent_removes_leave_even_when_held_unless_they_are_many() -> None:
    a, b, c, *_ = ADDRESSES
    state = SegmentState(
        desired={}, held=[a, b, c], delivered={a: "m1", b: "m2", c: "m3"},
        why_not={"m1": "withdrawn", "m2": "platform_unsubscribed"},
    )  # fmt: skip
    plan = plan_of({"01_x": state})
    assert {r.member_key for r in urgent_removes(plan, "01_x", 2)} == {"m1", "m2"}
    assert urgent_removes(plan, "01_x", 1) == frozenset()


subset = st.sets(st.sampled_from(ADDRESSES))


@given(desired=subset, held=subset, delivered=subset)
def test_carrying_a_plan_out_leaves_nothing_to_do(
    desired: set[str], held: set[str], delivered: set[str]
) -> None:
    state = SegmentState(dict.fromkeys(desired, "m"), held, dict.fromkeys(delivered, "m"))
    plan = plan_of({"01_x": state})
    assert plan.rows == plan_of({"01_x": state}).rows
    ops = [row.op for row in plan.rows]
    assert ops == sorted(ops, key=["remove", "create_contact", "update_contact", "add"].index)
    after_held, after_delivered = set(held), set(delivered) - state.vanished
    for row in plan.rows:
        if row.op == "add":
            assert row.address not in held
            after_held.add(row.address)
            after_delivered.add(row.address)
        if row.op == "remove":
            assert row.address in delivered
            after_held.remove(row.address)
            after_delivered.remove(row.address)
    assert desired <= after_held
    assert after_held - desired == held - delivered - desired  # only strangers stay
    again = SegmentState(
        dict.fromkeys(desired, "m"), after_held, dict.fromkeys(after_delivered, "m")
    )
    assert plan_of({"01_x": again}).rows == ()


def test_nothing_an_operator_sees_or_a_log_prints_holds_an_address() -> None:
    payload = Payload("ada.lovelace@example.org", {"FNAME": "Ada"}, "fp")
    state = SegmentState(desired={ADDRESSES[0]: "m1"}, held=[], delivered={})
    plan = plan_of({"01_x": state}, on_platform={})
    shown = "\n".join(plan.preview({ADDRESSES[0]: mask(payload.email)})) + repr(plan)
    shown += repr(payload) + plan.canonical()
    assert "lovelace" not in shown
    assert "a***@e***.org" in shown
    assert "create_contact" in shown


def test_address_keys_and_hashes() -> None:
    assert address_key(" Ada@Example.ORG ") == "ada@example.org"
    assert address_key("u\u0308ber@example.org") == address_key("über@example.org")
    assert address_key("аda@example.org") != address_key("ada@example.org")  # Cyrillic a
    assert address_key("") is None
    assert address_key("no address") is None
    one, two = AddressHasher(b"1" * 32), AddressHasher(b"2" * 32)
    assert one.address("a@example.org") == one.address("a@example.org")
    assert one.address("a@example.org") != two.address("a@example.org")
    assert one.fields({"A": "1", "B": "2"}) == one.fields({"B": "2", "A": "1"})
    assert one.fields({"A": "1"}) != one.fields({"A": "2"})
    with pytest.raises(ValueError, match="32 bytes"):
        AddressHasher(b"short")


def test_plan_rows_sort_by_work_order() -> None:
    mixed = [PlanRow("add", "a", "m", "x", ""), PlanRow("remove", "z", "m", "x", "")]
    assert [r.op for r in sorted(mixed, key=PlanRow.sort_key)] == ["remove", "add"]

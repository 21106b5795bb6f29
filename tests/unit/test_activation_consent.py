"""The consent gate's truth table: who is sent, and the one reason for everybody else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from activation.consent import INPUTS, GateInputError, gate

JAN, FEB, MAR = "2026-01-01", "2026-02-01", "2026-03-01"
GRANT = ("m1", "email", "all", "granted", None, JAN)


def frame(name: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(INPUTS[name]), dtype=object)


def contact(
    key: str = "m1",
    email: str | None = "a@example.org",
    dead: Any = False,
    erased: Any = False,
    stage: str = "engaged",
) -> tuple[Any, ...]:
    return (key, email, email, False, dead, erased, stage)


def decide(**given: list[tuple[Any, ...]]) -> list[tuple[str, str, str]]:
    """(member, decision, reason) with sensible rows for what is not given."""
    rows: dict[str, list[tuple[Any, ...]]] = {
        "candidates": [("01_a", "m1", "membership", "email")],
        "contacts": [contact()],
        "consents": [GRANT],
        "suppressions": [],
        "holds": [],
        "platform_status": [("a@example.org", "subscribed", MAR)],
        "blocks": [],
    }
    rows |= given
    found = gate(**{name: frame(name, listed) for name, listed in rows.items()})
    return list(found[["member_key", "decision", "reason"]].itertuples(index=False, name=None))


def reason(**given: list[tuple[Any, ...]]) -> str:
    ((_, decision, said),) = decide(**given)
    assert (decision == "sent") == (said == "")
    return said


def test_a_living_consenting_subscribed_person_is_sent() -> None:
    assert reason() == ""
    assert reason(platform_status=[]) == ""  # unknown there: may be created


@pytest.mark.parametrize(
    ("person", "said"),
    [
        (contact(email=None), "no_email"),
        (contact(email=" "), "no_email"),
        (contact(dead=True), "deceased"),
        (contact(stage="deceased"), "deceased"),
        (contact(erased=True), "erased"),
        (contact(stage="erased"), "erased"),
        (contact(dead=None), "unknown_state"),
        (contact(erased=None), "unknown_state"),
        (contact(key="somebody else"), "unknown_person"),
    ],
)
def test_the_person(person: tuple[Any, ...], said: str) -> None:
    assert reason(contacts=[person]) == said


def test_a_person_listed_twice_is_not_known() -> None:
    assert reason(contacts=[contact(), contact(email="b@example.org")]) == "unknown_person"


@pytest.mark.parametrize(
    ("consents", "said"),
    [
        ([], "no_consent"),
        ([("m1", "email", "membership", "granted", None, JAN)], ""),
        ([("m1", "email", "marketing", "granted", None, JAN)], "no_consent"),
        ([("m1", "post", "membership", "granted", None, JAN)], "no_consent"),
        ([("m2", "email", "membership", "granted", None, JAN)], "no_consent"),
        ([("m1", "email", "all", "granted", None, None)], "no_consent"),  # no date, no proof
        ([("m1", "email", "all", "yes", None, JAN)], "no_consent"),
        ([GRANT, ("m1", "email", "membership", "withdrawn", "opt_out", FEB)], "withdrawn"),
        ([GRANT, ("m1", "email", "marketing", "withdrawn", "opt_out", FEB)], ""),
        ([("m1", "email", "membership", "withdrawn", None, JAN), (*GRANT[:5], FEB)], ""),
        ([GRANT, ("m1", "email", "all", "withdrawn", None, JAN)], "withdrawn"),  # tie: strictest
        ([GRANT, ("m1", "email", "all", "withdrawn", None, None)], "withdrawn"),  # undated no
        ([GRANT, ("m1", "email", "??", "withdrawn", None, FEB)], "withdrawn"),
        ([("m1", "email", "??", "granted", None, JAN)], "no_consent"),
        ([GRANT, ("m1", "email", "all", "suppressed", "complaint", FEB)], "suppressed:complaint"),
        ([GRANT, ("m1", "email", "all", "suppressed", None, FEB)], "suppressed"),
    ],
)
def test_consent(consents: list[tuple[Any, ...]], said: str) -> None:
    assert reason(consents=consents) == said


@pytest.mark.parametrize(
    ("suppression", "said"),
    [
        (("m1", "a@example.org", "email", "hard_bounce", JAN), "suppressed:hard_bounce"),
        (("m1", None, "email", "complaint", JAN), "suppressed:complaint"),
        ((None, "a@example.org", "email", "hard_bounce", JAN), "suppressed:hard_bounce"),
        (("m1", None, None, None, None), "suppressed:unknown"),
        (("m1", None, "all", "opt_out", JAN), "suppressed:opt_out"),
        (("m1", None, "post", "opt_out", JAN), ""),
        (("m2", "a@example.org", "email", "complaint", JAN), "shared_address_suppressed"),
        (("m2", "b@example.org", "email", "complaint", JAN), ""),
    ],
)
def test_suppressions(suppression: tuple[Any, ...], said: str) -> None:
    assert reason(suppressions=[suppression]) == said


def test_a_suppressed_housemate_suppresses_the_shared_address() -> None:
    people = [contact(), contact("m2")]
    assert reason(contacts=people, suppressions=[("m2", None, "email", "unsubscribed", JAN)]) == (
        "shared_address_suppressed"
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("unsubscribed", "platform_unsubscribed"),
        ("cleaned", "platform_cleaned"),
        ("archived", "platform_archived"),
        ("pending", "platform_compliance"),
        ("transactional", "platform_compliance"),
        ("unknown", "platform_compliance"),
        (None, "platform_compliance"),
        ("SUBSCRIBED", "platform_compliance"),
    ],
)
def test_the_platform_objects(status: str | None, said: str) -> None:
    assert reason(platform_status=[("a@example.org", status, MAR)]) == said
    both = [("a@example.org", "subscribed", MAR), ("a@example.org", status, JAN)]
    assert reason(platform_status=both) == said  # two spellings: the stricter counts


def test_holds_and_purposes() -> None:
    assert reason(holds=[("m1", "bereavement")]) == "hold"
    assert reason(holds=[("m1", None)]) == "hold"
    assert reason(candidates=[("01_a", "m1", "advertising", "email")]) == "unknown_purpose"
    assert reason(candidates=[("01_a", "m1", None, "email")]) == "unknown_purpose"
    assert reason(candidates=[("01_a", "m1", "membership", "post")]) == "unknown_purpose"


def test_only_the_persons_own_fresh_opt_in_lifts_a_compliance_block() -> None:
    block = [("a@example.org", "compliance", "forgotten", FEB)]
    fresh = [(*GRANT[:5], MAR)]
    assert reason(blocks=block) == "suppressed:forgotten"
    assert reason(blocks=block, consents=fresh, platform_status=[]) == "suppressed:forgotten"
    assert reason(blocks=block, consents=fresh) == ""
    quarantine = [("a@example.org", "quarantine", "invalid", FEB)]
    assert reason(blocks=quarantine, consents=fresh) == "quarantined:invalid"
    assert reason(blocks=block + quarantine, consents=fresh) == "quarantined:invalid"


def test_one_contact_per_address_within_a_segment() -> None:
    found = decide(
        candidates=[
            ("01_a", "m2", "membership", "email"),
            ("01_a", "m1", "membership", "email"),
            ("20_b", "m2", "membership", "email"),
        ],
        contacts=[contact(), contact("m2")],
        consents=[GRANT, ("m2", *GRANT[1:])],
    )
    assert found == [
        ("m2", "suppressed", "duplicate_address"),
        ("m1", "sent", ""),
        ("m2", "sent", ""),
    ]


@pytest.mark.parametrize("missing", list(INPUTS))
def test_missing_input_fails_closed(missing: str) -> None:
    frames = {name: frame(name, []) for name in INPUTS}
    frames[missing] = frames[missing].drop(columns=INPUTS[missing][-1])
    with pytest.raises(GateInputError, match=missing):
        gate(**frames)


def test_no_candidates_is_no_rows_and_every_candidate_is_one_row() -> None:
    assert decide(candidates=[]) == []
    many = [("01_a", f"m{n}", "membership", "email") for n in range(50)]
    assert [row[0] for row in decide(candidates=many)] == [row[1] for row in many]

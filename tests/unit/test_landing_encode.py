"""What is landed: comparable contact keys, bounded and clean text."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from landing_tools import spec

from connectors.landing.email_addresses import email_key
from connectors.landing.encode import MAX_FIELD, MAX_RECORD, Encoder
from connectors.landing.phone_numbers import by_library, phone_e164
from connectors.protocol import Column


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada.Love@Example.ORG\n", "ada.love@example.org"),
        ("o'neil+news@example.org", "o'neil+news@example.org"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),  # NFD becomes NFC
        ("jos\u00e9@example.org", "jos\u00e9@example.org"),
        ("ada@m\u00fcller.example.com", "ada@m\u00fcller.example.com"),
        ("ada@xn--mller-kva.example.com", "ada@m\u00fcller.example.com"),
        ("\u0430da@example.org", "\u0430da@example.org"),  # Cyrillic a: another mailbox
        ("ada", None),
        ("ada@", None),
        ("ada@example", None),
        ("a..b@example.org", None),
        (".a@example.org", None),
        ("a@-example.org", None),
        ("a@example..org", None),
        ("a b@example.org", None),
        ("", None),
        ("x" * 400 + "@example.org", None),
    ],
)
def test_email_keys(sent: str, key: str | None) -> None:
    assert email_key(sent) == key


def test_the_short_way_agrees_with_the_library() -> None:
    from email_validator import EmailNotValidError, validate_email

    for text in ("a-b_c+d.e@x-y.example.org", "a--b@example.org", "a@b.co.uk", "1@2.com"):
        try:
            wanted: str | None = validate_email(text, check_deliverability=False).normalized
        except EmailNotValidError:
            wanted = None
        assert email_key(text) == wanted


@pytest.mark.parametrize(
    ("sent", "region", "key"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("+49 (0)30 / 123-4567", "GB", "+49301234567"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("12", "DE", None),
        ("call me", "DE", None),
        ("9" * 100, "DE", None),
    ],
)
def test_phone_keys(sent: str, region: str, key: str | None) -> None:
    assert phone_e164(sent, region) == key


def lines(*records: dict[str, Any]) -> list[dict[str, Any]]:
    declared = spec(
        columns={
            "id": Column("integer"),
            "mail": Column("email", path="contact.mail"),
            "phone": Column("phone"),
        }
    )
    data = Encoder(declared).encode(2, records).data
    return [json.loads(line) for line in gzip.decompress(data).splitlines()]


def test_keys_lie_beside_the_record() -> None:
    record = {"id": 1, "contact": {"mail": "A@Example.org"}, "phone": "030 1234567"}
    (line,) = lines(record)
    assert line["r"] == record
    assert line["k"] == {"mail_key": "a@example.org", "phone_e164": "+49301234567"}
    assert line["n"] == 2_000_000
    assert "k" not in lines({"id": 1, "phone": None, "contact": 5})[0]


def test_nul_and_lone_surrogates_are_taken_out() -> None:
    (line,) = lines({"id": 1, "a\x00b": "x\x00y", "s": ["\ud800ok", {"t": "\udfff"}]})
    assert line["r"] == {"id": 1, "ab": "xy", "s": ["?ok", {"t": "?"}]}


def test_emoji_and_accents_stay() -> None:
    (line,) = lines({"id": 1, "name": "Zoë 🙂 \u2028 \\u0000"})
    assert line["r"]["name"] == "Zoë 🙂 \u2028 \\u0000"


def test_a_huge_text_is_capped_and_a_huge_record_set_aside() -> None:
    capped, bad, fine = lines(
        {"id": 1, "text": "x" * (MAX_FIELD + 5)},
        {"id": 2, "list": ["y" * MAX_FIELD] * (MAX_RECORD // MAX_FIELD + 1)},
        {"id": 3},
    )
    assert len(capped["r"]["text"]) == MAX_FIELD
    assert bad["bad"] == f"is larger than {MAX_RECORD} bytes"
    assert bad["r"] == {"id": 2}
    assert fine["r"] == {"id": 3}


def test_a_value_that_is_not_json_is_set_aside() -> None:
    assert [line.get("bad") for line in lines({"id": 1, "x": object()}, {"id": 2})] == [
        "holds a value that is not JSON",
        None,
    ]


def test_numbers_keep_their_digits_and_no_number_is_null() -> None:
    exact, none, scrubbed = lines(
        {"id": 1, "x": 2**70, "y": 0.1},
        {"id": 2, "x": float("nan")},
        {"id": 3, "x": float("nan"), "name": "a\ud800"},
    )
    assert exact["r"] == {"id": 1, "x": 2**70, "y": 0.1}
    assert none["r"]["x"] is None
    assert scrubbed["r"] == {"id": 3, "x": None, "name": "a?"}


def test_a_page_has_less_than_a_million_rows() -> None:
    class Many(list[Any]):
        def __len__(self) -> int:
            return 1_000_000

    with pytest.raises(ValueError, match="1000000 rows"):
        Encoder(spec()).encode(0, Many())


@given(
    region=st.sampled_from(["DE", "AT", "CH", "FR", "NL", "GB", "IT", "US", "SE", "JP"]),
    digits=st.from_regex(r"0[0-9]{1,15}", fullmatch=True),
    separators=st.lists(st.tuples(st.integers(1, 15), st.sampled_from(" /.-")), max_size=3),
)
def test_the_quick_way_for_phone_numbers_says_what_the_library_says(
    region: str, digits: str, separators: list[tuple[int, str]]
) -> None:
    spelled = digits
    for place, separator in separators:
        spelled = spelled[:place] + separator + spelled[place:]
    assert phone_e164(spelled, region) == by_library(spelled, region)

"""What people write in confidence (class P5) never lands: the words of cases and of free answers.

Two halves: no stream declares such a column, and the streams of cases, activities and answers drop
what nobody declared before it reaches the disk, whatever a vendor or a site's settings add.
"""

from __future__ import annotations

import gzip
import re

import pytest

from connectors.landing.encode import Encoder
from connectors.protocol import Column, Cursor, StreamSpec
from connectors.registry import all_specs, is_mapped
from connectors.sources.contracts import entity_specs

# Columns in which people or staff write sentences.
FREE_TEXT = re.compile(
    r"(^|_)(description|subject|comments?|body|message|notes?|details?|content|summary|text"
    r"|remarks?|answer|transcript|html)(_|$)"
)
# Streams whose records are about somebody's case, conversation or answer.
ABOUT_CASES = re.compile(r"case|ticket(_|$)|activit|grievance|satisfaction|response|answer|survey")
# Tickets of an event, opens and clicks: nobody writes there.
NOT_ABOUT_CASES = {("tito", "ticket"), ("mailchimp", "email_activity")}
# A name that looks like free text and is none.
DECLARED_ON_PURPOSE = {
    ("civicrm", "activity", "subject"): "taken only from changes of a case's status: the status",
    ("mailchimp", "report", "subject_line"): "the organisation's own subject line",
    ("mapped", "people", "sso_subject"): "a key of the sign-on system",
    ("wildapricot", "sent_email", "subject"): "the organisation's own subject line",
}
SPECS = [(kind, s) for kind, specs in all_specs().items() if not is_mapped(kind) for s in specs]
SPECS += [("mapped", spec) for spec in entity_specs()]
SECRET = "she wrote this in confidence"


def test_no_stream_declares_a_column_of_free_text() -> None:
    found = {
        (kind, spec.name, name)
        for kind, spec in SPECS
        for name, column in spec.columns.items()
        for word in (name, (column.path or "").split(".")[-1].lower())
        if FREE_TEXT.search(word) and ABOUT_CASES.search(spec.name)
    }
    found |= {
        (kind, spec.name, name)
        for kind, spec in SPECS
        for name in spec.columns
        if re.search(r"subject|body|comment|transcript", name)
    }
    assert found - set(DECLARED_ON_PURPOSE) == set()


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        pytest.param(kind, spec, id=f"{kind}.{spec.name}")
        for kind, spec in SPECS
        if ABOUT_CASES.search(spec.name) and (kind, spec.name) not in NOT_ABOUT_CASES
    ],
)
def test_what_nobody_declared_is_not_landed(kind: str, spec: StreamSpec) -> None:
    record = dict.fromkeys(spec.primary_key, "1")
    encoded = Encoder(spec).encode(0, [{**record, "private_words": SECRET}])
    assert SECRET.encode() not in gzip.decompress(encoded.data)
    assert b'"1"' in gzip.decompress(encoded.data)
    assert "private_words" in encoded.keys  # its name is reported, so that the loss is seen


def test_elsewhere_what_is_new_is_kept() -> None:
    spec = StreamSpec("contact", ("id",), {"id": Column("integer")}, Cursor("full"))
    landed = gzip.decompress(Encoder(spec).encode(0, [{"id": 1, "nickname": "Ada"}]).data)
    assert b"Ada" in landed

"""Typeform: two surveys, one with its score named and one without, as people and surveys."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from upstream import read_source

from connectors.testing.fakes.typeform import TypeformFake, add_form, answer, question, respond
from connectors.testing.server import FakeServer
from connectors.testing.store import RecordStore


def load(raw: Path, folder: Path) -> None:
    """Read a handful of responses."""
    folder.mkdir(parents=True, exist_ok=True)
    store = RecordStore(folder / "vendor.sqlite")
    try:
        _fill(store)
        with FakeServer(TypeformFake(store)) as server:
            survey = {"survey_code": "nps", "lifecycle_point": "renewal", "score": "recommend"}
            settings = {
                "base_url": server.url,
                "access_token": "sandbox-typeform-token",
                "forms": {"aaa": survey, "bbb": {}},
            }
            read_source("typeform", settings, raw, folder)
    finally:
        store.close()


def _fill(store: RecordStore) -> None:
    store.set_now(datetime(2026, 6, 1, 9, tzinfo=UTC))
    stars, scale = question("stars", "opinion_scale"), question("recommend", "opinion_scale")
    add_form(store, "aaa", [stars, scale, question("why", "long_text")])
    add_form(store, "bbb", [question("mail", "email"), question("feel", "nps")])
    answers = [
        answer("stars", "opinion_scale", "number", 3),
        answer("recommend", "opinion_scale", "number", 9),
        answer("why", "long_text", "text", "A long story."),
    ]
    respond(store, "aaa", "a1", answers, hidden={"member_number": "m 1001"})
    respond(store, "aaa", "a2", answers[:1], hidden={"civicrm_contact_id": "77"})
    mail = answer("mail", "email", "email", "Anna@Example.org")
    respond(store, "bbb", "b1", [mail, answer("feel", "nps", "number", 0)])
    respond(store, "bbb", "b2", [], response_type="partial")


_AT = datetime.fromisoformat("2026-06-01 09:00")  # naive, as the warehouse keeps it


def _person(response: str, **known: str) -> dict[str, object]:
    nobody = {"member_number": None, "foreign_record_id": None, "email_key": None}
    row = {"source_record_id": response, "record_kind": "respondent", "created_at": _AT}
    return {**row, **nobody, **known}


EXPECTED = {
    "people": [
        _person("a1", member_number="M1001"),
        _person("a2", foreign_record_id="77"),
        _person("b1", email_key="anna@example.org"),
    ],
    "surveys": [
        {
            "source_response_id": response,
            "source_record_id": response,
            "survey_code": code,
            "lifecycle_point": point,
            "score": score,
            "responded_at": _AT,
        }
        for response, code, point, score in (
            ("a1", "nps", "renewal", Decimal("9.00")),
            ("a2", "nps", "renewal", None),
            ("b1", "bbb", None, Decimal("0.00")),
        )
    ],
}

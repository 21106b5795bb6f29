"""Typeform's own traps: what must not land, the score's question, tokens, lag, and its pace."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sites import VendorSite, site

from connectors.errors import (
    AuthenticationError,
    NotPermitted,
    ShortReadError,
    SourceError,
)
from connectors.http.rate_limit import RateLimit
from connectors.sources.typeform import client
from connectors.testing.fakes.typeform import TypeformFake, add_form, answer, question, respond
from connectors.testing.faults import Faults

KEY = {"access_token": "sandbox-typeform-token"}
SCALE = question("recommend", "opinion_scale")


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture(autouse=True)
def _no_pauses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests a second would be minutes of sleep; one test keeps to them."""
    if "keeps_pace" not in request.node.name:
        monkeypatch.setattr(client, "LIMIT", RateLimit())


@pytest.fixture
def vendor(tmp_path: Path, faults: Faults) -> Iterator[VendorSite]:
    app = partial(TypeformFake, lag=timedelta(minutes=30))
    with site("typeform", tmp_path, app, faults) as made:
        yield made


def wait(vendor: VendorSite, **time: float) -> None:
    vendor.store.set_now(vendor.store.now() + timedelta(**time))


def tokens(vendor: VendorSite, source: Any) -> list[str]:
    return [row["id"] for row in vendor.lake.rows(source, "response", ["id"])]


def test_numbers_choices_and_dates_land_with_their_questions(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    answers = [
        answer("recommend", "opinion_scale", "number", 9),
        answer("stars", "rating", "number", 4),
        answer("again", "yes_no", "boolean", False),
        answer("born", "date", "date", "1990-02-03T00:00:00Z"),
        answer("mail", "email", "email", "Anna@Example.org"),
        answer("call", "phone_number", "phone_number", "+49 30 1234567"),
        answer("topic", "multiple_choice", "choice", {"id": "c1", "ref": "r1", "label": "Events"}),
        answer("more", "multiple_choice", "choices", {"ids": ["c1", "c2"], "labels": ["A", "B"]}),
    ]
    respond(vendor.store, "f1", "t1", answers)
    wait(vendor, hours=1)
    source = vendor.source(**KEY)
    vendor.lake.pull(source, "response")
    rows = {row["field_ref"]: row for row in vendor.lake.rows(source, "answer")}
    assert {row["response"] for row in rows.values()} == {"t1"}
    assert rows["recommend"]["number"] == 9
    assert rows["recommend"]["field_type"] == "opinion_scale"
    assert rows["stars"]["number"] == 4
    assert rows["again"]["boolean"] is False
    assert rows["born"]["date"].isoformat() == "1990-02-03"
    assert rows["mail"]["email_key"] == "anna@example.org"
    assert rows["call"]["phone_e164"] == "+49301234567"
    assert json.loads(rows["topic"]["choice"])["label"] == "Events"
    assert json.loads(rows["more"]["choices"])["labels"] == ["A", "B"]


def test_free_text_files_payments_and_strangers_do_not_land(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    answers = [
        answer("why", "long_text", "text", "SECRET"),
        answer("short", "short_text", "text", "SECRET"),
        answer("file", "file_upload", "file_url", "https://example.org/SECRET"),
        answer("site", "website", "url", "https://example.org/SECRET"),
        answer("pay", "payment", "payment", {"amount": "1", "last4": "SECRET", "name": "SECRET"}),
        answer("new", "something_new", "something", {"value": "SECRET"}),
        answer("topic", "multiple_choice", "choice", {"label": "Events", "other": "SECRET"}),
        answer("more", "multiple_choice", "choices", {"labels": ["A"], "other": "SECRET"}),
    ]
    hidden = {"member_number": "M1", "diagnosis": "SECRET"}
    metadata = {"network_id": "SECRET", "user_agent": "SECRET"}
    more = {"variables": [{"key": "x", "text": "SECRET"}], "tags": ["SECRET"]}
    respond(vendor.store, "f1", "t1", answers, hidden=hidden, metadata=metadata, **more)
    wait(vendor, hours=1)
    source = vendor.source(**KEY)
    vendor.lake.pull(source)
    landed = repr([vendor.lake.rows(source, spec.name) for spec in source.streams()])
    assert "SECRET" not in landed
    assert "M1" in landed
    rows = vendor.lake.rows(source, "answer", ["field_ref", "type", "number"])
    kinds = {row["field_ref"]: row["type"] for row in rows}
    assert kinds == {one["field"]["ref"]: one["type"] for one in answers}
    files = b"".join(gzip.decompress(path.read_bytes()) for path in vendor.folder.rglob("*.gz"))
    assert b"long_text" in files
    assert b"SECRET" not in files


@pytest.mark.parametrize(
    ("hidden", "answers", "email"),
    [
        ({"email": "h@example.org"}, [answer("mail", "email", "email", "a@example.org")], "h"),
        ({}, [answer("mail", "email", "email", "a@example.org")], "a"),
        ({"email": "xxxxx"}, [answer("mail", "email", "email", "a@example.org")], "a"),
        ({"email": ""}, [], None),
        ({}, [], None),
    ],
)
def test_who_answered(
    vendor: VendorSite, hidden: dict[str, str], answers: list[Any], email: str | None
) -> None:
    add_form(vendor.store, "f1", [SCALE])
    known = {"member_no": "M 1", "crm": "77"}
    respond(vendor.store, "f1", "t1", answers, hidden={**known, **hidden})
    wait(vendor, hours=1)
    source = vendor.source(**KEY, member_number_field="member_no", contact_id_field="crm")
    vendor.lake.pull(source, "response")
    columns = ["member_number", "civicrm_contact_id", "email"]
    (row,) = vendor.lake.rows(source, "response", columns)
    address = f"{email}@example.org" if email else None
    assert row == {"member_number": "M 1", "civicrm_contact_id": "77", "email": address}


GROUP = question("group", "group", fields=[question("text", "long_text"), question("inner", "nps")])


@pytest.mark.parametrize(
    ("fields", "wanted", "chosen"),
    [
        ([question("stars", "rating"), SCALE], None, "id_recommend"),
        ([GROUP, SCALE], None, "id_inner"),
        ([GROUP, SCALE], "recommend", "id_recommend"),
        ([SCALE, question("stars", "rating")], "id_stars", "id_stars"),
        ([question("stars", "rating")], None, None),
        ([SCALE], "gone", None),
    ],
)
def test_the_question_that_gives_the_score(
    vendor: VendorSite, fields: list[Any], wanted: str | None, chosen: str | None
) -> None:
    add_form(vendor.store, "f1", fields)
    survey = {"score": wanted, "lifecycle_point": "join"}
    source = vendor.source(**KEY, forms={"f1": survey})
    vendor.lake.pull(source, "form")
    columns = ["survey_code", "lifecycle_point", "score_field"]
    assert vendor.lake.rows(source, "form", columns) == [
        {"survey_code": "f1", "lifecycle_point": "join", "score_field": chosen}
    ]


def test_the_placeholder_of_a_link_is_nobodys_number(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    respond(vendor.store, "f1", "t1", [], hidden={"member_number": "xxxxx"})
    wait(vendor, hours=1)
    source = vendor.source(**KEY)
    vendor.lake.pull(source, "response")
    assert vendor.lake.rows(source, "response", ["member_number"]) == [{"member_number": None}]


def test_a_short_list_of_forms_is_an_error(vendor: VendorSite, faults: Faults) -> None:
    add_form(vendor.store, "f1", [SCALE])
    items = [{"id": "f1", "title": "f1"}]
    faults.on(r"/forms\?").status(200, {"total_items": 2, "page_count": 1, "items": items})
    with pytest.raises(ShortReadError):
        vendor.lake.extract(vendor.source(**KEY), "form")


def test_only_named_forms_are_read(vendor: VendorSite) -> None:
    for form in ("f1", "f2", "f3"):
        add_form(vendor.store, form, [SCALE])
        respond(vendor.store, form, f"t-{form}", [])
    wait(vendor, hours=1)
    source = vendor.source(**KEY, forms={"f3": {"survey_code": "nps"}, "f1": {}})
    vendor.lake.pull(source)
    assert tokens(vendor, source) == ["t-f1", "t-f3"]
    codes = vendor.lake.rows(source, "form", ["id", "survey_code"])
    assert codes == [{"id": "f1", "survey_code": "f1"}, {"id": "f3", "survey_code": "nps"}]
    assert not vendor.asked("/forms")


def test_no_page_is_asked_for_with_a_sort(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    for number in range(7):
        respond(vendor.store, "f1", f"t{number}", [])
        wait(vendor, seconds=number % 2)
    wait(vendor, hours=1)
    source = vendor.source(**KEY, page_size=3)
    vendor.lake.pull(source, "response")
    assert len(tokens(vendor, source)) == 7
    asked = vendor.asked("/forms/f1/responses")
    assert [request.param("before") for request in asked] == [None, "t4", "t1"]
    assert not any(request.param("sort") for request in asked)
    assert {request.param("response_type") for request in asked} == {"completed"}


def test_a_response_that_shows_late_is_still_read(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    respond(vendor.store, "f1", "t1", [])
    wait(vendor, minutes=40)
    respond(vendor.store, "f1", "t2", [])
    source = vendor.source(**KEY)
    vendor.lake.pull(source, "response")
    assert tokens(vendor, source) == ["t1"]
    # Another form's later response moves the mark past the one not yet shown.
    moment = vendor.store.now()
    wait(vendor, minutes=80)
    respond(vendor.store, "f1", "t3", [], submitted_at=_z(moment + timedelta(minutes=45)))
    vendor.lake.pull(source, "response")
    assert tokens(vendor, source) == ["t1", "t2", "t3"]
    respond(vendor.store, "f1", "t4", [], submitted_at=_z(moment - timedelta(minutes=30)))
    vendor.lake.pull(source, "response")
    assert "t4" in tokens(vendor, source)
    asked = vendor.asked("/forms/f1/responses")[-1]
    assert int(str(asked.param("since"))) == int((moment - timedelta(minutes=75)).timestamp())


def test_partial_responses_are_left_out(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    respond(vendor.store, "f1", "t1", [])
    respond(vendor.store, "f1", "t2", [], response_type="partial")
    wait(vendor, hours=1)
    source = vendor.source(**KEY)
    vendor.lake.pull(source, "response", reconcile="always")
    assert tokens(vendor, source) == ["t1"]


def test_a_deleted_form_takes_its_responses_along(vendor: VendorSite) -> None:
    for form in ("f1", "f2"):
        add_form(vendor.store, form, [SCALE])
        respond(vendor.store, form, f"t-{form}", [])
    wait(vendor, hours=1)
    source = vendor.source(**KEY)
    vendor.lake.pull(source)
    vendor.store.delete("typeform", "form", "f1")
    receipts = vendor.lake.pull(source, reconcile="always")
    assert receipts["form"][1].deleted["form"] == 1
    assert receipts["response"][1].deleted["response"] == 1
    assert tokens(vendor, source) == ["t-f2"]


def test_a_form_deleted_while_reading_is_passed_over(vendor: VendorSite, faults: Faults) -> None:
    for form in ("f1", "f2"):
        add_form(vendor.store, form, [SCALE])
        respond(vendor.store, form, f"t-{form}", [])
    wait(vendor, hours=1)
    faults.on("/forms/f1").drift(partial(vendor.store.delete, "typeform", "form", "f1"))
    source = vendor.source(**KEY)
    vendor.lake.pull(source, "response")
    assert tokens(vendor, source) == ["t-f2"]
    named = vendor.source(**KEY, forms={"f1": {}})
    with pytest.raises(SourceError, match="does not know"):
        vendor.lake.extract(named, "response", full=True)


def test_a_page_that_lost_its_last_response_is_read_anew_at_the_next_run(
    vendor: VendorSite, faults: Faults
) -> None:
    add_form(vendor.store, "f1", [SCALE])
    for number in range(6):
        respond(vendor.store, "f1", f"t{number}", [])
    wait(vendor, hours=1)
    gone = partial(vendor.store.delete, "typeform", "response", "t4")
    faults.on("/responses").nth(2).drift(gone)
    source = vendor.source(**KEY, page_size=2)
    with pytest.raises(SourceError, match="VALIDATION_ERROR"):
        vendor.lake.extract(source, "response")
    vendor.lake.pull(source, "response")
    assert tokens(vendor, source) == ["t0", "t1", "t2", "t3", "t5"]


def test_an_empty_page_that_promises_more_is_an_error(vendor: VendorSite, faults: Faults) -> None:
    add_form(vendor.store, "f1", [SCALE])
    faults.on("/responses").status(200, {"total_items": 9, "page_count": 3, "items": []})
    with pytest.raises(SourceError, match="counts 9 more"):
        vendor.lake.extract(vendor.source(**KEY), "response")


def test_a_slice_is_asked_for_in_whole_seconds(vendor: VendorSite) -> None:
    add_form(vendor.store, "f1", [SCALE])
    since = vendor.store.now()
    for number in range(4):
        respond(vendor.store, "f1", f"t{number}", [])
        wait(vendor, days=1)
    source = vendor.source(**KEY)
    until = since + timedelta(days=2, milliseconds=500)
    vendor.lake.pull(source, "response", since=since + timedelta(days=1), until=until)
    assert tokens(vendor, source) == ["t1", "t2"]


def test_it_keeps_pace_with_two_requests_a_second(tmp_path: Path) -> None:
    with site("typeform", tmp_path, partial(TypeformFake, requests_per_second=3)) as vendor:
        for number in range(6):
            add_form(vendor.store, f"f{number}", [SCALE])
        source = vendor.source(**KEY)
        vendor.lake.pull(source, "form")
        assert len(vendor.lake.rows(source, "form")) == 6
        times = [request.time for request in vendor.server.requests]
        assert len(times) == 7, "none was refused"
        assert times[-1] - times[0] > 3


def test_check_names_the_score_and_what_is_missing(vendor: VendorSite, faults: Faults) -> None:
    add_form(vendor.store, "f1", [SCALE])
    add_form(vendor.store, "f2", [question("why", "long_text")])
    respond(vendor.store, "f1", "t1", [])
    wait(vendor, hours=1)
    forms = {"f1": {}, "f2": {"score": "nps"}, "f3": {}}
    said = {item.name: item for item in vendor.source(**KEY, forms=forms).check()}
    assert said["form"].ok
    assert "1 completed" in said["response of f1"].detail
    assert "'recommend'" in said["response of f1"].detail
    assert not said["response of f2"].ok
    assert "no question 'nps'" in said["response of f2"].detail
    assert not said["response of f3"].ok
    assert "does not know" in said["response of f3"].detail
    everything = vendor.source(**KEY).check()
    assert [item.name for item in everything] == ["form", "response of f1"]
    wrong = vendor.source(access_token="wrong-token")
    assert [item.ok for item in wrong.check()] == [False]
    assert "data centre" in wrong.check()[0].detail


def test_refusals_in_plain_words(vendor: VendorSite, faults: Faults) -> None:
    add_form(vendor.store, "f1", [SCALE])
    with pytest.raises(AuthenticationError) as caught:
        vendor.lake.extract(vendor.source(access_token="wrong-token"), "form")
    assert "wrong-token" not in str(caught.value)
    body = {"code": "FORBIDDEN", "description": "Anna Example"}
    faults.on("/responses").every().status(403, body)
    with pytest.raises(NotPermitted, match="responses:read") as refused:
        vendor.lake.extract(vendor.source(**KEY), "response")
    assert "Anna" not in str(refused.value)
    faults.clear()
    faults.on("/responses").every().status(400, {**body, "code": "VALIDATION_ERROR"})
    with pytest.raises(SourceError, match="VALIDATION_ERROR") as invalid:
        vendor.lake.extract(vendor.source(**KEY), "response")
    assert "Anna" not in str(invalid.value)


def _z(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds").replace("+00:00", "Z"))

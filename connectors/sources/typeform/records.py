"""What of a form and a response is landed: who, when, and answers that are no free text.

Data flow: form -> form_row(); response -> response_row() + answer_rows() -> rows.

A response also holds a browser, an address it came from, and any hidden field somebody put into a
link; an answer may be a letter, a file or a payment. None of that is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sources.typeform.settings import SurveySettings, TypeformSettings

Row = dict[str, Any]

# What a hidden field holds when a link was sent out with Typeform's placeholder still in it.
PLACEHOLDER = "xxxxx"
SCORED = ("nps", "opinion_scale")  # question types that are scores by themselves


def questions(form: Mapping[str, Any]) -> Iterator[Row]:
    """The form's questions in order, those of groups among them."""
    for field in form.get("fields") or ():
        yield field
        yield from questions(field.get("properties") or {})


def score_question(form: Mapping[str, Any], wanted: str | None) -> Row | None:
    """The question with the reference or id `wanted`; without one, the first that is a scale."""
    for field in questions(form):
        if wanted is None and field.get("type") in SCORED:
            return field
        if wanted is not None and wanted in (field.get("ref"), field.get("id")):
            return field
    return None


def form_row(form: Mapping[str, Any], survey: SurveySettings) -> Row:
    """The form, with what the settings make of it."""
    score = score_question(form, survey.score) or {}
    return {
        "id": form["id"],
        "title": form.get("title"),
        "created_at": form.get("created_at"),
        "last_updated_at": form.get("last_updated_at"),
        "survey_code": survey.survey_code or form["id"],
        "lifecycle_point": survey.lifecycle_point,
        "score_field": score.get("id"),
    }


def response_row(form: str, response: Mapping[str, Any], settings: TypeformSettings) -> Row:
    """Who answered and when. The e-mail address is the hidden one, else the first one given."""
    hidden = {
        name: value
        for name, value in (response.get("hidden") or {}).items()
        if value and value != PLACEHOLDER
    }
    given = (a.get("email") for a in response.get("answers") or () if a.get("type") == "email")
    return {
        "id": response.get("token"),
        "form_id": form,
        "landed_at": response.get("landed_at"),
        "submitted_at": response.get("submitted_at"),
        "member_number": hidden.get(settings.member_number_field),
        "civicrm_contact_id": hidden.get(settings.contact_id_field),
        "email": hidden.get(settings.email_field) or next(given, None),
    }


def answer_rows(form: str, response: Mapping[str, Any]) -> list[Row]:
    """One row per answered question; texts, files, links and payments without their value."""
    return [_answer(form, response, answer) for answer in response.get("answers") or ()]


def _answer(form: str, response: Mapping[str, Any], answer: Mapping[str, Any]) -> Row:
    field, kind = answer.get("field") or {}, answer.get("type")
    row = {
        "response": response.get("token"),
        "form_id": form,
        "field_id": field.get("id"),
        "field_ref": field.get("ref"),
        "field_type": field.get("type"),
        "type": kind,
    }
    if kind in ("number", "boolean", "email", "phone_number"):
        row[kind] = answer.get(kind)
    elif kind == "date":
        row["date"] = str(answer.get("date") or "")[:10]
    elif kind in ("choice", "choices"):
        # `other` is what somebody wrote instead of choosing.
        chosen = answer.get(kind) or {}
        row[kind] = {name: value for name, value in chosen.items() if name != "other"}
    return row

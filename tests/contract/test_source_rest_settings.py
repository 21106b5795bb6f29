"""The `rest` kind: wrong descriptions, in the words and with the places a person can act on."""

from __future__ import annotations

from typing import Any

import pytest
from cases_rest import PEOPLE
from pydantic import ValidationError

from connectors.sources.rest import RestSettings

LIST: dict[str, Any] = {**PEOPLE, "path": "people", "records": "data"}
SINCE = {"kind": "updated_since", "field": "changed"}


def problems(*streams: dict[str, Any], **settings: Any) -> dict[str, str]:
    """Place in the YAML -> what is said about it."""
    described = [{**LIST, **stream} for stream in streams] or [LIST]
    wanted = {"base_url": "https://crm.example.org/api", "streams": described, **settings}
    try:
        RestSettings.model_validate(wanted)
    except ValidationError as error:
        return {".".join(map(str, e["loc"])): str(e["msg"]) for e in error.errors()}
    return {}


def test_a_good_description_has_none() -> None:
    assert problems() == {}


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        ({"params": {"p": "{pgae}"}}, "there is no {pgae}"),
        ({"params": {"p": "{page}"}}, "{page} needs paginate by page"),
        ({"paginate": {"by": "page"}}, "paginate by page needs {page}"),
        ({"paginate": {"by": "last_id", "field": "id"}}, "needs {last_id}"),
        ({"params": {"n": "{limit}"}}, "{limit} and `paginate.size` go together"),
        ({"paginate": {"size": 10}}, "{limit} and `paginate.size` go together"),
        ({"path": "of/{each}"}, "{each} and `for_each` go together"),
        ({"for_each": {"values": [1]}}, "{each} and `for_each` go together"),
        ({"cursor": SINCE}, "cursor updated_since needs {since}"),
        ({"params": {"s": "{since}"}}, "{since} needs a cursor with times"),
        ({"cursor": {"kind": "append_log_id", "field": "id"}}, "needs paginate by last_id"),
        ({"path": "since/{since}", "cursor": SINCE}, "{since} in `path` needs a value"),
        ({"path": "https://elsewhere.example.net/x"}, "no host in it"),
        ({"path": "//elsewhere.example.net/x"}, "no host in it"),
        (
            {"path": "{each}", "for_each": {"values": [1]}, "empty": "error"},
            "`empty: error` does not go with `for_each`",
        ),
        ({"body": {"a": 1}}, "`body` needs `method: POST`"),
        ({"params": {"api_key": "abc"}}, "`api_key` looks like a secret"),
        ({"defaults": {"page": 1}}, "no {page} to give a default"),
        ({"columns": {"id": "source_record_id", "a": "ort"}}, "people has no column ort"),
    ],
)
def test_what_does_not_fit_together(stream: dict[str, Any], said: str) -> None:
    assert said in problems(stream)["streams.0"]


@pytest.mark.parametrize(
    ("stream", "place", "said"),
    [
        ({"paginate": {"by": "token"}}, "paginate", "needs `selector`"),
        ({"paginate": {"by": "last_id"}}, "paginate", "needs `field`"),
        ({"paginate": {"ends": "short_page"}}, "paginate", "needs `size`"),
        ({"paginate": {"by": "page", "resumable": True}}, "paginate", "resumable"),
        ({"cursor": {"kind": "updated_since"}}, "cursor", "needs `field`"),
        ({"cursor": {"kind": "full", "field": "a"}}, "cursor", "has no `field`"),
        ({"cursor": {**SINCE, "format": "isoo"}}, "cursor", "iso, unix, ms, date"),
        ({"cursor": {**SINCE, "lookback": 5}}, "cursor.lookback", "30m or 7d"),
        ({"deletes": {"kind": "flag"}}, "deletes", "needs `field`"),
        ({"for_each": {"stream": "people"}}, "for_each", "go together"),
        ({"for_each": {}}, "for_each", "either `values` or `stream`"),
        ({"recrds": "data"}, "recrds", "Extra inputs"),
    ],
)
def test_what_a_part_lacks(stream: dict[str, Any], place: str, said: str) -> None:
    assert said in problems(stream)[f"streams.0.{place}"]


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({"type": "basic"}, "basic needs `user`"),
        ({"type": "header", "user": "me"}, "header needs `header`; header has no `user`"),
        ({"type": "bearer", "scope": "x"}, "bearer has no `scope`"),
        ({"type": "client_credentials"}, "needs `token_url`; client_credentials needs `client_id`"),
    ],
)
def test_how_a_log_in_is_described(auth: dict[str, Any], said: str) -> None:
    assert said in problems(auth=auth)["auth"]


def test_secrets_come_from_the_environment_alone() -> None:
    assert "the secret `secret`" in problems(auth={"type": "bearer"})[""]
    token = {"type": "refresh_token", "token_url": "https://x.example.org/t", "client_id": "me"}
    assert "`refresh_token`" in problems(auth=token, secret="a")[""]
    assert "looks like a secret" in problems(headers={"X-Api-Key": "abc"})["headers"]
    assert (
        "https://"
        in problems(auth={**token, "token_url": "http://x.example.org/t"})["auth.token_url"]
    )


def test_an_entity_twice_and_a_list_of_nothing() -> None:
    assert "people is described 2 times" in problems(LIST, LIST)[""]
    notes = {"path": "of/{each}", "for_each": {"stream": "events", "field": "id"}}
    assert "`for_each.stream: events` is no stream" in problems(notes)[""]


def test_parts_of_several_streams_are_told_at_once() -> None:
    found = problems({"cursor": {"kind": "flul"}}, {"paginate": {"by": "pages"}}, headers={"A": 1})
    assert set(found) == {"streams.0.cursor.kind", "streams.1.paginate.by", "headers.A"}

"""An answer without a body counts only where it says that it has none."""

from __future__ import annotations

import pytest
import requests

from connectors.clock import SYSTEM_CLOCK
from connectors.errors import RetryableError
from connectors.http.answers import Answers


def answer(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, "https://example.org/x"
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize(
    ("response", "is_whole"),
    [
        (answer(204), True),
        (answer(201, Content_Length="0", Location="/x/1"), True),
        (answer(201, Content_Length="0"), False),
        (answer(201, Location="/x/1"), False),
        (answer(200, Content_Length="0", Location="/x/1"), False),
        (answer(202, Content_Length="0"), False),
    ],
)
def test_created_without_a_body(response: requests.Response, is_whole: bool) -> None:
    answers = Answers(SYSTEM_CLOCK, None)
    if is_whole:
        found = answers.json(response, b"", "example")
        assert (found.status, found.body) == (response.status_code, None)
    else:
        with pytest.raises(RetryableError, match="complete JSON"):
            answers.json(response, b"", "example")

"""SendGrid's HTTP side: requests with its own error words, and waiting for jobs.

Data flow: adapter -> SendgridApi -> HttpClient -> SendGrid -> JSON, or an error that says what to
do.

Errors are {errors: [{message, field, error_id}]}; messages may quote an address and are never
passed on. Jobs are pending, completed, errored or failed (tsg_mc_contacts_v3.yaml).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from connectors.clock import SYSTEM_CLOCK, Clock
from connectors.errors import AuthenticationError, JourneyConnectorError, RetryableError
from connectors.http.client import HttpClient
from connectors.http.retry import RetryPolicy, call
from connectors.platforms.rows import RefusalError

T = TypeVar("T")


def vendor_error(status: int, body: Any) -> JourneyConnectorError | None:
    """The error a JSON answer stands for; error documents are looked for whatever the status."""
    errors = body.get("errors") if isinstance(body, Mapping) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if status < 400 and not isinstance(first, Mapping):
        return None
    if status in (401, 403):
        return AuthenticationError(
            f"SendGrid refused the API key ({status}).",
            todo="Check the key, and that it has full access to Marketing and may read"
            " Suppressions and Unsubscribe Groups.",
        )
    if status >= 500 or status in (408, 429):
        return None
    code = first.get("error_id") if isinstance(first, Mapping) else None
    return RefusalError("SendGrid", status if status >= 400 else 400, str(code or "refused")[:60])


class SendgridApi:
    """Requests of one account. `client` must not retry by itself: what may be repeated is decided
    here, per request. `pause` and `patience` (seconds) are for waiting until something is done.
    """

    def __init__(
        self,
        client: HttpClient,
        retry: RetryPolicy,
        *,
        pause: float,
        patience: float,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client, self._retry, self._clock = client, retry, clock
        self._pause, self._patience = pause, patience

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        repeat: bool = True,
    ) -> Any:
        """The JSON answer; with `repeat` tried again while that can help (the request must be safe
        to do twice).
        """

        def once() -> Any:
            return self._client.json(f"v3/{path}", method=method, params=params, body=body).body

        try:
            return self.again(once) if repeat else once()
        except JourneyConnectorError as error:
            raise error from None

    def again(self, once: Callable[[], T]) -> T:
        """What `once` returns, tried again while that can help."""
        return call(once, policy=self._retry, clock=self._clock)

    def until(self, look: Callable[[], T | None]) -> T | None:
        """What `look` finds, asked again and again; None when the patience ends."""
        end = time.monotonic() + self._patience
        while True:
            found = look()
            if found is not None or time.monotonic() >= end:
                return found
            time.sleep(self._pause)

    def finish(self, job: Any) -> Mapping[str, Any]:
        """The results of a contact job when it is done.

        RefusalError when some of its rows were refused. RetryableError when it takes too long, or
        when all failed: that may be an account that is full as well as a bad row
        (sendgrid/sendgrid-go, issue 413), so nobody is quarantined for it.
        """
        id = job.get("job_id") if isinstance(job, Mapping) else None
        if not id:
            raise RetryableError("the answer names no job.")

        def done() -> Mapping[str, Any] | None:
            answer = self.ask(f"marketing/contacts/imports/{id}")
            return answer if answer.get("status") != "pending" else None

        answer = self.until(done)
        if answer is None:
            raise RetryableError("a job is still waiting.")
        if answer.get("status") == "completed":
            results = answer.get("results")
            return results if isinstance(results, Mapping) else {}
        if answer.get("status") == "errored":
            raise RefusalError("SendGrid", 400, "job_errored")
        raise RetryableError("a job failed.")

    def close(self) -> None:
        self._client.close()

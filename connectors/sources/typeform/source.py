"""Typeform as a source: forms in full, responses by the time they were submitted, form by form.

Data flow: TypeformSource.pages() -> TypeformClient -> Page -> engine.

Responses are read per form, forms in order of their id, newest response first: `before` the last
token of a page leads on, and the API's own page count says when a form is done. A form's definition
is read with the form only: its questions choose the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import AuthenticationError, JourneyConnectorError, SourceError
from connectors.protocol import CheckItem, Page, Request, StreamSpec
from connectors.registry import SourceContext
from connectors.sources.base import ClientSource, Place, failed
from connectors.sources.typeform.client import (
    FORMS_PAGE,
    RESPONSES_PAGE,
    GoneError,
    Listing,
    TypeformClient,
)
from connectors.sources.typeform.records import (
    answer_rows,
    form_row,
    response_row,
    score_question,
)
from connectors.sources.typeform.settings import SurveySettings, TypeformSettings
from connectors.sources.typeform.streams import STREAMS


@dataclass(frozen=True)
class _Place(Place):
    """A form, and the token its next page lies before; `done`: the form is read to its end."""

    form: str = ""
    before: str | None = None
    done: bool = False


class TypeformSource(ClientSource[TypeformClient]):
    """One Typeform account. Building it does no I/O."""

    def __init__(self, name: str, settings: TypeformSettings, context: SourceContext) -> None:
        self.name = name
        self._settings = settings
        self._client = TypeformClient(name, settings, context)

    def streams(self) -> Sequence[StreamSpec]:
        """All streams."""
        return STREAMS

    def check(self) -> Sequence[CheckItem]:
        """The forms; of those named, else of the first, responses and where scores come from."""
        try:
            forms = self._form_ids("form")
        except JourneyConnectorError as error:
            return [failed("form", error)]
        items = [CheckItem("form", True, f"{len(forms)} forms; read in full")]
        for form in forms if self._settings.forms else forms[:1]:
            try:
                items.append(self._check_form(form))
            except JourneyConnectorError as error:
                items.append(failed(f"response of {form}", error))
                if isinstance(error, AuthenticationError):
                    break
        return items

    def pages(self, request: Request) -> Iterator[Page]:
        """Pages of one slice; those of responses can be resumed after."""
        if request.stream == "form":
            yield from self._forms()
        else:
            yield from self._responses(request)

    def ids(self, stream: str) -> Iterator[Sequence[tuple[Any, ...]]]:
        """All ids of forms, or the tokens of all completed responses, in chunks."""
        forms = self._form_ids(stream)
        if stream == "form":
            yield [(form,) for form in forms]
            return
        for form in forms:
            for _, listing in self._walk(form, {"page_size": RESPONSES_PAGE}, None):
                if listing.items:
                    yield [(item["token"],) for item in listing.items]

    def _check_form(self, form: str) -> CheckItem:
        survey = self._survey(form)
        question = score_question(self._client.form(form, "form"), survey.score)
        count = self._client.responses(form, {"page_size": 1}, "response").total
        name = f"response of {form}"
        if question is None and survey.score is not None:
            detail = f"there is no question {survey.score!r} in it; check `score` under `forms`."
            return CheckItem(name, False, detail)
        found = f"score from {question.get('ref')!r}" if question else "no scale, so no score"
        return CheckItem(name, True, f"{count} completed, by submitted_at; {found}")

    def _forms(self) -> Iterator[Page]:
        if self._settings.forms:
            rows = [self._form(id) for id in sorted(self._settings.forms)]
            yield Page(rows={"form": rows})
            return
        gone = 0
        for number, listing in self._listed("form"):
            rows = []
            for item in listing.items:
                try:
                    rows.append(self._form(str(item["id"])))
                except GoneError:  # deleted between the list and its definition
                    gone += 1
            yield Page(
                rows={"form": rows},
                token=f"page {number}",
                expected_total=listing.total - gone,
                server_time=listing.server_time,
            )

    def _form(self, id: str) -> dict[str, Any]:
        return form_row(self._client.form(id, "form"), self._survey(id))

    def _survey(self, form: str) -> SurveySettings:
        return self._settings.forms.get(form) or SurveySettings()

    def _responses(self, request: Request) -> Iterator[Page]:
        params: dict[str, Any] = {"page_size": self._settings.page_size}
        if request.since is not None:
            params["since"] = int(request.since.timestamp())
        if request.until is not None:
            # Inclusive, in whole seconds: a second too much is merged by key.
            params["until"] = math.ceil(request.until.timestamp())
        place = _Place.parse(request.position)
        for form in self._form_ids("response"):
            if form < place.form or (form == place.form and place.done):
                continue
            before = place.before if form == place.form else None
            for token, listing in self._walk(form, params, before):
                more = listing.pages > 1
                last = str(listing.items[-1]["token"]) if more else None
                rows = [response_row(form, item, self._settings) for item in listing.items]
                answers = [row for item in listing.items for row in answer_rows(form, item)]
                yield Page(
                    rows={"response": rows, "answer": answers},
                    token=f"{form}>{token or ''}",
                    position=_Place(form, last, not more).text(),
                    server_time=listing.server_time,
                )

    def _walk(
        self, form: str, params: dict[str, Any], before: str | None
    ) -> Iterator[tuple[str | None, Listing]]:
        """(token, page) of a form's responses, newest first, from before the token on."""
        while True:
            wanted = {**params, "before": before} if before else params
            try:
                listing = self._client.responses(form, wanted, "response")
            except GoneError:
                if form in self._settings.forms:
                    raise
                return  # deleted after the forms were listed, its responses with it
            if listing.pages > 1 and not listing.items:
                raise SourceError(
                    f"an empty page of form {form}, but the service counts {listing.total} more.",
                    stream="response",
                )
            yield before, listing
            if listing.pages <= 1:
                return
            before = str(listing.items[-1]["token"])

    def _form_ids(self, stream: str) -> list[str]:
        """The forms to read, in order."""
        if self._settings.forms:
            return sorted(self._settings.forms)
        found = [str(item["id"]) for _, page in self._listed(stream) for item in page.items]
        return sorted(set(found))

    def _listed(self, stream: str) -> Iterator[tuple[int, Listing]]:
        """The numbered pages of the list of forms."""
        size, number = min(self._settings.page_size, FORMS_PAGE), 1
        while True:
            listing = self._client.forms(number, size, stream)
            yield number, listing
            if number >= listing.pages:
                return
            number += 1

"""Typeform as conformance cases: numbered pages of forms, responses form by form."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from vendors import Body, Case, Key, StoreVendor, case, z

from connectors.http.rate_limit import RateLimit
from connectors.sources.typeform import client
from connectors.testing.fakes.typeform import TypeformFake, add_form, answer, question


class Typeform(StoreVendor):
    vendor = kind = "typeform"
    error_in_200: ClassVar[Body] = {"code": "ODD", "description": "Anna Example"}
    settings: ClassVar[Body] = {"access_token": "sandbox-typeform-token", "page_size": 4}


class TypeformForm(Typeform):
    entity, stream, column = "form", "form", "title"
    page_path = r"^/forms\?"
    spoiled: ClassVar[Body] = {"created_at": "soon"}
    lacks = frozenset({"resume", "tie"})

    def insert(self) -> Key:
        id = f"form-{self.next_number():03d}"
        self.put(id, {"id": id, "title": id, "fields": [question("nps", "opinion_scale")]}, "new")
        return (id,)

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        return {"created_at": z(at), **body, "last_updated_at": z(at)}


class TypeformResponse(Typeform):
    entity, stream, column = "response", "response", "member_number"
    page_path = r"/responses\?"
    spoiled: ClassVar[Body] = {"landed_at": "soon"}
    settings: ClassVar[Body] = {**Typeform.settings, "page_size": 3}

    def records(self) -> dict[Key, str]:
        return {(r.id,): r.body["hidden"]["member_number"] for r in self._all()}

    def insert(self) -> Key:
        number = self.next_number()
        form = f"form-{number % 2}"
        if self.store.get("typeform", "form", form) is None:
            add_form(self.store, form, [question("nps", "opinion_scale")])
        body = {"token": f"t{number:04d}", "form": form, "hidden": {"member_number": f"M{number}"}}
        answers = [answer("nps", "opinion_scale", "number", number % 11)]
        self.put(str(body["token"]), {**body, "answers": answers}, "new")
        return (str(body["token"]),)

    def change(self, key: Key) -> None:
        body = self.body(key)
        hidden = {"member_number": body["hidden"]["member_number"] + "*"}
        self.put(key[0], {**body, "hidden": hidden}, "changed")

    def parent_of(self, body: Body) -> str | None:
        return str(body["form"])

    def stamped(self, body: Body, at: datetime, how: str) -> Body:
        # What was submitted stays so; only a test moves its time.
        return body if how == "changed" else {"landed_at": z(at), **body, "submitted_at": z(at)}


def without_pauses(running: Case) -> Case:
    """The case without the vendor's two requests a second, which would be minutes of sleep."""

    @contextmanager
    def quick(folder: Path) -> Iterator[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(client, "LIMIT", RateLimit())
            with running(folder) as vendor:
                yield vendor

    return quick


CASES: dict[str, Case] = {
    "typeform_form": without_pauses(case(TypeformForm, TypeformFake)),
    "typeform_response": without_pauses(case(TypeformResponse, TypeformFake)),
}

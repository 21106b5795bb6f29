"""Klaviyo's OpenAPI description, where it is at hand: checks answers of the fake and requests.

Data flow: $MEMBER_JOURNEY_SPECS/klaviyo-pruned.json -> Description -> list of differences.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

SPEC = "klaviyo-pruned.json"
_JSON_API = "application/vnd.api+json"


def description_at_hand() -> Description:
    """The description; skips the test where the folder with descriptions is not there."""
    folder = os.environ.get("MEMBER_JOURNEY_SPECS")
    if not folder:
        pytest.skip("MEMBER_JOURNEY_SPECS is not set: Klaviyo's OpenAPI description is not here")
    return Description(Path(folder) / SPEC)


def _as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_as_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {key: _as_json_schema(one) for key, one in value.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if value.get("nullable") is True else plain


class Description:
    """Schemas of answers and requests by path and method."""

    def __init__(self, path: Path) -> None:
        self.document = _as_json_schema(json.loads(path.read_text()))
        self.revision = str(self.document["info"]["version"])

    def errors(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        rooted = {"allOf": [schema], "components": self.document["components"]}
        found = Draft7Validator(rooted).iter_errors(value)
        return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]

    def answer(self, path: str, method: str = "get", status: str = "200") -> dict[str, Any]:
        given = self.document["paths"][path][method]["responses"][status]
        if "$ref" in given:
            given = self.document["components"]["responses"][given["$ref"].rpartition("/")[2]]
        schema: dict[str, Any] = given["content"][_JSON_API]["schema"]
        return schema

    def request(self, path: str, method: str) -> dict[str, Any]:
        body = self.document["paths"][path][method]["requestBody"]
        schema: dict[str, Any] = body["content"][_JSON_API]["schema"]
        return schema

    def unknown_parameters(self, path: str, query: Mapping[str, str]) -> list[str]:
        """Query parameters, or filters in one, that the path does not have."""
        known = {p["name"]: p for p in self.document["paths"][path]["get"]["parameters"]}
        wrong = [name for name in query if name not in known]
        filter_ = re.match(r"([a-z-]+)\(([^,]+),", query.get("filter", ""))
        if filter_ is not None:
            said = str(known["filter"].get("description"))
            allowed = re.search(rf"`{re.escape(filter_[2])}`: ([^<]*)", said)
            if allowed is None or f"`{filter_[1]}`" not in allowed[1]:
                wrong.append(query["filter"])
        return wrong

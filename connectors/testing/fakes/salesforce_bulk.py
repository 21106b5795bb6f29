"""Bulk API 2.0 query jobs of the fake Salesforce org.

Data flow: POST jobs/query -> Jobs.create (snapshot) -> polled -> Jobs.results -> CSV in parts.

Facts (Bulk API 2.0 developer guide, query jobs): states UploadComplete, InProgress, JobComplete
(Aborted, Failed); results only of a complete job; each part has its own head line, and the headers
Sforce-NumberOfRecords and Sforce-Locator ("null" after the last one); a locator may be used again;
GROUP BY, OFFSET, TYPEOF, aggregates and compound address fields are refused.
Not verified: the code of a refused query (INVALIDBATCH here).
"""

from __future__ import annotations

import base64
import csv
import io
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from connectors.testing.fakes.salesforce_schema import Schema
from connectors.testing.fakes.salesforce_soql import Query, RefusedError, field_at, parse
from connectors.testing.messages import Request, Response

_LARGEST_PART = 250_000
Flat = dict[str, Any]
Run = Callable[[Query, bool], list[Flat]]


@dataclass
class _Job:
    id: str
    query: Query
    operation: str
    polls: int  # how often it is still asked for before it is complete
    rows: list[Flat] = field(default_factory=list)
    state: str = "UploadComplete"


class Jobs:
    """The jobs of one org. `polls`: how often a job answers that it is not ready."""

    def __init__(self, schema: Schema, run: Run, *, polls: int) -> None:
        self._schema, self._run, self._polls = schema, run, polls
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def handle(self, request: Request, rest: list[str]) -> Response:
        """`rest`: the path after jobs/query."""
        if not rest and request.method == "POST":
            return self._create(request.json())
        job = self._jobs.get(rest[0]) if rest else None
        if job is None:
            return _error(404, "NOTFOUND", "Unable to locate the job")
        if request.method == "DELETE":
            del self._jobs[job.id]
            return Response(204)
        if rest[1:] == ["results"]:
            return self._results(job, request)
        with self._lock:
            if job.state in ("UploadComplete", "InProgress"):
                job.state = "InProgress" if job.polls > 0 else "JobComplete"
                job.polls -= 1
        return Response.of_json(self._info(job))

    def fail(self) -> None:
        """Every job that is not complete fails."""
        for job in self._jobs.values():
            job.state = "Failed" if job.state != "JobComplete" else job.state

    def forget(self) -> None:
        """All jobs are gone, as they are after seven days."""
        self._jobs.clear()

    def _create(self, body: dict[str, Any]) -> Response:
        text = str(body.get("query", ""))
        if re.search(r"\b(GROUP BY|OFFSET|TYPEOF)\b|COUNT\(", text, re.IGNORECASE):
            raise RefusedError("INVALIDBATCH", "not supported by Bulk API 2.0")
        if body.get("operation") not in ("query", "queryAll"):
            raise RefusedError("INVALIDJOB", "operation")
        query = parse(text, self._schema)
        kinds = {field_at(self._schema, query.object, name).type for name in query.fields}
        if kinds & {"address", "location"}:
            raise RefusedError("INVALIDBATCH", "compound data not supported")
        with self._lock:
            id = f"750{len(self._jobs) + 1:015d}"
            job = _Job(id, query, str(body["operation"]), self._polls)
            job.rows = self._run(query, job.operation == "queryAll")
            self._jobs[id] = job
        return Response.of_json(self._info(job))

    def _info(self, job: _Job) -> dict[str, Any]:
        done = job.state == "JobComplete"
        return {
            "id": job.id,
            "operation": job.operation,
            "object": job.query.object,
            "state": job.state,
            "contentType": "CSV",
            "numberRecordsProcessed": len(job.rows) if done else 0,
        }

    def _results(self, job: _Job, request: Request) -> Response:
        if job.state != "JobComplete":
            return _error(400, "INVALIDJOBSTATE", "the job has no results")
        size = min(int(request.param("maxRecords") or _LARGEST_PART), _LARGEST_PART)
        locator = request.param("locator") or ""
        start = int(base64.urlsafe_b64decode(locator)) if locator else 0
        part = job.rows[start : start + size]
        end = start + len(part)
        text = io.StringIO()
        writer = csv.DictWriter(text, job.query.fields, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(row.get(name)) for name in job.query.fields} for row in part)
        following = base64.urlsafe_b64encode(str(end).encode()).decode()
        headers = {
            "Content-Type": "text/csv",
            "Sforce-NumberOfRecords": str(len(part)),
            "Sforce-Locator": following if end < len(job.rows) else "null",
        }
        return Response(200, headers, text.getvalue().encode())


def _cell(value: Any) -> str:
    """Nothing for null, true and false as words, times with Z instead of +0000."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return re.sub(r"(T[\d:.]+)\+0000$", r"\1Z", str(value))


def _error(status: int, code: str, message: str) -> Response:
    return Response.of_json([{"errorCode": code, "message": message}], status)

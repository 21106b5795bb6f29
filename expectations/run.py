"""Run suites over data frames and say, in plain words, what failed.

Data flow: (name, DataFrame, expectations) -> Great Expectations checkpoint in an ephemeral context
-> CheckResult; at publish -> Data Docs in data/docs/gx.

Frames, because its SQL data source does not work on DuckDB (issue 11579). Values never reach the
results or the Data Docs: an unexpected value may be somebody's address.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from expectations.first_page import CheckResult, write_first_page
from expectations.gx import gx

_CHATTY = ("great_expectations", "great_expectations.data_context.types.base")
_RESULT_FORMAT = {"result_format": "BASIC", "exclude_unexpected_values": True}


@dataclass(frozen=True)
class Suite:
    """What one kind of frame must satisfy; `name` has no spaces and is unique in a run."""

    name: str
    expectations: Sequence[Any]


class Auditor:
    """Checkpoints of one run; keeps their results so that Data Docs can show all of them."""

    def __init__(self) -> None:
        for name in _CHATTY:
            logging.getLogger(name).setLevel(logging.ERROR)
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_pandas("night")
        self._results: list[CheckResult] = []

    def check(self, suite: Suite, frame: pd.DataFrame) -> CheckResult:
        """Run the suite on the frame. Raises nothing for bad data: the result says what failed."""
        name = suite.name
        definition = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe(
            "all"
        )
        stored = self._context.suites.add(
            gx.ExpectationSuite(name=name, expectations=[copy(e) for e in suite.expectations])
        )
        validation = self._context.validation_definitions.add(
            gx.ValidationDefinition(name=name, data=definition, suite=stored)
        )
        checkpoint = self._context.checkpoints.add(
            gx.Checkpoint(
                name=name, validation_definitions=[validation], result_format=_RESULT_FORMAT
            )
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run = checkpoint.run(batch_parameters={"dataframe": frame})
        (result,) = run.run_results.values()
        failed: list[str] = []
        warned: list[str] = []
        for item in result.results:
            if not item.success:
                severity = str(getattr(item.expectation_config.severity, "value", "critical"))
                (failed if severity == "critical" else warned).append(_in_words(name, item))
        found = CheckResult(name, len(frame), len(result.results), tuple(failed), tuple(warned))
        self._results.append(found)
        return found

    def write_docs(self, folder: Path) -> Path | None:
        """Build Data Docs of everything checked so far; their first page, or None without checks.

        The first page is ours: the index of Great Expectations loads its tables from elsewhere,
        and shows nothing on a machine that reaches nothing.
        """
        if not self._results:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        site = {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder.resolve()),
            },
        }
        if "night" in self._context.get_site_names():
            self._context.update_data_docs_site("night", site)
        else:
            for name in self._context.get_site_names():
                self._context.delete_data_docs_site(name)
            self._context.add_data_docs_site("night", site)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._context.build_data_docs()
        return write_first_page(folder, self._results)


def merged(results: Iterable[CheckResult]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Expectations evaluated, failures and warnings over several checks."""
    found = list(results)
    return (
        sum(item.evaluated for item in found),
        tuple(text for item in found for text in item.failed),
        tuple(text for item in found for text in item.warned),
    )


def _in_words(name: str, item: Any) -> str:
    settings = item.expectation_config.kwargs
    column = settings.get("column") or ", ".join(settings.get("column_list", ()))
    rule = item.expectation_config.type.removeprefix("expect_").replace("_", " ")
    note = item.expectation_config.notes
    count = item.result.get("unexpected_count") if item.result else None
    what = f"{note if isinstance(note, str) else rule}"
    rows = f" ({count} rows)" if count else ""
    return f"{name}{'.' + column if column else ''}: {what}{rows}"

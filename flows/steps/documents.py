"""Pages for people: dbt's documentation, Data Docs, the report.

Data flow: build + checks -> data/docs/dbt/index.html, data/docs/gx/checks.html, report.html.
A page that cannot be written is a warning: nobody's segments wait for a picture.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from expectations.run import Auditor
from flows.configuration import Configuration
from flows.results import BuildResult
from flows.steps.build import dbt_variables, run_dbt
from report.page import write_report


def write_dbt_docs(configuration: Configuration, build: BuildResult, as_of: date) -> Path | None:
    """One self-contained page of every model and column; None when dbt could not write it."""
    home = configuration.home
    code = run_dbt(
        home,
        ["docs", "generate", "--static", "--no-compile"],
        dbt_variables(configuration, build.run_id, as_of),
        build.database,
    )
    page = home.dbt / "target" / "static_index.html"
    if code != 0 or not page.is_file():
        return None
    target = home.docs / "dbt" / "index.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(page, target)
    return target


def write_data_docs(configuration: Configuration, auditor: Auditor) -> Path | None:
    """Every check of this run as pages; the last run's pages are replaced."""
    folder = configuration.home.docs / "gx"
    if folder.exists():
        shutil.rmtree(folder)
    return auditor.write_docs(folder)


def write_page(configuration: Configuration, published: Path, run: Mapping[str, Any]) -> Path:
    """The report page of a version that is about to be published (or of a published one)."""
    return write_report(
        published,
        published / "report.html",
        organisation=configuration.organisation.organisation.model_dump(),
        run=run,
    )

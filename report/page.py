"""The report page: one self-contained HTML file, written at publish.

Data flow: published/<version>/analyst.duckdb + the run's receipt -> report.html.
Alone: `python -m report.page PUBLISHED_DIR OUT.html` draws it again from a published version.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from report import charts, data

DEFAULT_TARGETS: Mapping[str, float] = {"renewal_rate": 0.80, "first_year_retention": 0.85}
"""Shares to aim for (domain.md: renewal 80 %, first-year retention 85 %)."""


def write_report(
    published: Path,
    out: Path,
    *,
    organisation: Mapping[str, Any],
    run: Mapping[str, Any],
    targets: Mapping[str, float] = DEFAULT_TARGETS,
) -> Path:
    """Writes the page for the analyst file in `published` to `out` and returns `out`.

    `organisation` needs `name`; `run` needs run_id, summary, streams (source, stream, fetched,
    inserted, updated, deleted, quarantined, state, error) and may carry version and segments
    (segment, qualify, deliverable, why_not). Every text is escaped; the SVG is drawn here.
    """
    facts = data.read(published / "analyst.duckdb")
    stages = facts.stages.assign(order=facts.stages["stage"].map(list(charts.STAGES).index))
    stages = stages.sort_values("order", ignore_index=True)
    pictures = {
        "stages": charts.stage_counts(stages[["stage", "people"]]),
        "flow": charts.stage_flow(facts.flow, data.FLOW_DAYS),
        "journeys": charts.journey_stages(facts.journeys),
        "renewal": charts.renewal_by_month(facts.renewal_months, targets["renewal_rate"]),
        "terms": charts.renewal_by_term(
            facts.renewal_terms.assign(
                slice_value=facts.renewal_terms["slice_value"].map(_ordinal)
            ),
            targets["renewal_rate"],
        ),
    }
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        resources.files("report").joinpath("page.html").read_text(encoding="utf-8")
    )
    html = template.render(
        organisation=organisation,
        run=run,
        as_of=facts.as_of.isoformat(),
        version=run.get("version") or published.name,
        flow_days=data.FLOW_DAYS,
        tiles=_tiles(facts, targets),
        stages=stages.to_dict("records"),
        segments=run.get("segments", []),
        journeys=facts.journeys.to_dict("records"),
        targets=targets,
        # Our own SVG, built from numbers and a fixed list of stage names.
        pictures={name: Markup(svg) for name, svg in pictures.items()},  # noqa: S704
    )
    out.write_text(html, encoding="utf-8")
    return out


def _tiles(facts: data.ReportData, targets: Mapping[str, float]) -> list[dict[str, str]]:
    """The figures at the top; a target counts as met only when the lower bound reaches it."""
    counts = facts.stages.set_index("stage")["people"]
    mature = facts.renewal_months[facts.renewal_months["is_mature"]].tail(12)
    leaving = int(counts.get("grace", 0)) + int(counts.get("renewal_due", 0))
    first_year = facts.first_year
    return [
        _tile("People seen", f"{facts.people:,}", "members or not"),
        _tile("Members", f"{facts.active_members:,}", "in a current term"),
        _tile("Onboarding", f"{int(counts.get('onboarding', 0)):,}", "in their first 90 days"),
        _tile("To be won now", f"{leaving:,}", "renewal due or in grace"),
        _rate_tile("Renewal rate", mature, targets["renewal_rate"]),
        _rate_tile("First-year retention", first_year, targets["first_year_retention"]),
    ]


def _tile(label: str, value: str, note: str, tone: str = "muted") -> dict[str, str]:
    return {"label": label, "value": value, "note": note, "tone": tone}


def _rate_tile(label: str, cohorts: pd.DataFrame, target: float) -> dict[str, str]:
    """Numerators over denominators of mature cohorts; the verdict needs the whole interval."""
    if cohorts["denominator"].sum() == 0:
        return _tile(label, "–", "no mature cohort yet")
    pooled = data.with_interval(cohorts[["numerator", "denominator"]].sum().to_frame().T).iloc[0]
    if pooled["lo"] >= target:
        note, tone = f"target {target:.0%} met", "ok"
    elif pooled["hi"] < target:
        note, tone = f"target {target:.0%} missed", "bad"
    else:
        note, tone = f"{target:.0%} not proven", "warn"
    return _tile(label, f"{pooled['value']:.1%}", note, tone)


def _ordinal(number: str) -> str:
    """'1' -> '1st'; anything else than a number stays as it is ('6+')."""
    if not number.isdigit():
        return number
    ending = {1: "st", 2: "nd", 3: "rd"}.get(int(number) % 10, "th")
    return number + ("th" if int(number) % 100 in (11, 12, 13) else ending)

"""The report page: one self-contained HTML file, written at publish.

Data flow: published/<version>/analyst.duckdb + the run's receipt -> report.html.
Alone: `python -m report.page PUBLISHED_DIR OUT.html` draws it again from a published version.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from report import charts, data


def write_report(
    published: Path,
    out: Path,
    *,
    organisation: Mapping[str, Any],
    run: Mapping[str, Any],
) -> Path:
    """Writes the page for the analyst file in `published` to `out` and returns `out`.

    `organisation` needs `name`; `run` needs run_id, summary, streams (source, stream, fetched,
    inserted, updated, deleted, quarantined, state, error) and may carry version and segments
    (segment, qualify, deliverable, why_not). Every text is escaped; the SVG is drawn here.
    """
    facts = data.read(published / "analyst.duckdb")
    targets = [_target_row(row) for row in facts.targets.to_dict("records")]
    wanted = facts.targets.query("metric == 'renewal_rate' and slice_value == 'all'")["target"]
    renewal_target = float(wanted.iloc[0]) if len(wanted) else None
    stages = facts.stages.assign(order=facts.stages["stage"].map(list(charts.STAGES).index))
    stages = stages.sort_values("order", ignore_index=True)
    pictures = {
        "stages": charts.stage_counts(stages[["stage", "people"]]),
        "flow": charts.stage_flow(facts.flow, data.FLOW_DAYS),
        "journeys": charts.journey_stages(facts.journeys),
        "renewal": charts.renewal_by_month(facts.renewal_months, renewal_target),
        "terms": charts.renewal_by_term(
            facts.renewal_terms.assign(
                slice_value=facts.renewal_terms["slice_value"].map(_ordinal)
            ),
            renewal_target,
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
        renewal_target=renewal_target,
        stages=stages.to_dict("records"),
        segments=run.get("segments", []),
        journeys=facts.journeys.to_dict("records"),
        targets=targets,
        # Our own SVG, built from numbers and a fixed list of stage names.
        pictures={name: Markup(svg) for name, svg in pictures.items()},  # noqa: S704
    )
    out.write_text(html, encoding="utf-8")
    return out


def _tiles(facts: data.ReportData, targets: Sequence[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The figures at the top: people, then what has a target for everybody."""
    counts = facts.stages.set_index("stage")["people"]
    leaving = int(counts.get("grace", 0)) + int(counts.get("renewal_due", 0))
    return [
        _tile("People seen", f"{facts.people:,}", "members or not"),
        _tile("Members", f"{facts.active_members:,}", "in a current term"),
        _tile("Onboarding", f"{int(counts.get('onboarding', 0)):,}", "in their first 90 days"),
        _tile("To be won now", f"{leaving:,}", "renewal due or in grace"),
        *(
            _tile(row["label"], row["value"], f"{row['target']}: {row['status']}", row["tone"])
            for row in targets
            if row["slice"] == "all"
        ),
    ]


def _tile(label: str, value: str, note: str, tone: str = "muted") -> dict[str, str]:
    return {"label": label, "value": value, "note": note, "tone": tone}


_TONES = {"met": "ok", "missed": "bad", "not proven": "warn", "too few": "muted"}
_WORDS = {"at_least": "at least", "above": "above", "below": "under"}


def _target_row(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """One target in words; the verdict is the warehouse's own (rpt_targets)."""
    known = not pd.isna(row["value"])
    unit = {"nps": "points", "resolution_time": "hours", "active_members": "people"}.get(
        row["metric"], "share"
    )
    bounds = [_amount(row[side], unit) for side in ("lo", "hi")]
    days = [pd.Timestamp(row[day]) for day in ("period_start", "period_end")] if known else []
    return {
        "label": row["metric_label"],
        "slice": row["slice_value"],
        "target": f"{_WORDS[row['direction']]} {_amount(row['target'], unit, whole=True)}",
        "value": _amount(row["value"], unit),
        "interval": f"{bounds[0]} to {bounds[1]}" if known else "",
        "period": " to ".join(f"{day:%b %Y}" for day in days),
        "n": f"{int(row['n']):,}",
        "status": row["status"],
        "tone": _TONES[row["status"]],
        "owner_team": row["owner_team"],
    }


def _amount(value: float, unit: str, *, whole: bool = False) -> str:
    """A number as readers know it: 75.0%, 45, 31.5 h; a dash when there is none."""
    if math.isnan(value):
        return "–"
    if unit == "share":
        return f"{value:.0%}" if whole and round(value * 100, 6) % 1 == 0 else f"{value:.1%}"
    if unit == "hours":
        return f"{value:g} h" if whole else f"{value:,.1f} h"
    return f"{value:,.0f}" if whole or unit == "people" else f"{value:,.1f}"


def _ordinal(number: str) -> str:
    """'1' -> '1st'; anything else than a number stays as it is ('6+')."""
    if not number.isdigit():
        return number
    ending = {1: "st", 2: "nd", 3: "rd"}.get(int(number) % 10, "th")
    return number + ("th" if int(number) % 100 in (11, 12, 13) else ending)

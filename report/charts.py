"""The report's pictures, as static SVG text.

Data flow: tidy data frames (from `report.data`) -> Altair -> vl-convert -> SVG in the page.

Static on purpose: no script runs in the page, nothing is loaded from anywhere, and a name in the
data can never be interpreted (every mark's text is drawn, not parsed).
"""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

STAGES: dict[str, str] = {
    "prospect": "#c9ced6",
    "awareness": "#b3c3d9",
    "research": "#8fb1dd",
    "applicant": "#5f93d6",
    "onboarding": "#3aa6a0",
    "engaged": "#2f9e5f",
    "advocate": "#1c7c45",
    "dormant": "#d9b44a",
    "paused": "#a9a4c9",
    "renewal_due": "#e58f3b",
    "grace": "#e06a4a",
    "lapsed": "#b5535c",
    "former": "#8a6f79",
    "deceased": "#5d5d66",
    "erased": "#3f3f46",
}
"""Stage -> colour, in journey order; every picture uses the same order and colours."""

_FONT = "Inter, Segoe UI, Helvetica, Arial, sans-serif"


def _svg(chart: alt.LayerChart | alt.FacetChart | alt.VConcatChart) -> str:
    """The chart as an SVG element that scales to its container."""
    styled = chart.configure(font=_FONT, background="transparent").configure_view(stroke=None)
    styled = styled.configure_axis(
        labelColor="#475467",
        titleColor="#475467",
        gridColor="#eceef2",
        domainColor="#d0d5dd",
        labelFontSize=12,
        titleFontSize=12,
        titleFontWeight="normal",
    )
    svg = str(vl_convert.vegalite_to_svg(styled.to_json()))
    return svg.replace("<svg ", '<svg role="img" preserveAspectRatio="xMinYMin meet" ', 1)


def stage_counts(counts: pd.DataFrame) -> str:
    """People per stage today as bars; `counts` has columns stage, people."""
    order = [s for s in STAGES if s in set(counts["stage"])]
    base = alt.Chart(counts).encode(
        y=alt.Y("stage:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False)),
        x=alt.X("people:Q", title=None, axis=None),
    )
    bars = base.mark_bar(cornerRadius=3, height={"band": 0.72}).encode(
        color=alt.Color("stage:N", legend=None, scale=_colours(order))
    )
    text = base.mark_text(align="left", dx=6, color="#344054", fontSize=12).encode(
        text=alt.Text("people:Q", format=",")
    )
    return _svg((bars + text).properties(width=760, height=24 * max(len(order), 1)))


def stage_flow(moves: pd.DataFrame, days: int) -> str:
    """Where people were `days` ago and where they are now, as an alluvial picture.

    `moves` has columns from_stage, to_stage, people; stages nobody moved through are absent.
    """
    order = list(STAGES)
    ranked = moves.assign(
        a=moves["from_stage"].map(order.index), b=moves["to_stage"].map(order.index)
    )
    gap = 0.012 * max(float(ranked["people"].sum()), 1.0)
    left = _stack(ranked.sort_values(["a", "b"]), "from_stage", gap)
    right = _stack(ranked.sort_values(["b", "a"]), "to_stage", gap)
    steps = np.linspace(0.0, 1.0, 25)
    ease = steps * steps * (3 - 2 * steps)  # smoothstep: ribbons leave and arrive horizontally
    ribbons = []
    for index, source, target in zip(
        ranked.index, ranked["from_stage"], ranked["to_stage"], strict=True
    ):
        (l0, l1), (r0, r1) = left[int(index)], right[int(index)]
        ribbons.append(
            pd.DataFrame(
                {
                    "x": steps,
                    "low": l0 + (r0 - l0) * ease,
                    "high": l1 + (r1 - l1) * ease,
                    "flow": f"{source} > {target}",
                    "stage": target,
                    "moved": source != target,
                }
            )
        )
    if not ribbons:
        return ""
    frame = pd.concat(ribbons, ignore_index=True)
    y = alt.Y("low:Q", axis=None, scale=alt.Scale(reverse=True, nice=False, zero=True))
    area = (
        alt.Chart(frame)
        .mark_area(interpolate="monotone")
        .encode(
            x=alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.22, 1.22], nice=False)),
            y=y,
            y2="high:Q",
            detail="flow:N",
            color=alt.Color("stage:N", legend=None, scale=_colours(order)),
            opacity=alt.Opacity(
                "moved:N", legend=None, scale=alt.Scale(domain=[False, True], range=[0.35, 0.85])
            ),
        )
    )
    labels = pd.concat(
        [_labels(left, ranked, "from_stage", -0.02), _labels(right, ranked, "to_stage", 1.02)]
    )
    text = alt.Chart(labels).encode(x="x:Q", y=alt.Y("y:Q", axis=None), text="label:N")
    outside = text.transform_filter("datum.x < 0").mark_text(
        align="right", fontSize=12, color="#344054"
    )
    beyond = text.transform_filter("datum.x > 1").mark_text(
        align="left", fontSize=12, color="#344054"
    )
    title = alt.TitleParams(
        [f"{days} days ago  →  today"],
        anchor="middle",
        color="#667085",
        fontSize=12,
        fontWeight="normal",
    )
    return _svg(alt.layer(area, outside, beyond).properties(width=820, height=460, title=title))


def journey_stages(stages: pd.DataFrame) -> str:
    """People now in each stage of each service journey, those past the due date in another colour.

    `stages` has columns journey, stage, in_time, late, one row per stage in order; an empty string
    without any.
    """
    if stages.empty:
        return ""
    shown = stages.assign(
        total=stages["in_time"] + stages["late"],
        label=stages["in_time"].add(stages["late"]).map("{:,}".format)
        + stages["late"].map(lambda late: f"  ({late:,} late)" if late else ""),
    )
    long = shown.melt(["journey", "stage"], ["late", "in_time"], "due", "people")
    widest = max(int(shown["total"].max()), 1)
    x = alt.X("people:Q", title=None, axis=None, scale=alt.Scale(domain=[0, widest * 1.25]))
    colours = alt.Scale(domain=["late", "in_time"], range=["#e06a4a", "#3aa6a0"])
    rows = []
    for name in dict.fromkeys(shown["journey"]):
        own = shown[shown["journey"] == name]
        order = list(own["stage"])
        y = alt.Y("stage:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False))
        base = alt.Chart(long[long["journey"] == name])
        bars = base.mark_bar(cornerRadius=2, height={"band": 0.7}).encode(
            y=y,
            x=x,
            color=alt.Color("due:N", legend=None, scale=colours),
            order=alt.Order("due:N", sort="descending"),
        )
        text = (
            alt.Chart(own)
            .mark_text(align="left", dx=6, color="#344054", fontSize=12)
            .encode(y=y, x=alt.X("total:Q"), text="label:N")
        )
        title = alt.TitleParams(name, anchor="start", frame="group", fontSize=13)
        rows.append((bars + text).properties(width=620, height=22 * len(order), title=title))
    return _svg(alt.vconcat(*rows, spacing=14))


def renewal_by_month(rates: pd.DataFrame, target: float | None) -> str:
    """Renewal rate per expiry month with its 95 % interval and the target line.

    `rates` has columns period_start, value, lo, hi (shares 0..1), is_mature; months
    that are not mature yet are drawn hollow, so that nobody reads an unfinished month as a drop.
    """
    x = alt.X(
        "period_start:T",
        title="month in which the term expires",
        axis=alt.Axis(grid=False, format="%b %y"),
    )
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1.0])
    mature = alt.Chart(rates[rates["is_mature"]])
    band = mature.mark_area(opacity=0.16, color="#2f9e5f").encode(
        x=x, y=alt.Y("lo:Q", title=None, scale=scale, axis=axis), y2="hi:Q"
    )
    line = mature.mark_line(
        color="#2f9e5f", point=alt.OverlayMarkDef(size=36, color="#2f9e5f")
    ).encode(x=x, y=alt.Y("value:Q", scale=scale))
    open_months = (
        alt.Chart(rates[~rates["is_mature"]])
        .mark_point(size=44, color="#98a2b3", filled=False)
        .encode(x=x, y=alt.Y("value:Q", scale=scale))
    )
    rule = (
        alt.Chart(pd.DataFrame({"target": [] if target is None else [target]}))
        .mark_rule(strokeDash=[5, 4], color="#e06a4a")
        .encode(y=alt.Y("target:Q", scale=scale))
    )
    return _svg((band + line + open_months + rule).properties(width=820, height=240))


def renewal_by_term(rates: pd.DataFrame, target: float | None) -> str:
    """Renewal rate by the person's number of terms; columns slice_value, value, lo, hi."""
    x = alt.X(
        "slice_value:N",
        sort=None,
        title="expiring term is the person's …",
        axis=alt.Axis(labelAngle=0),
    )
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1.0])
    base = alt.Chart(rates)
    bars = base.mark_bar(color="#7fb99a", cornerRadiusTopLeft=3, cornerRadiusTopRight=3).encode(
        x=x, y=alt.Y("value:Q", title=None, scale=scale, axis=axis)
    )
    error = base.mark_rule(color="#1c7c45", strokeWidth=1.5).encode(x=x, y="lo:Q", y2="hi:Q")
    text = base.mark_text(dy=-8, baseline="bottom", fontSize=12, color="#344054").encode(
        x=x, y="hi:Q", text=alt.Text("value:Q", format=".0%")
    )
    rule = (
        alt.Chart(pd.DataFrame({"target": [] if target is None else [target]}))
        .mark_rule(strokeDash=[5, 4], color="#e06a4a")
        .encode(y="target:Q")
    )
    return _svg((bars + error + text + rule).properties(width=820, height=220))


def _colours(order: list[str]) -> alt.Scale:
    return alt.Scale(domain=order, range=[STAGES[s] for s in order])


def _stack(flows: pd.DataFrame, side: str, gap: float) -> dict[int, tuple[float, float]]:
    """Each flow's (low, high) on one side, flows of one stage together, a gap between stages."""
    spans: dict[int, tuple[float, float]] = {}
    at, previous = 0.0, None
    for index, stage, people in zip(flows.index, flows[side], flows["people"], strict=True):
        if previous is not None and stage != previous:
            at += gap
        spans[int(index)] = (at, at + float(people))
        at += float(people)
        previous = stage
    return spans


def _labels(
    spans: dict[int, tuple[float, float]], flows: pd.DataFrame, side: str, x: float
) -> pd.DataFrame:
    """One label per stage of one side, in the middle of its block; too thin blocks get none."""
    frame = flows[["people"]].assign(
        stage=flows[side],
        low=pd.Series({index: span[0] for index, span in spans.items()}),
        high=pd.Series({index: span[1] for index, span in spans.items()}),
    )
    grouped = frame.groupby("stage", as_index=False).agg(
        low=("low", "min"), high=("high", "max"), people=("people", "sum")
    )
    total = max(float(frame["people"].sum()), 1.0)
    grouped = grouped[grouped["people"] / total > 0.008]
    return pd.DataFrame(
        {
            "x": x,
            "y": (grouped["low"] + grouped["high"]) / 2,
            "label": grouped["stage"] + "  " + grouped["people"].map("{:,}".format),
        }
    )

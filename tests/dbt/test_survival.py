"""The statistics macros on their own: survival with delayed entry, and the NPS interval.

Data flow: subjects -> SQL rendered from the macros -> DuckDB; compared with lifelines 0.30.0 (its
figures are written below, it is not installed here) and with plain loops over random subjects.
"""

from __future__ import annotations

import math
import random
from typing import Any

import duckdb
import jinja2
import pytest
from upstream import PROJECT

Subject = tuple[int, int, int]  # unwatched until (0: watched from the start), until, 0 | 1 | 2
Z = 1.959963984540054
MACROS = "".join(
    (PROJECT / "macros" / name).read_text(encoding="utf-8")
    for name in ("metrics.sql", "survival.sql")
)


def sql(expression: str, **values: object) -> str:
    """What a macro call expands to, without dbt: these macros need nothing of it."""
    plain = jinja2.Environment(autoescape=jinja2.select_autoescape(default_for_string=False))
    return plain.from_string(MACROS + "{{ " + expression + " }}").render(values)


def fetch(query: str, subjects: list[Subject]) -> list[tuple[Any, ...]]:
    """Rows of a query that reads a table `subjects`, all of one group 'g'."""
    with duckdb.connect() as db:
        db.execute("create table subjects (g text, entry integer, until integer, cause integer)")
        for subject in subjects:
            db.execute("insert into subjects values ('g', ?, ?, ?)", subject)
        return db.execute(query).fetchall()


def curve(event: str = "case when cause = 1 then 1 else 0 end", late: bool = True) -> str:
    entry = "case when entry > 0 then entry end" if late else "-1"
    call = "kaplan_meier('subjects', ['g'], 'until', event, entry)"
    return sql(call, event=event, entry=entry)


def some_subjects(seed: int) -> list[Subject]:
    rng = random.Random(seed)
    found = []
    for _ in range(120):
        entry = rng.randint(1, 60) if rng.random() < 0.4 else 0
        found.append((entry, entry + rng.randint(1, 90), rng.randint(0, 2)))
    return found


# KaplanMeierFitter().fit(T, E, entry=N): survival and confidence_interval_ at each horizon, then
# the median and median_survival_times(confidence_interval_); inf = not reached.
LIFELINES = {
    (1, False): (
        {
            10: (0.9831908831908833, 0.9344572787682958, 0.995769811107599),
            30: (0.9134493899428638, 0.8450494216520933, 0.9524891552751148),
            60: (0.7419123642642849, 0.6395205948920804, 0.8192631904638901),
            90: (0.5341811457279592, 0.4064728604326277, 0.6461505823951509),
        },
        (96, 77, None),
    ),
    (1, True): (
        {
            10: (0.9682051282051287, 0.8786731288928484, 0.9919607270583438),
            30: (0.8574394463667816, 0.7512842724330834, 0.9206077353219929),
            60: (0.6688666295479806, 0.5510540224936715, 0.7623014802330321),
            90: (0.48158779893828857, 0.3580447226546813, 0.5946460415376925),
        },
        (87, 65, 107),
    ),
    (2, True): (
        {
            10: (0.946666666666667, 0.864114987255463, 0.9796420914823979),
            30: (0.8750909489371035, 0.7803319088965112, 0.9307398852121844),
            60: (0.6923465333862915, 0.5824192855997323, 0.7787444681037943),
            90: (0.5063792012276215, 0.38134281029692507, 0.6185962726725727),
        },
        (93, 68, None),
    ),
}


@pytest.mark.parametrize(("seed", "late"), LIFELINES)
def test_survival_is_what_lifelines_says(seed: int, late: bool) -> None:
    values, (median, low, high) = LIFELINES[seed, late]
    columns = [
        sql("survival_time(0.5)"),
        *(sql(f"survival_time(0.5, '{b}')") for b in ("lo", "hi")),
    ]
    for horizon in values:
        survival, greenwood = sql(f"survival_at({horizon})"), sql(f"greenwood_at({horizon})")
        bounds = [
            sql("loglog_bound(s, v, side)", s=f"({survival})", v=f"({greenwood})", side=side)
            for side in ("low", "high")
        ]
        columns += [survival, *bounds]
    query = f"select {', '.join(columns)} from ({curve(late=late)}) group by g"
    found = fetch(query, some_subjects(seed))[0]
    assert found[:3] == (median, low, high)
    wanted = [number for three in values.values() for number in three]
    assert found[3:] == pytest.approx(wanted, abs=1e-11)


def test_the_naive_curve_flatters_when_members_are_older_than_the_data() -> None:
    """Ignoring delayed entry counts people as at risk at a time when their exit was unseen."""
    after_60 = f"select {sql('survival_at(60)')} from"
    for seed in range(1, 6):
        subjects = some_subjects(seed)
        naive = fetch(f"{after_60} ({curve(late=False)})", subjects)[0][0]
        assert naive > fetch(f"{after_60} ({curve(late=True)})", subjects)[0][0]


def loop(subjects: list[Subject], cause: int) -> list[tuple[int, int, int, float, float]]:
    """(moment, at risk, events, survival, Greenwood's sum) at every end, by counting."""
    survival, variance, found = 1.0, 0.0, []
    for moment in sorted({until for _, until, _ in subjects}):
        at_risk = sum((e < moment or e == 0) and moment <= u for e, u, _ in subjects)
        events = sum(u == moment and c == cause for _, u, c in subjects)
        survival *= 1 - events / at_risk
        variance += events / at_risk / (at_risk - events) if events < at_risk else 0
        found.append((moment, at_risk, events, survival, variance))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_every_step_of_the_curve_equals_a_count(seed: int) -> None:
    """Small groups with many ties; some lose everybody, some begin with nobody at risk."""
    rng = random.Random(seed)
    subjects: list[Subject] = []
    for _ in range(rng.choice([1, 2, 5, 30])):
        entry = rng.choice([0, 0, 1, 3, 7])
        subjects.append((entry, entry + rng.randint(1 if entry else 0, 9), rng.randint(0, 1)))
    wanted = loop(subjects, 1)
    found = fetch(
        f"select moment, at_risk, events, survival, greenwood, lo, hi from ({curve()})"
        " where moment in (select until from subjects) order by moment",
        subjects,
    )
    assert [row[:3] for row in found] == [row[:3] for row in wanted]
    for row, (_, _, _, survival, variance) in zip(found, wanted, strict=True):
        assert row[3] == pytest.approx(survival, abs=1e-11)
        assert row[4] == pytest.approx(variance, abs=1e-11)
        if 0 < survival < 1:
            spread = math.exp(Z * math.sqrt(variance) / -math.log(survival))
            assert row[5:] == pytest.approx((survival**spread, survival ** (1 / spread)), abs=1e-9)
        else:
            assert row[5:] == (None, None)
    for share in (0.5, 0.1):
        time = sql(f"survival_time({share})")
        first = [row[0] for row in wanted if row[3] <= share + 1e-12]
        assert fetch(f"select {time} from ({curve()})", subjects)[0][0] == (first or [None])[0]


def test_the_chance_of_one_end_beside_another() -> None:
    """AalenJohansenFitter of lifelines, and: the chances of all ends and of none add up to one."""
    ctes = ", ".join(
        f"{name} as ({curve(f'case when cause {test} then 1 else 0 end', late=False)})"
        for name, test in (("ended", "> 0"), ("first", "= 1"), ("second", "= 2"))
    )
    chances = {
        name: sql("cumulative_incidence('ended', name, ['g'])", name=name)
        for name in ("first", "second")
    }
    rng = random.Random(3)  # an end on each of 120 days: lifelines would jitter ties
    subjects = [(0, day, rng.randint(0, 2)) for day in range(1, 121)]
    for horizon, wanted in {
        30: 0.06969926915253682,
        60: 0.17780099228059887,
        90: 0.26229542296369,
    }.items():
        inner = f"select max(incidence) from ({{}}) where moment <= {horizon}"
        query = (
            f"with {ctes} select ({inner.format(chances['first'])}),"
            f" ({inner.format(chances['second'])}),"
            f" (select min(survival) from ended where moment <= {horizon})"
        )
        first, second, neither = fetch(query, subjects)[0]
        assert first == pytest.approx(wanted, abs=1e-9)
        assert first + second + neither == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    ("promoters", "detractors", "answers", "points", "low", "high"),
    [
        (60, 15, 100, 45.0, 29.3, 58.0),
        (400, 100, 700, 42.86, 37.3, 48.1),
        (15, 0, 20, 75.0, 43.1, 87.3),
    ],
)
def test_nps_and_its_interval(
    promoters: int, detractors: int, answers: int, points: float, low: float, high: float
) -> None:
    """Published examples of the adjusted-Wald interval (Rocks 2016)."""
    counts = f"{promoters}, {detractors}, {answers}"
    columns = [f"nps_points({counts})", *(f"nps_bound({counts}, '{s}')" for s in ("low", "high"))]
    found = fetch(f"select {', '.join(sql(column) for column in columns)}", [])[0]
    assert found[0] == pytest.approx(points, abs=0.005)
    assert found[1:] == pytest.approx((low, high), abs=0.05)
    empty = [sql("nps_points(0, 0, 0)"), sql("nps_bound(0, 0, 0, 'low')")]
    assert fetch(f"select {', '.join(empty)}", []) == [(None, None)]

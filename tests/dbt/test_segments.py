"""The eight segments from their YAML files to rows of seg_candidates.

Data flow: config/segments/*.yml -> activation.segments -> dbt variable -> seg_candidates.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from downstream import TODAY, build, query, rows_of
from stage_oracle import Life, Term

from activation.segments import compile_segments, load_segments

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "segments"
MART = ROOT / "dbt_project" / "models" / "marts" / "journey" / "mart_member_360.yml"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def mart_columns() -> list[str]:
    model = yaml.safe_load(MART.read_text(encoding="utf-8"))["models"][0]
    return [column["name"] for column in model["columns"]]


def member(key: str, begins: int, ends: int, *, plan: str = "individual", **other: object) -> Life:
    """A member of one term that began `begins` days ago and ends in `ends` days."""
    term = Term(plan, ago(begins), ago(-ends), ago(begins), **other)  # type: ignore[arg-type]
    return Life(key, ago(begins + 5), terms=[term])


def touched(life: Life, *days: int, kind: str = "event_attended") -> Life:
    life.touches += [(ago(day), kind) for day in days]
    return life


def with_next(life: Life) -> Life:
    first = life.terms[0]
    assert first.end is not None
    start = first.end + timedelta(days=1)
    life.terms.append(Term(first.plan, start, start + timedelta(days=364), ago(1)))
    return life


# name of the person -> the segments they belong in, on the edges of every rule
PEOPLE: list[tuple[Life, set[str]]] = [
    (member("new-0", 0, 364), {"01_new_welcome"}),
    (member("new-14", 14, 350), {"01_new_welcome"}),
    (member("new-15", 15, 349), set()),
    (member("no-value-29", 29, 335), set()),
    (member("no-value-30", 30, 334), {"02_onboarding_no_value_30"}),
    (member("no-value-45", 45, 319), {"02_onboarding_no_value_30"}),
    (member("no-value-46", 46, 318), set()),
    (touched(member("valued-40", 40, 324), 40), set()),
    (touched(member("other-value-40", 40, 324), 41), {"02_onboarding_no_value_30"}),
    (touched(member("quiet-90", 200, 164), 90), set()),
    (touched(member("quiet-91", 200, 164), 91), {"09_no_active_journey"}),
    (touched(member("quiet-180", 200, 164), 180), {"09_no_active_journey"}),
    (touched(member("silent", 200, 164), 181), {"09_no_active_journey", "10_dormant_180"}),
    (member("never", 91, 273), {"09_no_active_journey", "10_dormant_180"}),
    (touched(member("due-91", 273, 91), 1), set()),
    (touched(member("due-90", 274, 90), 1), {"16_renewal_90"}),
    (touched(member("due-61", 303, 61), 1), {"16_renewal_90"}),
    (touched(member("due-60", 304, 60), 1), set()),
    (touched(member("due-31", 333, 31), 1), set()),
    (touched(member("due-30", 334, 30), 1), {"17_renewal_30"}),
    (touched(member("due-1", 363, 1), 1), {"17_renewal_30"}),
    (touched(member("due-0", 364, 0), 1), set()),
    (touched(with_next(member("committed", 334, 30)), 1), set()),
    (touched(member("auto", 334, 30, auto_renew=True), 1), set()),
    (touched(member("monthly", 334, 30, plan="monthly"), 1), set()),
    (member("grace-1", 365, -1), {"20_grace"}),
    (member("grace-30", 394, -30), {"20_grace"}),
    (member("lapsed-0", 395, -31), {"21_lapsed_0_3m"}),
    (member("lapsed-91", 486, -122), {"21_lapsed_0_3m"}),
    (member("lapsed-92", 487, -123), set()),
    (member("arrears", 99, -70, plan="monthly"), {"21_lapsed_0_3m"}),
    (member("resigned", 200, 164, resigned=ago(10)), set()),
    (
        Life("dead", ago(100), terms=[Term("individual", ago(40), None, ago(40))], deceased=ago(1)),
        set(),
    ),
    (
        Life("gone", ago(40), terms=[Term("individual", ago(40), ago(-324), ago(40))], erased=True),
        set(),
    ),
]


@pytest.fixture(scope="module")
def candidates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = rows_of([life for life, _ in PEOPLE])
    welcomed = member("welcomed", 3, 361)
    for name, more in rows_of([welcomed]).items():
        if name != "conformed__plans":
            rows[name] += more
    sent = f"{ago(2)} 10:00:00"
    rows["conformed__messages"] = [("x", "welcomed", "welcome", sent), ("x", "new-0", "news", sent)]
    rows["conformed__consents"] = [
        ("x", "c1", "welcomed", "email", "membership", "granted", "opt_in", sent, "form"),
        ("x", "c2", "welcomed", "email", "all", "suppressed", "unsubscribed", sent, None),
    ]
    rows["conformed__holds"] = [("x", "welcomed", "bereavement", sent)]
    compiled = compile_segments(load_segments(CONFIG, mart_columns()))
    return build(tmp_path_factory.mktemp("segments"), rows, segments=compiled)


def test_the_eight_segments_are_configured() -> None:
    segments = load_segments(CONFIG, mart_columns())
    assert [(segment.id, segment.purpose) for segment in segments] == [
        ("01_new_welcome", "membership"),
        ("02_onboarding_no_value_30", "membership"),
        ("09_no_active_journey", "marketing"),
        ("10_dormant_180", "marketing"),
        ("16_renewal_90", "membership"),
        ("17_renewal_30", "membership"),
        ("20_grace", "membership"),
        ("21_lapsed_0_3m", "marketing"),
    ]
    assert len({segment.priority for segment in segments}) == 8, "two segments are equally urgent"


def test_every_rule_on_its_edge_days(candidates: Path) -> None:
    found: dict[str, set[str]] = {life.key: set() for life, _ in PEOPLE}
    for key, segment in query(candidates, "select member_key, segment_id from seg_candidates"):
        found.setdefault(key, set()).add(segment)
    assert found == {life.key: wanted for life, wanted in PEOPLE}


def test_a_reason_names_what_the_rule_read(candidates: Path) -> None:
    sql = "select reason_json from seg_candidates where member_key = 'due-30'"
    assert [json.loads(row[0]) for row in query(candidates, sql)] == [
        {
            "days_to_term_end": 30,
            "is_active_member": True,
            "is_auto_renew": False,
            "is_next_term_committed": False,
            "renewal_model": "anniversary",
        }
    ]


def test_what_leaves_for_the_platform(candidates: Path) -> None:
    contact = "select email, stage, is_deceased from sync_contacts where member_key = 'dead'"
    assert query(candidates, contact) == [("dead@example.org", "deceased", True)]
    consent = "select member_key, purpose, status from sync_consents"
    assert query(candidates, consent) == [("welcomed", "membership", "granted")]
    suppression = "select member_key, email_key, channel, reason from sync_suppressions"
    assert query(candidates, suppression) == [
        ("welcomed", "welcomed@example.org", "email", "unsubscribed")
    ]
    assert query(candidates, "select member_key, hold from sync_holds") == [
        ("welcomed", "bereavement")
    ]

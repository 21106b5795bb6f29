"""Random lives as far as journeys see them, as rows of the tables the models read and as Stories.

Data flow: seed -> Stories + rows of the upstream tables that say the same.
Moments are drawn from few values, so that ties and exact borders are common.
"""

from __future__ import annotations

import csv
import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from journey_oracle import Milestone, Story, Touch, midnight

TODAY, SINCE = date(2026, 6, 30), date(2025, 1, 1)
CATALOGUE = Path(__file__).parents[2] / "dbt_project" / "seeds" / "activity_catalogue.csv"
FLAGS = ("member_initiated", "meaningful", "high_intent", "advocacy", "value_event", "negative")
COLUMNS = {
    "dim_member": "member_key varchar, is_current boolean, is_erased boolean, deceased_on date",
    "dim_activity": "activity varchar, " + ", ".join(f"is_{flag} boolean" for flag in FLAGS),
    "fct_touchpoint": (
        "member_key varchar, source_system varchar, source_event_id varchar,"
        " source_case_id varchar, activity varchar, purpose varchar, department varchar,"
        " channel varchar, occurred_at timestamp"
    ),
    "conformed__events": "source_system varchar, source_event_id varchar, event_kind varchar",
    "fct_event_registration": (
        "member_key varchar, source_system varchar, source_event_id varchar, attendance varchar,"
        " event_starts_at timestamp, event_ends_at timestamp"
    ),
    "fct_member_spell": (
        "member_key varchar, spell_id varchar, spell_no integer, spell_kind varchar,"
        " spell_start_date date"
    ),
    "fct_membership_term": (
        "member_key varchar, term_id varchar, spell_no integer, renewal_model varchar,"
        " is_auto_renew boolean, exclusion_reason varchar, end_date date, grace_end_date date,"
        " next_committed_date date, resigned_date date, exit_type varchar, is_test boolean"
    ),
}
Rows = dict[str, list[tuple[Any, ...]]]
_KINDS = ("workshop", "webinar", "social")
_PURPOSES = ("welcome", "renewal", "win_back", "exit_survey", "event_followup", "service", None)
_ACTIVITIES = (
    *("email_sent",) * 5,
    *("email_opened", "email_clicked", "email_unsubscribed", "survey_responded"),
    *("phone_call_outbound", "phone_call_inbound", "membership_inquiry", "form_submitted"),
    *("volunteered", "speaker", "referral", "membership_application"),
)


def flags_of_activities() -> dict[str, set[str]]:
    """Activity -> its flags, as the catalogue says."""
    with CATALOGUE.open(encoding="utf-8") as rows:
        return {
            row["activity"]: {flag for flag in FLAGS if row[f"is_{flag}"] == "true"}
            for row in csv.DictReader(rows)
        }


def stories(count: int, seed: int = 11) -> tuple[list[Story], Rows]:
    """The same random stories for the same seed, with their rows."""
    rng = random.Random(seed)
    rows: Rows = {name: [] for name in COLUMNS}
    rows["dim_activity"] = [
        (activity, *(flag in flags for flag in FLAGS))
        for activity, flags in flags_of_activities().items()
    ]
    events = {}
    for number in range(6):
        starts = _moment(rng, _day(rng))
        events[f"e{number}"] = (rng.choice(_KINDS), starts, starts + timedelta(hours=30))
        rows["conformed__events"].append(("x", f"e{number}", events[f"e{number}"][0]))
    found = []
    for number in range(count):
        story = Story(f"m{number:04d}")
        if rng.random() < 0.1:
            story.deceased = _day(rng) + timedelta(days=rng.choice([0, 0, 400]))
        rows["dim_member"].append((story.key, True, False, story.deceased))
        for _ in range(rng.randint(0, 14)):
            _touch(rng, story, rng.choice(_ACTIVITIES), purpose=rng.choice(_PURPOSES))
        _events(rng, story, events, rows)
        _cases(rng, story)
        _memberships(rng, story, rows)
        rows["fct_touchpoint"] += [
            (
                *(story.key, "x", _id(touch.event), _id(touch.case), touch.activity),
                *(touch.purpose, touch.department, touch.channel, touch.at),
            )
            for touch in story.touches
        ]
        found.append(story)
    return found, rows


def _id(named: str | None) -> str | None:
    return named.removeprefix("x:") if named else None


def _day(rng: random.Random) -> date:
    if rng.random() < 0.15:
        # a day on which something falls due today
        return TODAY - timedelta(days=rng.choice([0, 1, 8, 10, 11, 12, 22, 91]))
    return SINCE + timedelta(days=rng.randint(0, (TODAY - SINCE).days))


def _moment(rng: random.Random, day: date) -> datetime:
    """Local midnight (all that is known of many facts) or one of few hours, UTC."""
    if rng.random() < 0.5:
        return midnight(day)
    return datetime.combine(day, time(rng.choice([0, 7, 12, 22, 23]), rng.choice([0, 30])))


def _touch(rng: random.Random, story: Story, activity: str, **said: Any) -> Touch:
    at = said.pop("at", None) or _moment(rng, _day(rng))
    department = rng.choice(["events", "marketing"])
    touch = Touch(at, activity, department=department, channel=rng.choice(["web", "email"]), **said)
    story.touches.append(touch)
    return touch


def _events(
    rng: random.Random, story: Story, events: dict[str, tuple[str, datetime, datetime]], rows: Rows
) -> None:
    for name in rng.sample(sorted(events), rng.randint(0, 3)):
        kind, starts, ends = events[name]
        about = {"event": f"x:{name}", "event_kind": kind}
        day = (starts - timedelta(days=rng.choice([0, 1, 20, 30, 31]))).date()
        _touch(rng, story, "event_registered", at=_moment(rng, day), **about)
        attendance = rng.choice(["attended", "cancelled", "no_show", "upcoming", "unknown"])
        if attendance == "attended":
            _touch(rng, story, "event_attended", at=starts, **about)
        if attendance == "cancelled":
            _touch(rng, story, "event_cancelled", at=_moment(rng, day), **about)
        if attendance == "no_show":
            _touch(rng, story, "event_no_show", at=ends, **about)
        rows["fct_event_registration"].append((story.key, "x", name, attendance, starts, ends))
        if attendance != "cancelled":
            subject = {"event": f"x:{name}"}
            story.milestones.append(Milestone(starts, "event_starts", subject, kind))
            story.milestones.append(Milestone(ends, "event_ends", subject, kind))


def _cases(rng: random.Random, story: Story) -> None:
    for number in range(rng.choice([0, 0, 1, 2])):
        case, opened = f"x:{story.key}-c{number}", _moment(rng, _day(rng))
        _touch(rng, story, "case_opened", at=opened, case=case)
        if rng.random() < 0.5:
            later = timedelta(hours=rng.choice([1, 7, 8, 9]))
            _touch(rng, story, "phone_call_outbound", at=opened + later, purpose="service")
        if rng.random() < 0.8:
            hours = rng.choice([1, 7, 8, 9, 47, 48, 49, 200])
            _touch(rng, story, "case_resolved", at=opened + timedelta(hours=hours), case=case)
        if rng.random() < 0.3:
            _touch(rng, story, "case_resolved", at=opened + timedelta(hours=90), case=case)


def _memberships(rng: random.Random, story: Story, rows: Rows) -> None:
    before: str | None = None
    for spell_no in range(1, rng.choice([1, 2, 2, 3, 4])):
        spell, starts = f"{story.key}-s{spell_no}", _day(rng)
        kind = rng.choice(["rejoin", "reinstatement"]) if before else "join"
        rows["fct_member_spell"].append((story.key, spell, spell_no, kind, starts))
        name = {"join": "first_join", "reinstatement": "reinstated"}.get(kind, kind)
        story.milestones.append(Milestone(midnight(starts), name, {"spell": spell}))
        if before:
            story.milestones.append(Milestone(midnight(starts), "returned", {"spell": before}))
        before = spell
        for number in range(rng.randint(1, 3)):
            _term(rng, story, rows, spell, (spell_no, number))


def _term(rng: random.Random, story: Story, rows: Rows, spell: str, place: tuple[int, int]) -> None:
    term, ends = f"{spell}-t{place[1]}", _day(rng) + timedelta(days=rng.choice([0, 60, 90, 91]))
    model, auto = rng.choice(["fixed", "anniversary", "continuous"]), rng.random() < 0.2
    excluded = rng.choice([None, None, None, "paused", "superseded", "not_renewable"])
    near = [None, *(timedelta(days=n) for n in (-120, -90, -89, -30, 0, 1, 30, 31))]
    offset, resigns = rng.choice(near), rng.choice([None, None, *near])
    renewed = ends + offset if offset is not None else None
    resigned = ends + resigns if resigns is not None else None
    exit_type = rng.choice([None, None, "lapse", "involuntary", "resign", "natural"])
    grace, is_test = ends + timedelta(days=30), rng.random() < 0.05
    rows["fct_membership_term"].append(
        (
            *(story.key, term, place[0], model, auto, excluded, ends, grace),
            *(renewed, resigned, exit_type, is_test),
        )
    )
    if is_test:
        return
    about = {"spell": spell, "term": term}
    must_renew = model in ("fixed", "anniversary") and not auto
    if must_renew and excluded not in ("superseded", "not_renewable"):
        story.milestones.append(Milestone(midnight(ends), "renewal_due", about))
    if renewed:
        story.milestones.append(Milestone(midnight(renewed), "renewed", about))
    if resigned:
        story.milestones.append(Milestone(midnight(resigned), "resigned", about))
    if exit_type in ("lapse", "involuntary"):
        lapsed = grace + timedelta(days=1)
        story.milestones.append(Milestone(midnight(lapsed), "lapsed", about))

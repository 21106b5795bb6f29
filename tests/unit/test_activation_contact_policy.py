"""The contact policy delays what should not begin today, remembers hold-outs, and takes nobody out.

The oracle is a loop over candidates in order of priority that knows each rule in one line.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activation.contact_policy import (
    ContactPolicy,
    Entry,
    History,
    Policy,
    drawn,
    restrain,
)
from activation.ledger import Ledger
from activation.push import push
from activation.report import PushReport
from activation.segments import Segment, read_segment
from activation.testing import MemoryPlatform, Person, write_published
from connectors.platforms.protocol import PushPolicy

TODAY = date(2026, 6, 30)


def segment(
    name: str,
    team: str = "membership",
    purpose: str = "membership",
    priority: int = 10,
    rest: int = 0,
) -> Segment:
    text = (
        f"id: {name}\ntitle: T\nversion: 1\ndescription: D\nowner_team: {team}\n"
        f"purpose: {purpose}\nchannel: email\npriority: {priority}\ncool_down_days: {rest}\n"
        "rule: stage = 'a'\n"
    )
    found, problems = read_segment(text, {"stage"}, file="x.yml")
    assert found is not None, problems
    return found


SEGMENTS = {
    one.id: one
    for one in (
        segment("01_a", rest=7),
        segment("02_b", "marketing", "marketing", 20),
        segment("03_c", "events", "marketing", 30),
        segment("04_d", "marketing", "marketing", 5, rest=30),
    )
}


def rows(*pairs: tuple[str, str], inside: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
    """Candidates (segment, member) that passed the gate."""
    frame = pd.DataFrame(pairs, columns=["segment_id", "member_key"])
    frame["decision"], frame["reason"] = "sent", ""
    frame["is_inside"] = [pair in inside for pair in pairs]
    return frame


def policy(history: History | None = None, draw: float = 0.9, **limits: Any) -> Policy:
    return Policy(
        ContactPolicy(**limits), SEGMENTS, history or History(), TODAY, lambda _s, _m: draw
    )


def reasons(frame: pd.DataFrame) -> list[str]:
    assert ((frame["reason"] == "") == (frame["decision"] == "sent")).all()
    return list(frame["reason"])


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(("days", "reason"), [(0, "cool_down"), (6, "cool_down"), (7, "")])
def test_who_left_rests(days: int, reason: str) -> None:
    history = History(left={("01_a", "m"): ago(days)})
    assert reasons(restrain(rows(("01_a", "m")), policy(history))) == [reason]
    assert reasons(restrain(rows(("02_b", "m")), policy(history))) == [""]


def test_a_cap_counts_marketing_of_seven_days_everywhere() -> None:
    entered = [Entry("02_b", "m", ago(6)), Entry("03_c", "m", ago(7)), Entry("01_a", "m", ago(1))]
    wanted = rows(("03_c", "m"), ("04_d", "m"), ("01_a", "m"), ("04_d", "n"))
    limits = {"promotional_per_week": 2}
    found = restrain(wanted, policy(History(entered=entered), **limits))
    assert reasons(found) == ["frequency_cap", "", "", ""], "04_d comes first, 02_b still counts"
    free = restrain(wanted, policy(History(entered=entered), promotional_per_week=None))
    assert reasons(free) == ["", "", "", ""]


def test_one_team_at_a_time() -> None:
    wanted = rows(("02_b", "m"), ("03_c", "m"), ("04_d", "m"), ("03_c", "n"))
    limits = {"department_days": 2}
    assert reasons(restrain(wanted, policy(**limits))) == ["", "other_department", "", ""]
    lately = History(entered=[Entry("03_c", "m", ago(1))])
    busy = restrain(wanted, policy(lately, **limits))
    assert reasons(busy) == ["other_department", "", "other_department", ""]
    over = History(entered=[Entry("03_c", "m", ago(2))])
    assert reasons(restrain(wanted, policy(over, **limits)))[0] == ""
    off = policy(lately, promotional_per_week=None)
    assert reasons(restrain(wanted, off)) == ["", "", "", ""]


def test_who_is_inside_stays_whatever_the_policy_says() -> None:
    inside = [("02_b", "m"), ("04_d", "m")]
    history = History(
        entered=[Entry("03_c", "m", TODAY)],
        left={("04_d", "m"): TODAY},
        arms={inside[0]: "held_out"},
    )
    limits = {"promotional_per_week": 1, "department_days": 5, "holdout_share": 0.5}
    found = restrain(rows(*inside, inside=inside), policy(history, draw=0.0, **limits))
    assert reasons(found) == ["", ""]


def test_what_the_gate_refused_stays_refused() -> None:
    refused = rows(("02_b", "m")).assign(decision="suppressed", reason="hold")
    assert reasons(restrain(refused, policy(holdout_share=0.5, draw=0.0))) == ["hold"]
    assert drawn(refused, policy(holdout_share=0.5)) == {}


def test_hold_outs_are_of_marketing_and_for_ever() -> None:
    wanted = rows(("01_a", "m"), ("02_b", "m"), ("03_c", "m"))
    history = History(arms={("03_c", "m"): "treated"})
    held = policy(history, draw=0.1, holdout_share=0.2)
    assert reasons(restrain(wanted, held)) == ["", "holdout", ""]
    assert drawn(wanted, held) == {("02_b", "m"): "held_out"}
    assert reasons(restrain(wanted, policy(draw=0.1))) == ["", "", ""], "nobody by default"


def brute_force(frame: pd.DataFrame, asked: Policy) -> list[str]:
    """The reason of each row, decided one by one."""
    limits, found = asked.limits, dict.fromkeys(frame.index, "")
    order = sorted(
        frame.index[~frame["is_inside"]],
        key=lambda i: (
            SEGMENTS[frame.at[i, "segment_id"]].priority,
            *frame.loc[i, ["segment_id", "member_key"]],
        ),
    )

    def entries(days: int, member: str) -> list[Entry]:
        recent = [e for e in asked.history.entered if (TODAY - e.on).days < days]
        return sorted(
            (e for e in recent if e.member_key == member), key=lambda e: (e.on, e.segment)
        )

    def check(reason: str, refuses: Any) -> None:
        for i in order:
            if not found[i] and refuses(i, *frame.loc[i, ["segment_id", "member_key"]]):
                found[i] = reason

    check(
        "holdout",
        lambda _i, s, m: (
            limits.holdout_share > 0
            and SEGMENTS[s].purpose == "marketing"
            and asked.arm(s, m) == "held_out"
        ),
    )
    check(
        "cool_down",
        lambda _i, s, m: (
            (s, m) in asked.history.left
            and (TODAY - asked.history.left[s, m]).days < SEGMENTS[s].cool_down_days
        ),
    )
    if limits.department_days:
        teams: dict[str, str] = {}
        for i in order:
            s, m = frame.loc[i, ["segment_id", "member_key"]]
            if found[i]:
                continue
            for entry in entries(limits.department_days, m):
                teams.setdefault(m, SEGMENTS[entry.segment].owner_team)
            if teams.setdefault(m, SEGMENTS[s].owner_team) != SEGMENTS[s].owner_team:
                found[i] = "other_department"
    counts: dict[str, int] = {}
    for i in order:
        s, m = frame.loc[i, ["segment_id", "member_key"]]
        if found[i] or SEGMENTS[s].purpose != "marketing" or limits.promotional_per_week is None:
            continue
        week = {e.segment for e in entries(7, m) if SEGMENTS[e.segment].purpose == "marketing"}
        if len(week) + counts.get(m, 0) >= limits.promotional_per_week:
            found[i] = "frequency_cap"
        else:
            counts[m] = counts.get(m, 0) + 1
    return [found[i] for i in frame.index]


def test_it_decides_as_a_loop_over_people_would() -> None:
    random.seed(11)
    seen: set[str] = set()
    names = list(SEGMENTS)
    for _ in range(120):
        pairs = [(s, f"m{n}") for s in SEGMENTS for n in range(5) if random.random() < 0.6]
        random.shuffle(pairs)
        history = History(
            entered=[
                Entry(random.choice(names), f"m{random.randrange(5)}", ago(random.randrange(9)))
                for _ in range(random.randrange(6))
            ],
            left={pair: ago(random.randrange(40)) for pair in pairs if random.random() < 0.2},
            arms={
                pair: random.choice(["held_out", "treated"])
                for pair in pairs
                if random.random() < 0.2
            },
        )
        asked = policy(
            history,
            draw=random.choice([0.05, 0.9]),
            promotional_per_week=random.choice([None, 1, 2, 3]),
            department_days=random.choice([0, 1, 4]),
            holdout_share=random.choice([0.0, 0.1]),
        )
        frame = rows(*pairs, inside=[p for p in pairs if random.random() < 0.3])
        found = reasons(restrain(frame, asked))
        assert found == brute_force(frame, asked)
        seen |= set(found)
    assert seen == {"", "holdout", "cool_down", "other_department", "frequency_cap"}


class World:
    """A platform in memory, a ledger, and twenty people whose segments change from day to day."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.platform = folder, MemoryPlatform()
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.people = [Person(f"m{n:02}", f"p{n:02}@example.org") for n in range(20)]
        for person in self.people:
            self.platform.put(str(person.email))
        self.segments = [segment("01_a", purpose="membership", rest=7)]
        self.runs = 0

    def push(
        self, day: int, wanted: Mapping[str, Sequence[str]], *, dry_run: bool = False, **limits: Any
    ) -> PushReport:
        self.runs += 1
        as_of = TODAY + timedelta(days=day)
        return push(
            write_published(
                self.folder / "activation.duckdb",
                self.people,
                wanted,
                purpose=self.segments[0].purpose,
            ),
            self.segments,
            self.platform,
            self.ledger,
            policy=PushPolicy(first_push="allow", emptying_from=1000, brake_absolute=1000),
            contact_policy=ContactPolicy(**limits),
            dry_run=dry_run,
            audited=True,
            build_version=f"b{self.runs}",
            as_of=as_of,
            now=datetime(as_of.year, as_of.month, as_of.day, 21, tzinfo=UTC),
            run_id=f"r{self.runs}",
        )

    def held(self, name: str) -> set[str]:
        return self.platform.members.get(name, set())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.ledger.close()


def test_a_cool_down_is_kept_from_night_to_night(world: World) -> None:
    world.push(0, {"01_a": ["m00", "m01"]})
    world.push(1, {"01_a": ["m01"]})
    again = world.push(2, {"01_a": ["m00", "m01"]})
    assert again.segments[0].suppressed == {"cool_down": 1}
    assert world.held("01_a") == {"p01@example.org"}
    world.push(8, {"01_a": ["m00", "m01"]})
    assert world.held("01_a") == {"p00@example.org", "p01@example.org"}


def test_a_hold_is_no_exit_of_their_own(world: World) -> None:
    world.push(0, {"01_a": ["m00", "m01"]})
    world.people[0].hold = "bereavement"
    world.push(1, {"01_a": ["m00", "m01"]})
    assert world.held("01_a") == {"p01@example.org"}
    world.people[0].hold = None
    world.push(2, {"01_a": ["m00", "m01"]})
    assert world.held("01_a") == {"p00@example.org", "p01@example.org"}


def test_hold_outs_are_written_down_and_kept(world: World) -> None:
    world.segments = [segment("02_b", "marketing", "marketing")]
    everybody = {"02_b": [person.member_key for person in world.people]}

    def run(day: int, share: float, **more: Any) -> PushReport:
        return world.push(day, everybody, holdout_share=share, **more)

    dry = run(0, 0.5, dry_run=True)
    assert world.ledger.history("memory:audience", TODAY).arms == {}, "a dry run writes nothing"
    first = run(0, 0.5)
    assert first.segments[0].suppressed == dry.segments[0].suppressed
    held_out = first.segments[0].suppressed["holdout"]
    assert 2 <= held_out <= 18
    arms = world.ledger.history("memory:audience", TODAY).arms
    assert len(arms) == 20
    assert [*arms.values()].count("held_out") == held_out
    inside = set(world.held("02_b"))
    later = run(1, 0.01)
    assert later.segments[0].suppressed == {"holdout": held_out}, "the share counts for new people"
    assert world.held("02_b") == inside
    run(2, 0)
    assert len(world.held("02_b")) == 20, "the experiment is over"

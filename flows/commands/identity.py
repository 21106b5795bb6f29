"""Commands about who is who: review, link, distinct, split, decisions, withdraw.

Data flow: last good build -> what waits for somebody's judgement; a judgement -> the organisation's
file of decisions, which every build from the next one on follows.
"""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.errors import UsageError
from flows.output import HomeOption, JsonOption, expected_errors, show, show_json, show_table

if TYPE_CHECKING:
    from flows.identity.decisions import Decision, RecordId

app = typer.Typer(help="Who is who: what waits for a judgement.", no_args_is_help=True)

Person = Annotated[
    str, typer.Argument(help="A record as SYSTEM:RECORD, a member key or a member number.")
]
Why = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]
By = Annotated[str | None, typer.Option("--by", help="Who decided; else the user of the system.")]


@app.command()
@expected_errors
def review(
    home: HomeOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many pairs to show.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Pairs of people who may be one, the strongest evidence first; values are masked."""
    from flows.home import find_home
    from flows.identity.people import last_build, review_list

    with last_build(find_home(home)) as db:
        waiting, found = review_list(db, limit)
    if as_json:
        show_json({"waiting": waiting, "pairs": found})
        return
    show(f"{waiting:,} pairs wait, {len(found)} shown")
    for pair in found:
        show(f"\n{pair['reason']} ({pair['rule_id']}), since {pair['first_seen_at']:%Y-%m-%d}")
        show(f"  agrees: {pair['agrees'] or '-'}; differs: {pair['differs'] or '-'}")
        for side in (pair["left"], pair["right"]):
            values = [str(value) for name, value in side.items() if name != "member_key" and value]
            show("  " + "  ".join(values))
    if found:
        one, other = found[0]["left"]["record"], found[0]["right"]["record"]
        show(f'\nDecide with `journey identity link {one} {other} --why "..."` or `... distinct`.')


@app.command()
@expected_errors
def link(
    left: Person,
    right: Person,
    why: Why,
    home: HomeOption = None,
    by: By = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even over a contradiction; it is written down.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say that two people are one."""
    from flows.configuration import load_configuration
    from flows.home import find_home
    from flows.identity.decisions import append_decision, read_decisions
    from flows.identity.people import against_a_link, last_build, person_of, records_of

    found = find_home(home)
    organisation = load_configuration(found, need_secrets=False).organisation
    checking = organisation.identity.verified_by.get("birth_date", ())
    with last_build(found) as db:
        keys = person_of(db, left), person_of(db, right)
        contradictions, apart = against_a_link(db, *keys, read_decisions(found), checking)
        ends = [
            _record(name) or records_of(db, key)[0]
            for name, key in zip((left, right), keys, strict=True)
        ]
    if contradictions and not force:
        raise UsageError(
            f"{left} and {right} cannot be one person: {'; '.join(contradictions)}",
            hint="If it is so all the same, say it again with --force.",
        )
    who = by or _user()
    for one in apart:
        append_decision(found, "withdraw", why=why, decided_by=who, withdraws=one.number)
    decided = append_decision(
        found, "link", ends[:1], ends[1:], why=why, decided_by=who, is_forced=force
    )
    _confirm(decided, as_json=as_json)


@app.command()
@expected_errors
def distinct(
    left: Person,
    right: Person,
    why: Why,
    home: HomeOption = None,
    by: By = None,
    as_json: JsonOption = False,
) -> None:
    """Say that two people are two, so that no rule ever makes them one."""
    from flows.home import find_home
    from flows.identity.decisions import append_decision
    from flows.identity.people import last_build, person_of, records_of

    found = find_home(home)
    with last_build(found) as db:
        keys = person_of(db, left), person_of(db, right)
        if keys[0] == keys[1]:
            raise UsageError(
                f"{left} and {right} are one person now",
                hint="Say which records are somebody else's:"
                f" journey identity split {keys[0]} --record SYSTEM:RECORD ...",
            )
        sides = [records_of(db, key) for key in keys]
    decided = append_decision(found, "distinct", *sides, why=why, decided_by=by or _user())
    _confirm(decided, as_json=as_json)


@app.command()
@expected_errors
def split(
    person: Person,
    record: Annotated[list[str], typer.Option(help="A record of somebody else; repeatable.")],
    why: Why,
    home: HomeOption = None,
    by: By = None,
    as_json: JsonOption = False,
) -> None:
    """Say that some records of a person are somebody else's; they become a person of their own."""
    from flows.home import find_home
    from flows.identity.decisions import append_decision
    from flows.identity.people import last_build, person_of, records_of

    found = find_home(home)
    with last_build(found) as db:
        mine = records_of(db, person_of(db, person))
    listed = ", ".join(":".join(one) for one in mine)
    named = [_record(text) for text in record]
    strangers = [text for text, one in zip(record, named, strict=True) if one not in mine]
    if strangers:
        raise UsageError(
            f"{', '.join(strangers)}: not of this person", hint=f"Their records are {listed}."
        )
    left = [one for one in named if one]
    right = [one for one in mine if one not in left]
    if not right:
        raise UsageError(f"these are all records of the person ({listed})", hint="Leave one out.")
    decided = append_decision(found, "distinct", left, right, why=why, decided_by=by or _user())
    _confirm(decided, as_json=as_json)


@app.command()
@expected_errors
def withdraw(
    number: Annotated[int, typer.Argument(help="As `journey identity decisions` shows it.")],
    why: Why,
    home: HomeOption = None,
    by: By = None,
    as_json: JsonOption = False,
) -> None:
    """Take a decision back; the rules decide again."""
    from flows.home import find_home
    from flows.identity.decisions import append_decision, in_force, read_decisions

    found = find_home(home)
    if number not in {one.number for one in in_force(read_decisions(found))}:
        raise UsageError(
            f"there is no decision {number} in force", hint="See `journey identity decisions`."
        )
    decided = append_decision(
        found, "withdraw", why=why, decided_by=by or _user(), withdraws=number
    )
    _confirm(decided, as_json=as_json)


@app.command("decisions")
@expected_errors
def list_decisions(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Every decision, who took it, when and why."""
    from flows.home import find_home
    from flows.identity.decisions import in_force, read_decisions

    decisions = read_decisions(find_home(home))
    holding = {one.number for one in in_force(decisions)}
    if as_json:
        show_json([{**_shown(one), "is_in_force": one.number in holding} for one in decisions])
        return
    show_table(
        ("number", "kind", "forced", "in force", "at (UTC)", "by", "why", "records"),
        [
            (
                one.number,
                one.kind,
                one.is_forced,
                one.number in holding,
                one.decided_at,
                one.decided_by,
                one.why,
                f"takes back {one.withdraws}" if one.withdraws else _records(one),
            )
            for one in decisions
        ],
    )


def _confirm(decided: Decision, *, as_json: bool) -> None:
    if as_json:
        show_json(_shown(decided))
        return
    show(f"decision {decided.number} is written; builds from the next one on follow it")


def _shown(one: Decision) -> dict[str, Any]:
    return {**vars(one), "records": _records(one)}


def _records(one: Decision) -> str:
    sides = [", ".join(":".join(record) for record in side) for side in (one.left, one.right)]
    return " | ".join(sides)


def _record(text: str) -> RecordId | None:
    system, colon, record = text.partition(":")
    return (system, record) if colon else None


def _user() -> str:
    return getpass.getuser()

"""The whole project on the sandbox association, against the truth written beside it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from upstream import Built


def test_every_model_and_every_test_passes(sandbox_build: Built) -> None:
    assert sandbox_build.code == 0, sandbox_build.said[-4000:]
    results = sandbox_build.artifact("run_results.json")["results"]
    said = {item["status"] for item in results}
    assert said <= {"success", "pass", "no-op"}, [
        item["unique_id"] for item in results if item["status"] not in ("success", "pass", "no-op")
    ]
    kinds = {item["unique_id"].split(".")[0] for item in results}
    assert {"model", "test", "unit_test", "seed"} <= kinds


def test_the_build_says_nothing_a_user_would_wonder_about(sandbox_build: Built) -> None:
    assert "WARNING" not in sandbox_build.said, sandbox_build.said[:3000]
    assert "eprecat" not in sandbox_build.said


def test_people_are_exactly_the_true_ones_unless_undecidable(
    sandbox_build: Built, world: Path
) -> None:
    """A person is right when one key holds all of their records and nobody else's."""
    wrong = sandbox_build.rows(
        f"""
        with linked as (
            select truth.person_id, map.member_key
            from '{world}/truth/records.parquet' as truth
            left join int_identity__current as map using (source_system, source_record_id)
        ),
        split as (
            select person_id from linked group by person_id
            having count(distinct coalesce(member_key, 'none')) > 1 or count(member_key) = 0
        ),
        mixed as (
            select member_key from linked group by member_key having count(distinct person_id) > 1
        )
        select distinct person_id from linked
        where person_id in (from split) or member_key in (from mixed)
        """
    )
    undecidable = sandbox_build.rows(f"select person_id from '{world}/truth/undecidable.parquet'")
    assert set(wrong) == set(undecidable)
    everybody = sandbox_build.rows(f"select count(*) from '{world}/truth/people.parquet'")[0][0]
    assert everybody > 250
    assert len(undecidable) < 0.03 * everybody


def test_pairs_of_records_are_linked_with_few_false_links(
    sandbox_build: Built, world: Path
) -> None:
    """Pairwise, over every pair of records: precision at least 0.999, recall at least 0.95."""
    linked = sandbox_build.rows(
        "select truth.person_id, map.member_key"
        f" from '{world}/truth/records.parquet' as truth"
        " left join int_identity__current as map using (source_system, source_record_id)"
    )
    both, found, true = (
        sum(count * (count - 1) // 2 for count in Counter(labels).values())
        for labels in (linked, [key for _, key in linked], [owner for owner, _ in linked])
    )
    assert true > 3000
    assert both / found >= 0.999
    assert both / true >= 0.95


def test_terms_are_the_true_ones(sandbox_build: Built, world: Path) -> None:
    """Rebuilt from the log alone: renewals, gaps, pauses, resignations, plan changes, lifetimes."""
    ours = sandbox_build.rows(
        f"""
        select truth.person_id, terms.start_date, terms.end_date, terms.committed_date,
            plans.plan_code
        from conformed__membership_terms as terms
        inner join conformed__plans as plans using (source_system, source_plan_id)
        inner join '{world}/truth/records.parquet' as truth using (source_system, source_record_id)
        """
    )
    truth = sandbox_build.rows(
        "select person_id, start_date, end_date, committed_date, plan_code"
        f" from '{world}/truth/terms.parquet'"
    )
    assert len(truth) > 500
    assert sorted(map(str, ours)) == sorted(map(str, truth))


@pytest.mark.parametrize(
    "activity",
    [
        "membership_inquiry",
        "membership_application",
        "membership_joined",
        "membership_renewed",
        "membership_resigned",
        "event_registered",
        "event_cancelled",
        "event_attended",
        "event_no_show",
        "payment_made",
        "payment_failed",
        "payment_refunded",
        "case_opened",
        "case_resolved",
        "case_reopened",
        "survey_responded",
        "email_sent",
        "email_opened",
        "email_clicked",
        "email_unsubscribed",
        "email_bounced",
        "phone_call_inbound",
        "phone_call_outbound",
        "volunteered",
        "referral",
        "speaker",
    ],
)
def test_every_kind_of_interaction_reaches_its_member(sandbox_build: Built, activity: str) -> None:
    rows = sandbox_build.rows(
        f"select count(*), count(member_key) from fct_touchpoint where activity = '{activity}'"
    )
    assert rows[0][0] > 0
    assert rows[0][0] == rows[0][1]


def test_nothing_of_tests_or_trash_is_counted(sandbox_build: Built) -> None:
    """Test orders, test memberships and trashed contacts are in raw and nowhere else."""
    people = sandbox_build.rows(
        "select count(*) from conformed__people where email_key = 'test@example.org'"
    )
    assert people == [(0,)]
    assert sandbox_build.rows("select count(*) from conformed__membership_terms where is_test") == [
        (0,)
    ]


def test_a_card_payment_of_the_ticket_shop_counts_once(sandbox_build: Built) -> None:
    both = sandbox_build.rows(
        "select source_system, count(*) from conformed__payments"
        " where purpose = 'event' and kind = 'payment'"
        " and (method = 'stripe' or source_system = 'stripe') group by 1 order by 1"
    )
    assert [name for name, _ in both] == ["pretix", "stripe"]
    assert both[0][1] == both[1][1] > 0, "money of one system has no counterpart in the other"
    counted = sandbox_build.rows(
        "select count(*) from fct_payment where source_system = 'pretix' and method = 'stripe'"
    )
    assert counted == [(0,)]

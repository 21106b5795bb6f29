"""Dues money as SQL against the day-by-day loops of money_oracle, on random terms and payments.

One dbt run of the money models on hand-made tables: 150 terms of random lengths (leap days, terms
of a day, for ever, negative ones), refunds of a part, of all, of more, after the end, before the
start.
"""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from money_oracle import (
    Movement,
    Part,
    Term,
    largest_remainder,
    monthly,
    refunds_of,
    schedule,
)
from upstream import TODAY, Built, run_dbt

NOON = time(12)
DUES = [Part("dues", 1, "by_day")]
BUNDLE = [Part("dues", 120, "by_day"), Part("publications", 80, "by_day")]
BUNDLE += [Part("event", 50, "at_end")]
THIRDS = [Part("dues", 1, "by_day"), Part("journal", 1, "at_start"), Part("seat", 1, "by_day")]
PLANS = {"single": DUES, "bundle": BUNDLE, "thirds": THIRDS}
MODELS = ("path:models/intermediate/money", "path:models/marts/finance", "dim_date")
TABLES = {
    "int_membership_terms": (
        "term_id varchar, member_key varchar, plan_code varchar, currency_code varchar,"
        " amount_minor bigint, start_date date, end_date date, committed_date date,"
        " term_number integer, is_test boolean, known_at timestamp"
    ),
    "fct_payment": (
        "payment_key varchar, member_key varchar, source_system varchar, source_payment_id varchar,"
        " source_invoice_id varchar, parent_payment_id varchar, kind varchar, purpose varchar,"
        " currency_code varchar, amount_minor bigint, occurred_date date, occurred_at timestamp,"
        " known_at timestamp"
    ),
    "conformed__invoices": (
        "source_invoice_id varchar, source_record_id varchar, purpose varchar, status varchar,"
        " issued_at timestamp, due_at timestamp, paid_at timestamp, total_minor bigint,"
        " paid_minor bigint, currency_code varchar, source_system varchar, known_at timestamp"
    ),
    "int_identity__current": (
        "source_system varchar, source_record_id varchar, member_key varchar"
    ),
    "metric_renewal_rate": (
        "slice_name varchar, slice_value varchar, numerator bigint, denominator bigint,"
        " is_mature boolean, period_start date"
    ),
    "int_first_joins": "member_key varchar, observed_days integer, has_left boolean",
}


class Case:
    """Random terms with what was paid for them; the worked examples are terms of their own."""

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self.movements: list[Movement] = []
        self.payments: list[tuple[Any, ...]] = []
        rng = random.Random(20260630)
        year = (date(2025, 7, 1), date(2026, 6, 30))
        self.add(Term("ten", "w1", "single", "EUR", 12000, *year, year[0]))
        self.add(Term("bundle", "w2", "bundle", "USD", 25000, *year, year[0]))
        for number in range(150):
            self._random(rng, number)

    def add(self, term: Term) -> None:
        self.terms.append(term)
        if term.amount > 0:
            self.pay(term, "payment", term.amount, term.committed)

    def pay(self, term: Term, kind: str, amount: int, day: date, *, fits: bool = True) -> None:
        key = f"p{len(self.payments)}"
        parent = None if kind == "payment" else f"{term.term_id}-paid"
        own = f"{term.term_id}-paid" if kind == "payment" else key
        at = datetime.combine(day, NOON)
        row = (key, term.member_key, "x", own, None, parent, kind, "dues", term.currency, amount)
        self.payments.append((*row, day, at, at))
        if day <= TODAY:
            term_id = term.term_id if fits else None
            self.movements.append(Movement(key, term_id, kind, term.currency, amount, day))

    def _random(self, rng: random.Random, number: int) -> None:
        start = date(2021, 1, 1) + timedelta(days=rng.randrange(2100))
        length = rng.choice((0, 27, 30, 89, 364, 365, 730, rng.randrange(500)))
        end = None if rng.random() < 0.03 else start + timedelta(days=length)
        amount = rng.choice((950, 12000, 9999, 7, 1, rng.randrange(1, 50_000)))
        if rng.random() < 0.03:
            amount = -amount
        committed = min(start + timedelta(days=rng.randrange(-60, 40)), TODAY)
        plan, currency = rng.choice(list(PLANS)), rng.choice(("EUR", "USD", "JPY"))
        term = Term(f"t{number}", f"m{number}", plan, currency, amount, start, end, committed)
        self.terms.append(term)
        if amount < 0 or rng.random() < 0.1:
            return
        self.pay(term, "payment", amount, committed)
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            day = committed + timedelta(days=rng.randrange(900))
            back = rng.choice((amount, rng.randrange(1, amount + 1), amount + 5))
            self.pay(term, rng.choice(("refund", "refund", "chargeback")), -back, day)


@pytest.fixture(scope="module")
def case() -> Case:
    return Case()


@pytest.fixture(scope="module")
def built(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("money")
    raw = folder / "raw.duckdb"
    duckdb.connect(str(raw)).close()
    _write(folder / "build.duckdb", case)
    variables: dict[str, object] = {
        "fiscal_year_start_month": 7,
        "performance_obligations": {
            plan: [vars(part) for part in parts]
            for plan, parts in PLANS.items()
            if plan != "single"
        },
    }
    done = run_dbt(folder, raw, "run", "--select", *MODELS, **variables)
    assert done.code == 0, done.said[-3000:]
    return done


def _write(database: Path, case: Case) -> None:
    now = datetime.combine(TODAY, NOON)
    terms = [
        (t.term_id, t.member_key, t.plan, t.currency, t.amount, t.start, t.end, t.committed, 1)
        for t in case.terms
    ]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "int_membership_terms": [(*row, False, now) for row in terms],
        "fct_payment": [*case.payments, *_invoice_payments()],
        "conformed__invoices": [
            *(
                (f"i{n}", "r1", "event", s, now, now, None, 1000, 0, "EUR", "inv", now)
                for n, s in INVOICES
            )
        ],
        "int_identity__current": [("inv", "r1", "m1")],
        "metric_renewal_rate": [("all", "all", 9, 10, True, date(2026, 1, 1))],
        "int_first_joins": [(f"j{n}", days, left) for n, (days, left) in enumerate(JOINS)],
    }
    with duckdb.connect(str(database)) as db:
        for name, columns in TABLES.items():
            db.execute(f"create table {name} ({columns})")
            marks = ", ".join("?" * len(rows[name][0]))
            db.executemany(f"insert into {name} values ({marks})", rows[name])


INVOICES = [(1, "paid"), (2, "open"), (3, "uncollectible"), (4, "void"), (5, "paid")]
JOINS = [(100, True), (400, True), (400, False), (900, True), (1200, False), (4000, False)]


def _invoice_payments() -> list[tuple[Any, ...]]:
    """Invoice 1 is overpaid and refunded, 2 charged back, 3 paid in part; 5 in another currency."""

    def row(
        key: str, invoice: str | None, parent: str | None, kind: str, amount: int, day: int
    ) -> Any:
        at = datetime.combine(date(2026, 5, day), NOON)
        money = ("USD" if invoice == "i5" else "EUR", amount, at.date(), at, at)
        return (key, "m1", "inv", key, invoice, parent, kind, "event", *money)

    return [
        row("a", "i1", None, "payment", 700, 1),
        row("b", "i1", None, "payment", 500, 2),
        row("c", None, "b", "refund", -300, 3),
        row("d", "i2", None, "payment", 1000, 4),
        row("e", None, "d", "chargeback", -1000, 5),
        row("f", "i3", None, "payment", 400, 6),
        row("g", "i5", None, "payment", 1000, 7),
    ]


def test_every_month_of_every_term_earns_what_the_days_say(case: Case, built: Built) -> None:
    wanted = {}
    for term in case.terms:
        refunds = refunds_of(term, case.movements)
        whole = schedule(term, PLANS[term.plan], refunds)
        so_far = schedule(term, PLANS[term.plan], refunds, TODAY)
        wanted |= {cell: (amount, so_far.get(cell, 0)) for cell, amount in whole.items()}
    got = {
        (term, part, start): (scheduled, recognised)
        for term, part, start, scheduled, recognised in built.rows(
            "select term_id, obligation, month_start, scheduled_minor, recognised_minor"
            " from fct_revenue_schedule"
        )
    }
    # between service and a later refund nothing happens: the schedule has no such month
    idle = {cell for cell in set(wanted) - set(got) if wanted[cell] == (0, 0)}
    assert {cell: got.get(cell) for cell in set(wanted) - idle} == {
        cell: amounts for cell, amounts in wanted.items() if cell not in idle
    }
    assert set(got) <= set(wanted)
    assert any(scheduled < 0 for scheduled, _ in got.values())  # some revenue was reversed


def test_prices_are_split_and_earned_to_the_cent(case: Case, built: Built) -> None:
    """2.13: $250 = 120 dues + 80 publications + 50 event; days and parts add up exactly."""
    got = built.rows(
        "select obligation, sum(scheduled_minor), sum(service_days) from fct_revenue_schedule"
        " where term_id = 'bundle' group by all order by 1"
    )
    assert got == [("dues", 12000, 365), ("event", 5000, 365), ("publications", 8000, 365)]
    months = built.rows(
        "select scheduled_minor from fct_revenue_schedule where term_id = 'ten'"
        " order by month_start"
    )
    assert [amount for (amount,) in months[:2]] == [31 * 33, 31 * 33]
    # 12,000 cents over 365 days: 32 each, and one more on the first 320
    assert sum(amount for (amount,) in months) == 12000
    assert largest_remainder(12000, [1] * 365) == [33] * 320 + [32] * 45
    odd = built.rows(
        "select term_id, sum(scheduled_minor), sum(credited_minor) from fct_revenue_schedule"
        " group by 1"
    )
    prices = {term.term_id: term.amount for term in case.terms}
    assert {term: price for term, price, _ in odd} == {
        term: prices[term] - credited for term, _, credited in odd
    }
    assert len(odd) == len(prices)


def test_a_month_of_an_association_is_the_sum_of_its_terms(case: Case, built: Built) -> None:
    names = ("billed", "credited", "collected", "collected_without_term", "charged_back")
    names += (
        "recognised",
        "still_to_recognise",
        "contract_liability",
        "contract_asset",
        "receivable",
    )
    wanted = monthly(case.terms, case.movements, PLANS, TODAY)
    columns = ", ".join(f"{name}_minor" for name in names)
    got = {
        (currency, start): dict(zip(names, amounts, strict=True))
        for currency, start, *amounts in built.rows(
            f"select currency_code, period_start, {columns} from metric_dues"
        )
    }
    expected = {key: {name: at[name] for name in names} for key, at in wanted.items()}
    # the oracle also walks through months in which nothing happens
    idle = {key for key, at in expected.items() if not any(at[name] for name in names[:6])}
    assert {key: at for key, at in got.items() if key not in idle} == {
        key: at for key, at in expected.items() if key not in idle
    }
    assert set(got) <= set(expected)
    assert len({currency for currency, _ in got}) == 3


def test_what_is_still_to_earn_is_what_the_schedule_says(built: Built) -> None:
    """billed - credited = recognised + still to recognise, read from two sides."""
    assert built.rows(
        "select currency_code, still_to_recognise_minor from metric_dues"
        " qualify row_number() over (partition by currency_code order by period_start desc) = 1"
        " order by 1"
    ) == built.rows(
        "select currency_code, sum(scheduled_minor - recognised_minor) from fct_revenue_schedule"
        " group by 1 order by 1"
    )


def test_fiscal_years_are_named_after_the_year_they_end_in(built: Built) -> None:
    """Every day of fifty years, with a fiscal year from July, counted by the standard library."""
    wanted = []
    day = date(2000, 1, 1)
    while day < date(2050, 1, 1):
        over = (day.month - 7) % 12
        fiscal = (day.year + (day.month >= 7), over // 3 + 1, over + 1)
        calendar = (day.year, (day.month + 2) // 3, day.isoweekday(), day.isoweekday() >= 6)
        wanted.append((day, *calendar, *fiscal, day <= TODAY, day.replace(day=1)))
        day += timedelta(days=1)
    assert wanted == built.rows(
        "select date_day, year_number, quarter_number, iso_weekday, is_weekend, fiscal_year,"
        " fiscal_quarter, fiscal_month, is_past, month_start from dim_date order by 1"
    )


def test_an_invoice_takes_no_more_than_its_total(built: Built) -> None:
    taken = built.rows(
        "select payment_key, applied_minor, unapplied_minor from fct_payment_allocation order by 1"
    )
    assert taken == [
        *(("a", 700, 0), ("b", 300, 200), ("c", -100, -200), ("d", 1000, 0)),
        *(("e", -1000, 0), ("f", 400, 0)),
    ]
    invoices = built.rows(
        "select source_invoice_id, billed_minor, collected_minor, written_off_minor,"
        " is_charged_back, member_key from fct_invoice order by 1"
    )
    assert invoices == [
        ("i1", 1000, 900, 0, False, "m1"),
        ("i2", 1000, 0, 0, True, "m1"),
        ("i3", 1000, 400, 600, False, "m1"),
        ("i4", 0, 0, 0, False, "m1"),
        ("i5", 1000, 0, 0, False, "m1"),
    ]

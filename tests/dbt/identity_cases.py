"""Hand-made people for the identity models: contradictions, weak evidence, decisions.

Data flow: Cases -> Pool (records, terms, acts) -> identity_nights.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from identity_nights import Pool, Record, day, moment

Keys = dict[Record, str]
OLD, LATE = moment("2015-01-01"), moment("2024-01-01")


@dataclass
class Case:
    """Records by a short name, in a world of their own: addresses and names are this case's."""

    pool: Pool
    name: str
    records: dict[str, Record] = field(default_factory=dict)

    def add(self, short: str, system: str = "civicrm", **values: Any) -> Record:
        mail = (
            {"email": f"{values.pop('mail')}@{self.name}.example.org"} if "mail" in values else {}
        )
        record = f"{self.name}-{short}"
        self.records[short] = self.pool.add(system, record, **mail, **values)
        return self.records[short]

    def parts(self, keys: Keys) -> set[frozenset[str]]:
        """Who is together: the short names, by person."""
        found: dict[str, set[str]] = {}
        for short, record in self.records.items():
            found.setdefault(keys[record], set()).add(short)
        return {frozenset(part) for part in found.values()}


def together(*parts: str) -> set[frozenset[str]]:
    """together("a b", "c"): a and b are one person, c another."""
    return {frozenset(part.split()) for part in parts}


class Cases:
    """All cases of one warehouse."""

    def __init__(self) -> None:
        self.pool = Pool()
        self.all: dict[str, Case] = {}
        self._contradictions()
        self._weak()
        self._decided()

    def case(self, name: str) -> Case:
        self.all[name] = Case(self.pool, name)
        return self.all[name]

    def _contradictions(self) -> None:
        one = self.case("junior-senior")
        smith = {"first_name": "John", "mail": "john"}
        one.add("father", last_name="Smith Sr.", **smith)
        one.add("son", "salesforce", last_name="Smith, jun.", **smith)
        one = self.case("junior-alone")
        one.add("a", last_name="Smith Jr.", **smith)
        one.add("b", "pretix", last_name="Smith", **smith)
        first, later = ("2020-01-01", "2021-12-31"), ("2023-01-01", "2026-12-31")
        for name, terms in {
            "numbers-at-once": (first, ("2021-06-01", "2026-12-31")),
            "numbers-in-turn": (first, later),
            "numbers-in-turn-again": (later, first),
        }.items():
            one = self.case(name)
            for number, (start, end) in enumerate(terms, 1):
                record = one.add(
                    f"n{number}",
                    first_name="Ada",
                    last_name="Berg",
                    mail="ada",
                    member_number=f"{name}-{number}",
                )
                self.pool.row(
                    "conformed__membership_terms", *record, day(start), day(end), None, None, False
                )
        one = self.case("numbers-of-two-systems")
        for system in ("civicrm", "salesforce"):
            named = {"first_name": "Ada", "last_name": "Berg", "mail": "ada"}
            one.add(system, system, member_number=f"two-{system}", **named)
        # One number typed by a father and a son; the shop's customer hangs on the father's contact.
        one = self.case("births-over-a-number")
        hans = {"first_name": "Hans", "last_name": "Kern", "member_number": "births-1"}
        one.add("father", birth_date=day("1950-01-01"), **hans)
        one.add("son", "salesforce", birth_date=day("1980-01-01"), **hans)
        one.add(
            "customer",
            "stripe",
            foreign_source_system="civicrm",
            foreign_record_id="births-over-a-number-father",
        )
        for name, acted in (("order-after-death", 2024), ("order-before-death", 2020)):
            one = self.case(name)
            emil = {"first_name": "Emil", "last_name": "Lang", "mail": "emil"}
            one.add("dead", deceased_on=day("2021-01-01"), **emil)
            record = one.add("order", "pretix", created_at=OLD, **emil)
            self.pool.row("conformed__registrations", *record, moment(f"{acted}-05-01"))

        one = self.case("reader-after-death")
        one.add("dead", deceased_on=day("2021-01-01"), mail="emil", first_name="Emil")
        reader = {"record_kind": "subscriber", "created_at": LATE}
        one.add("reader", "mailchimp", mail="emil", **reader)

    def _weak(self) -> None:
        one = self.case("names-alone")
        for short in ("a", "b"):
            one.add(short, "pretix", first_name="Anna", last_name="Vogel")
        one = self.case("addresses")
        home = {
            "first_name": "Uwe",
            "last_name": "Roth",
            "street": "Am Markt 1",
            "postal_code": "1",
        }
        one.add("a", **home)
        one.add("b", "salesforce", mail="uwe", **home)
        one.add("c", "odoo", **home)
        one.add("d", "pretix", first_name="Uwe", last_name="Roth", mail="uwe")

    def _decided(self) -> None:
        place = {"street": "Am Ring 2", "postal_code": "2"}
        link = self.case("link")
        link.add("a", first_name="Eva", last_name="Link", **place)
        link.add("b", "odoo", first_name="Eva", last_name="Link", **place)
        # One block of equal values (T5): whoever leaves must not take the others' bond along.
        born = {"first_name": "Ida", "last_name": "Split", "birth_date": day("1970-01-01")}
        split = self.case("split")
        for short, system in (("b1", "civicrm"), ("a1", "odoo"), ("a2", "pretix"), ("a3", "tito")):
            split.add(short, system, is_member_bearing=short in ("a1", "b1"), **born)
        for name in ("link-against-births", "forced-against-births"):
            one = self.case(name)
            one.add("a", first_name="Max", birth_date=day("1970-01-01"))
            one.add("b", "odoo", first_name="Max", birth_date=day("1970-01-10"), created_at=LATE)
            one.add("c", "pretix", first_name="Max", birth_date=day("1970-01-10"), mail="max")
        equal = self.case("equal-records")
        for short in ("a", "b"):
            equal.add(short, first_name="Gil", last_name="Equal", mail="gil")
        survivors = self.case("survivors")
        ada = {"first_name": "Ada", "last_name": "Berg", "mail": "ada"}
        new, phone = moment("2022-01-01"), "+4915550000001"
        survivors.add("a", street="Am Tor 1", city="Bonn", **ada)
        survivors.add("b", phone_e164=phone, updated_at=new, **ada)
        whole = {"street": "Am Tor 2", "postal_code": "53111"}
        survivors.add("c", "odoo", birth_date=day("1980-01-01"), **whole, **ada)
        survivors.add("d", "pretix", phone_e164="+4915550000002", **ada)
        between = self.case("between")
        for short, system in (("a", "civicrm"), ("b", "salesforce"), ("c", "pretix")):
            between.add(short, system, first_name="Kim", last_name="Mitte", mail="kim")

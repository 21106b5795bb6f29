"""One suite every platform adapter must pass: proof that nobody is written to against their will.

Data flow: suite -> adapter -> Account (a fake, seen from its own database) -> what is stored.

How to use it for a platform: write an `Account` for it, then in a test module

    class TestMine(PlatformConformance):
        @pytest.fixture
        def account(self, tmp_path):
            with my_account(tmp_path) as account:
                yield account

What may be written to whom is decided by activation; the suite asks more: that the adapter cannot
do harm even when it is called with the wrong people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors.errors import JourneyConnectorError, ShortReadError
from connectors.platforms.protocol import FieldUpdate, PlatformAdapter, RowOutcome
from connectors.testing.platform_conformance_tools import (
    SUBSCRIBED,
    Account,
    chained,
    create,
    inside,
    plain,
    subscribe,
    writes,
)

__all__ = ["Account", "PlatformConformance"]

Call = Callable[[PlatformAdapter], list[RowOutcome]]
TROUBLE = ("429", "500", "lost", "reset", "timeout", "html")


class PlatformConformance:
    """The tests. A subclass gives the `account` fixture."""

    @pytest.fixture
    def account(self) -> Iterator[Account]:
        raise NotImplementedError("give an `account` fixture")

    # --- what it declares -------------------------------------------------------------------

    def test_declarations_are_sound(self, account: Account) -> None:
        adapter = account.adapter()
        sheet = adapter.capabilities
        assert isinstance(adapter, PlatformAdapter)
        assert sheet.kind == account.kind
        assert adapter.destination.startswith(f"{account.kind}:")
        assert sheet.chunk_size >= 1
        assert sheet.max_connections >= 1
        assert sheet.limits, "the reference table shows them"
        assert SUBSCRIBED in sheet.statuses.values()
        assert "unknown" not in sheet.statuses.values(), "unknown is for words it does not know"
        items = adapter.check()
        assert items
        assert all(item.ok for item in items), [item.detail for item in items if not item.ok]

    # --- nobody is subscribed again ---------------------------------------------------------

    def test_no_method_subscribes_anybody_again(self, account: Account) -> None:
        adapter = account.adapter()
        ref, other = adapter.ensure_segment("01_x"), adapter.ensure_segment("20_y")
        emails = {word: f"{word.replace(' ', '-')}@example.org" for word in account.objections}
        for email in emails.values():
            assert create(adapter, email).outcome == "acknowledged"
        adapter.add_members(ref, list(emails.values()))
        adapter.read_statuses()
        for word, email in emails.items():
            account.later()
            account.put(email, word)
        before = account.statuses()
        assert SUBSCRIBED not in before.values()
        contacts = {c.email.lower(): c.status for c in adapter.read_statuses()}
        assert {contacts.get(e) for e in emails.values()} & {SUBSCRIBED} == set()
        steps: dict[str, Callable[[str], list[RowOutcome]]] = {
            "create": lambda email: [create(adapter, email)],
            "create again": lambda email: [create(account.adapter(), email.upper())],
            "update": lambda email: [adapter.update_fields(FieldUpdate(email, fields))],
            "add": lambda email: adapter.add_members(ref, [email]),
            "add elsewhere": lambda email: adapter.add_members(other, [email]),
            "add, adapter just started": lambda email: account.adapter().add_members(
                other, [email]
            ),
            "remove": lambda email: adapter.remove_members(ref, [email]),
            "add after remove": lambda email: adapter.add_members(ref, [email]),
        }
        fields = adapter.render_fields({"first_name": "Bo"})
        for step, call in steps.items():
            for email in emails.values():
                outcomes = call(email)
                assert len(outcomes) == 1
                if step.startswith("create"):
                    assert outcomes[0].outcome == "suppressed", (step, outcomes)
            assert account.statuses() == before, step
        adapter.ensure_segment("01_x")
        adapter.read_segment(ref)
        assert account.statuses() == before

    def test_objecting_between_the_look_and_the_write(self, account: Account) -> None:
        for word in account.late_objections:
            adapter, email = account.adapter(), f"late-{word.replace(' ', '-')}@example.org"

            def object_now(email: str = email, word: str = word) -> None:
                account.put(email, word)

            method, path = account.create_write
            account.server.faults.on(path, method=method).drift(object_now)
            outcome = create(adapter, email)
            assert account.statuses()[email] == word
            assert outcome.outcome == "suppressed"
            assert account.statuses()[email] == word

    def test_strangers_are_not_created_by_the_way(self, account: Account) -> None:
        adapter = account.adapter()
        ref = adapter.ensure_segment("01_x")
        email = "stranger@example.org"
        fields = adapter.render_fields({"first_name": "Ada"})
        missing = adapter.update_fields(FieldUpdate(email, fields))
        assert (missing.outcome, missing.permanent) == ("failed", False)
        (added,) = adapter.add_members(ref, [email])
        assert (added.outcome, added.reason) == ("failed", "not_on_list")
        (removed,) = adapter.remove_members(ref, [email])
        assert removed.outcome == "acknowledged"
        assert adapter.read_contact(email) is None
        assert account.statuses() == {}

    def test_leaving_a_segment_keeps_the_subscription(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 3)
        ref, other = adapter.ensure_segment("01_x"), adapter.ensure_segment("20_y")
        for one in (ref, other):
            assert set(plain(adapter.add_members(one, emails)).values()) == {"acknowledged"}
        assert plain(adapter.remove_members(ref, emails[:2])) == dict.fromkeys(
            emails[:2], "acknowledged"
        )
        assert set(account.statuses().values()) == {SUBSCRIBED}
        assert account.members(ref.platform_id) == {emails[2]}
        assert account.members(other.platform_id) == set(emails)

    def test_who_is_known_is_only_looked_at(self, account: Account) -> None:
        adapter = account.adapter()
        account.put("a@example.org")
        before = writes(account)
        assert create(adapter, "a@example.org").outcome == "acknowledged"
        assert writes(account) == before

    # --- only what is ours ------------------------------------------------------------------

    def test_only_owned_segments_are_touched(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 2)
        theirs = account.make_segment("Newsletter readers", emails)
        assert adapter.find_segments(["01_x"]) == {}
        ref = adapter.ensure_segment("01_x")
        assert ref.platform_id != theirs
        assert adapter.ensure_segment("01_x") == adapter.find_segments(["01_x"])["01_x"]
        assert list(adapter.find_segments(["20_y"])) == [ref.name], "configured no longer"
        adapter.add_members(ref, emails[:1])
        adapter.remove_members(ref, emails)
        assert account.members(theirs) == set(emails)
        assert account.segment_names()[theirs] == "Newsletter readers"
        assert len(account.segment_names()) == 2

    def test_a_lost_answer_makes_no_second_segment(self, account: Account) -> None:
        adapter = account.adapter()
        account.server.faults.on(method="POST").lost()
        try:
            adapter.ensure_segment("01_x")
        except JourneyConnectorError:
            adapter.ensure_segment("01_x")
        assert len(account.segment_names()) == 1
        assert list(account.segment_names()) == [
            adapter.find_segments(["01_x"])["01_x"].platform_id
        ]

    # --- one outcome per row ----------------------------------------------------------------

    def test_every_row_has_one_outcome(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 3)
        ref = adapter.ensure_segment("01_x")
        adapter.add_members(ref, emails[:1])
        rows = [emails[0], emails[1].upper(), "stranger@example.org", emails[1], emails[2]]
        added = adapter.add_members(ref, rows)
        assert [outcome.email for outcome in added] == rows, "as given, in the order given"
        assert [o.outcome for o in added] == ["acknowledged"] * 2 + ["failed"] + [
            "acknowledged"
        ] * 2
        assert account.members(ref.platform_id) == set(emails)
        again = adapter.add_members(ref, emails)
        assert set(plain(again).values()) == {"acknowledged"}
        removed = adapter.remove_members(ref, rows)
        assert [outcome.email for outcome in removed] == rows
        assert set(plain(removed).values()) == {"acknowledged"}
        assert account.members(ref.platform_id) == set()
        assert set(plain(adapter.remove_members(ref, emails)).values()) == {"acknowledged"}

    def test_no_call_is_larger_than_the_platform_takes(self, account: Account) -> None:
        adapter = account.adapter()
        most = adapter.capabilities.chunk_size
        emails = subscribe(account, most + 1)
        ref = adapter.ensure_segment("01_x")
        before = writes(account)
        for change in (adapter.add_members, adapter.remove_members):
            with pytest.raises(ValueError, match=str(most)):
                change(ref, emails)
        assert writes(account) == before
        adapter.read_statuses()
        full = adapter.add_members(ref, emails[:most])
        assert set(plain(full).values()) == {"acknowledged"}
        assert len(account.members(ref.platform_id)) == most

    def test_one_refused_address_does_not_fail_the_others(self, account: Account) -> None:
        if "refuses" in account.lacks:
            pytest.skip("does not apply: refuses")
        adapter = account.adapter()
        emails = subscribe(account, 5)
        ref = adapter.ensure_segment("01_x")
        account.refuse(emails[2])
        found = {outcome.email: outcome for outcome in adapter.add_members(ref, emails)}
        assert found[emails[2]].outcome == "failed"
        assert found[emails[2]].permanent
        others = [found[email].outcome for email in emails if email != emails[2]]
        assert others == ["acknowledged"] * 4
        assert account.members(ref.platform_id) == set(emails) - {emails[2]}

    def test_an_error_document_with_status_200_is_no_success(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 1)
        ref = adapter.ensure_segment("01_x")
        method, path = account.bulk_write
        account.server.faults.on(path, method=method).every().error_body(account.error_in_200)
        (outcome,) = adapter.add_members(ref, emails)
        assert outcome.outcome in ("failed", "unknown")
        assert account.members(ref.platform_id) == set()

    # --- trouble ----------------------------------------------------------------------------

    @pytest.mark.parametrize("trouble", TROUBLE)
    def test_trouble_that_stays_is_never_taken_for_done(
        self, account: Account, trouble: str
    ) -> None:
        """And what was done although it looked like trouble is found by reading back."""
        adapter = account.adapter(max_attempts=1, timeout_seconds=0.3)
        emails = subscribe(account, 2)
        ref = adapter.ensure_segment("01_x")
        adapter.read_statuses()
        fields = adapter.render_fields({"first_name": "Bo"})
        expected = {"429": "failed"}.get(trouble, "unknown")
        calls: dict[str, tuple[tuple[str, str], Call, Callable[[], bool]]] = {
            "add": (
                account.bulk_write,
                lambda a: a.add_members(ref, emails),
                lambda: inside(adapter, ref) == set(emails),
            ),
            "create": (
                account.create_write,
                lambda a: [create(a, "new@example.org")],
                lambda: adapter.read_contact("new@example.org") is not None,
            ),
            "update": (
                account.update_write,
                lambda a: [a.update_fields(FieldUpdate(emails[0], fields))],
                lambda: _fields(adapter, emails[0]) == fields,
            ),
            "remove": (
                account.bulk_write,
                lambda a: a.remove_members(ref, emails),
                lambda: inside(adapter, ref) == set(),
            ),
        }
        for name, ((method, path), call, is_done) in calls.items():
            _arm(account, method, path, trouble)
            outcomes = call(adapter)
            account.server.faults.clear()
            assert {outcome.outcome for outcome in outcomes} == {expected}, name
            assert not any(outcome.permanent for outcome in outcomes)
            assert is_done() == (trouble == "lost"), name
            # Doing it again is safe, and ends well.
            assert {outcome.outcome for outcome in call(adapter)} == {"acknowledged"}, name
            assert is_done(), name
        assert list(account.statuses()).count("new@example.org") == 1
        assert set(account.statuses().values()) == {SUBSCRIBED}

    @pytest.mark.parametrize("trouble", ["429", "500", "lost"])
    def test_passing_trouble_is_overcome(self, account: Account, trouble: str) -> None:
        adapter = account.adapter(max_attempts=3)
        emails = subscribe(account, 2)
        ref = adapter.ensure_segment("01_x")
        method, path = account.bulk_write
        _arm(account, method, path, trouble, once=True)
        assert set(plain(adapter.add_members(ref, emails)).values()) == {"acknowledged"}
        method, path = account.create_write
        _arm(account, method, path, trouble, once=True)
        assert create(adapter, "new@example.org").outcome == "acknowledged"
        assert account.statuses()["new@example.org"] == SUBSCRIBED

    # --- reading back -----------------------------------------------------------------------

    def test_everybody_is_read(self, account: Account) -> None:
        adapter = account.adapter(page_size=2)
        emails = subscribe(account, 5)
        ref = adapter.ensure_segment("01_x")
        adapter.add_members(ref, emails)
        assert {c.email.lower() for c in adapter.read_statuses()} == set(emails)
        assert inside(adapter, ref) == set(emails)
        assert len({c.contact_id for c in adapter.read_statuses()}) == 5

    @pytest.mark.parametrize("change", ["leaves", "joins", "objects"])
    @pytest.mark.parametrize("page", [2, 3])
    def test_nobody_is_lost_while_people_come_and_go(
        self, account: Account, change: str, page: int
    ) -> None:
        adapter = account.adapter(page_size=2)
        emails = subscribe(account, 7)

        def drift() -> None:
            account.later()
            if change == "leaves":
                account.leave(emails[0])
            elif change == "joins":
                account.put("new@example.org")
            else:
                account.put(emails[0], account.objections[0])

        method, path = account.contact_page
        account.server.faults.on(path, method=method).nth(page).drift(drift)
        try:
            found = {c.email.lower() for c in adapter.read_statuses()}
        except ShortReadError:
            return  # not complete, and it says so
        assert found >= set(emails[1:])

    def test_what_changed_since_is_read(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 3)
        times = [c.changed_at for c in adapter.read_statuses() if c.changed_at is not None]
        assert len(times) == 3
        account.later()
        account.put(emails[1], account.objections[0])
        found = adapter.read_statuses(max(times))
        assert [c.email.lower() for c in found] == [emails[1]]
        assert found[0].status != SUBSCRIBED

    # --- addresses, values, errors ----------------------------------------------------------

    @pytest.mark.parametrize(
        "email", ["Ada.Example@Example.ORG", "o'neil+news@example.org", "a/b%40c@example.org"]
    )
    def test_addresses_in_any_spelling(self, account: Account, email: str) -> None:
        adapter = account.adapter()
        assert create(adapter, email).outcome == "acknowledged"
        assert account.statuses() == {email.lower(): SUBSCRIBED}
        for spelling in (email, email.lower(), email.upper()):
            contact = adapter.read_contact(spelling)
            assert contact is not None
            assert contact.email.lower() == email.lower()
            ref = adapter.ensure_segment("01_x")
            (added,) = adapter.add_members(ref, [spelling])
            assert (added.email, added.outcome) == (spelling, "acknowledged")
            assert account.members(ref.platform_id) == {email.lower()}
            (removed,) = adapter.remove_members(ref, [spelling])
            assert (removed.email, removed.outcome) == (spelling, "acknowledged")
            assert account.members(ref.platform_id) == set()
            fields = adapter.render_fields({"first_name": spelling[:3]})
            assert adapter.update_fields(FieldUpdate(spelling, fields)).outcome == "acknowledged"

    def test_values_are_never_commands(self, account: Account) -> None:
        adapter = account.adapter()
        always = adapter.render_fields({})
        assert set(always.values()) == {""}
        command = "".join(account.commands)
        doubled = "".join(f"{part[:1]}{part}{part[1:]}" for part in account.commands)
        for text in (
            command,
            doubled,
            f"{command}Ada{command}\n\tBo",
            "Zoë 李 O'Neil",
            "x" * 9_999,
        ):
            fields = adapter.render_fields(dict.fromkeys(_NEUTRAL, text))
            assert fields.keys() == always.keys()
            for value in fields.values():
                assert not [part for part in account.commands if part in value]
                assert "\n" not in value
                assert value == value.strip()
            email = f"person{len(account.statuses())}@example.org"
            assert create(adapter, email, **dict.fromkeys(_NEUTRAL, text)).outcome == "acknowledged"
            assert _fields(adapter, email) == fields, "the fingerprint would never come to rest"

    @pytest.mark.parametrize("trouble", ["500", "refused", "reset", "html", "401"])
    def test_no_error_names_anybody(self, account: Account, trouble: str) -> None:
        adapter = account.adapter(max_attempts=1)
        ref = adapter.ensure_segment("01_x")
        email = "very.private@example.org"
        fields = adapter.render_fields({"first_name": "Secretive"})
        calls: list[Callable[[], Any]] = [
            lambda: adapter.read_contact(email),
            adapter.read_statuses,
            lambda: adapter.read_segment(ref),
            lambda: adapter.find_segments(["01_x"]),
            lambda: create(adapter, email, first_name="Secretive"),
            lambda: adapter.update_fields(FieldUpdate(email, fields)),
            lambda: adapter.add_members(ref, [email]),
            lambda: adapter.remove_members(ref, [email]),
        ]
        said = []
        for call in calls:
            _arm(account, None, "", trouble)
            try:
                said.append(repr(call()))
            except JourneyConnectorError as error:
                said.append(chained(error))
            account.server.faults.clear()
        text = "\n".join(said).lower()
        assert len(said) == len(calls)
        for private in ("very.private", "very%2eprivate", "secretive"):
            assert private not in text


_NEUTRAL = ("first_name", "last_name", "member_number")


def _fields(adapter: PlatformAdapter, email: str) -> dict[str, str]:
    contact = adapter.read_contact(email)
    assert contact is not None
    return adapter.own_fields(contact)


def _arm(
    account: Account, method: str | None, path: str, trouble: str, *, once: bool = False
) -> None:
    """Let matching requests go wrong, the next one or all of them."""
    rule = account.server.faults.on(path, method=method)
    rule = rule if once else rule.every()
    if trouble == "429":
        rule.rate_limited(form="none", body={"title": "Too Many Requests", "message": "slow down"})
    elif trouble == "lost":
        rule.lost()
    elif trouble == "reset":
        rule.reset()
    elif trouble == "timeout":
        rule.timeout(2.0)
    elif trouble == "html":
        rule.html()
    elif trouble == "refused":
        rule.status(400, account.error_in_200)
    else:
        rule.status(int(trouble), account.error_in_200 if trouble == "401" else "<html>no</html>")

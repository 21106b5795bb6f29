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

import pytest

from connectors.errors import JourneyConnectorError
from connectors.platforms.protocol import FieldUpdate, PlatformAdapter, RowOutcome
from connectors.testing.platform_conformance_tools import (
    SUBSCRIBED,
    Account,
    create,
    plain,
    subscribe,
    writes,
)
from connectors.testing.platform_conformance_trouble import HardTimes

__all__ = ["Account", "PlatformConformance"]


class PlatformConformance(HardTimes):
    """The tests. A subclass gives the `account` fixture.

    Here: what an adapter declares, that nobody is subscribed again, that only owned segments are
    touched, and that every row has one outcome. The rest is in platform_conformance_trouble.py.
    """

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

    def test_who_left_a_segment_is_not_put_back(self, account: Account) -> None:
        """Where people can leave a single segment: nothing but they themselves may undo that."""
        if "leaves_segment" in account.lacks:
            pytest.skip("does not apply: leaves_segment")
        adapter = account.adapter()
        emails = subscribe(account, 2)
        ref = adapter.ensure_segment("01_x")
        adapter.read_statuses()
        adapter.add_members(ref, emails)
        account.later()
        account.leave_segment(emails[0], ref.platform_id)
        before = account.statuses()
        assert before[emails[0]] != SUBSCRIBED
        for one in (adapter, account.adapter()):
            outcomes = {outcome.email: outcome for outcome in one.add_members(ref, emails)}
            assert outcomes[emails[0]].outcome == "suppressed"
            assert outcomes[emails[1]].outcome == "acknowledged"
            assert create(one, emails[0]).outcome == "suppressed"
            one.remove_members(ref, emails[:1])
            assert account.members(ref.platform_id) == {emails[1]}
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

    @pytest.mark.parametrize("number", [1, 2])
    def test_a_lost_answer_makes_no_second_segment(self, account: Account, number: int) -> None:
        adapter = account.adapter()
        account.server.faults.on(method="POST").nth(number).lost()
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

    def test_who_goes_away_during_the_call_is_not_taken_for_added(self, account: Account) -> None:
        adapter = account.adapter()
        emails = subscribe(account, 3)
        ref = adapter.ensure_segment("01_x")
        method, path = account.bulk_write
        account.server.faults.on(path, method=method).drift(lambda: account.leave(emails[1]))
        found = adapter.add_members(ref, emails)
        if "row_by_row" in account.lacks:
            assert {o.outcome for o in found} == {"unknown"}
            found = adapter.add_members(ref, emails)
        assert [(o.outcome, o.reason) for o in found] == [
            ("acknowledged", ""),
            ("failed", "not_on_list"),
            ("acknowledged", ""),
        ]
        assert account.members(ref.platform_id) == {emails[0], emails[2]}

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
        fields = adapter.render_fields({"first_name": "Bo"})
        for method, path in (account.bulk_write, account.create_write, account.update_write):
            account.server.faults.on(path, method=method).every().error_body(account.error_in_200)
        for outcome in (
            *adapter.add_members(ref, emails),
            create(adapter, "new@example.org"),
            adapter.update_fields(FieldUpdate(emails[0], fields)),
        ):
            assert outcome.outcome in ("failed", "unknown")
        assert account.members(ref.platform_id) == set()
        assert list(account.statuses()) == emails

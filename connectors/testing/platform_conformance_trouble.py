"""The second half of the platform suite: trouble, reading back, spellings, values, errors.

Data flow: suite -> adapter -> fake server with faults -> what is stored, read back and said.

See platform_conformance.py, whose class brings all of it.
"""

from __future__ import annotations

from collections.abc import Callable
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
)

Call = Callable[[PlatformAdapter], list[RowOutcome]]
TROUBLE = ("429", "500", "lost", "reset", "timeout", "html")
_NEUTRAL = ("first_name", "last_name", "member_number")


class HardTimes:
    """The tests; they take the `account` fixture of the class that inherits them."""

    # --- trouble ----------------------------------------------------------------------------

    @pytest.mark.parametrize("trouble", TROUBLE)
    def test_trouble_that_stays_is_never_taken_for_done(
        self, account: Account, trouble: str
    ) -> None:
        """And what was done although it looked like trouble is found by reading back."""
        patience = 1.0 if trouble == "timeout" else 10.0  # seconds
        adapter = account.adapter(max_attempts=1, timeout_seconds=patience)
        emails = subscribe(account, 2)
        ref = adapter.ensure_segment("01_x")
        adapter.read_statuses()
        fields = adapter.render_fields({"first_name": "Bo"})
        expected = {"429": "failed"}.get(trouble, "unknown")
        calls: dict[str, tuple[tuple[str | None, str], Call, Callable[[], bool]]] = {
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

    def test_an_incomplete_list_is_not_taken_for_the_whole(self, account: Account) -> None:
        adapter = account.adapter(page_size=2)
        subscribe(account, 5)
        method, path = account.contact_page
        account.server.faults.on(path, method=method).nth(2).every().error_body(account.short_page)
        with pytest.raises(ShortReadError):
            adapter.read_statuses()

    @pytest.mark.parametrize("change", ["leaves", "joins", "objects", "is replaced"])
    @pytest.mark.parametrize("page", [2, 3])
    def test_nobody_is_lost_while_people_come_and_go(
        self, account: Account, change: str, page: int
    ) -> None:
        adapter = account.adapter(page_size=2)
        emails = subscribe(account, 7)

        def drift() -> None:
            account.later()
            if change in ("leaves", "is replaced"):
                account.leave(emails[0])
            elif change == "joins":
                account.put("new@example.org")
            else:
                account.put(emails[0], account.objections[0])

        method, path = account.contact_page
        account.server.faults.on(path, method=method).nth(page).drift(drift)
        if change == "is replaced":
            joins = account.server.faults.on(path, method=method).nth(page + 1)
            joins.drift(lambda: account.put("new@example.org"))
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
        if "/" in email and "slash" in account.lacks:
            pytest.skip("does not apply: slash")
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
        # Taking one command out must not leave another one behind.
        nested = " ".join(f"{a[:1]}{b}{a[1:]}" for a in account.commands for b in account.commands)
        for text in (
            command,
            nested,
            f"{command}Ada{command}\n\tBo",
            "Zoë 李 O'Neil",
            "Adam " * 999,
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

    @pytest.mark.parametrize("trouble", ["500", "refused", "reset", "html", "401", "down"])
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
        if trouble == "down":
            account.server.stop()
        for call in calls:
            if trouble != "down":
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
        rule.timeout(4.0)
    elif trouble == "html":
        rule.html()
    elif trouble == "refused":
        rule.status(400, account.error_in_200)
    else:
        rule.status(int(trouble), account.error_in_200 if trouble == "401" else "<html>no</html>")

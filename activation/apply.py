"""Apply a plan through a platform adapter, one ledger row and one outcome at a time.

Data flow: ledger rows (intents) -> sent -> adapter call -> outcome -> settled, chunk by chunk:
removes, then new contacts, then changed fields, then adds.

Before anything is written to people the platform's statuses are read again; whoever objects by then
is left out. When that reading fails, or the platform refuses everything, the rest is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from activation.lease import Lease
from activation.ledger import Ledger
from activation.ledger_effects import Settlement
from activation.ledger_schema import State
from activation.ledger_view import LedgerRow
from activation.plan import Payload
from activation.readback import ReadBack
from connectors.errors import ConfigurationError, JourneyConnectorError, QuotaExhausted
from connectors.platforms.protocol import (
    FieldUpdate,
    NewContact,
    PlatformAdapter,
    RowOutcome,
    SegmentRef,
)

_CONTACTS_PER_BATCH = 200
_REFUSALS = ("quota", "refused_credentials")
Call = Callable[[Sequence[LedgerRow]], list[RowOutcome]]


@dataclass
class Applier:
    """One run's work on one destination. `stopped` says why the rest was not sent, if so."""

    adapter: PlatformAdapter
    ledger: Ledger
    lease: Lease
    platform: ReadBack
    payloads: Mapping[str, Payload]
    quarantine: timedelta
    stopped: str = ""
    _without_contact: dict[str, RowOutcome] = field(default_factory=dict)

    def apply(self, rows: Sequence[LedgerRow]) -> None:
        """Send every row or give it another end; each row has exactly one outcome afterwards."""
        try:
            for segment, part in _by_segment(rows, "remove"):
                self._removes(segment, part)
            self._contacts([row for row in rows if row.row.op == "create_contact"], self._create)
            self._contacts([row for row in rows if row.row.op == "update_contact"], self._update)
            for segment, part in _by_segment(rows, "add"):
                self._adds(segment, part)
        except _StopPushingError as stop:
            self.stopped = stop.reason
            open_rows = self.ledger.open_rows(self.lease.destination)
            left = [row for row in open_rows if row.state == "intent"]
            self._settle([Settlement(row, "superseded", stop.reason) for row in left])

    def _removes(self, segment: str, rows: list[LedgerRow]) -> None:
        ref = self.platform.segments[segment]
        there = self.platform.held[segment]
        for part in _chunks(rows, self.adapter.capabilities.chunk_size):
            self._send(part, there, lambda sent: self._remove(ref, sent, there))

    def _remove(
        self, ref: SegmentRef, rows: Sequence[LedgerRow], there: Mapping[str, str]
    ) -> list[RowOutcome]:
        return self.adapter.remove_members(ref, [there[row.row.address] for row in rows])

    def _contacts(self, rows: list[LedgerRow], call: Callable[[LedgerRow], RowOutcome]) -> None:
        emails = {address: payload.email for address, payload in self.payloads.items()}
        for part in _chunks(rows, _CONTACTS_PER_BATCH):
            allowed = self._still_allowed(part)
            if not allowed:
                continue
            self._remember_missing(self._send(allowed, emails, self._at_once(call)))

    def _at_once(self, call: Callable[[LedgerRow], RowOutcome]) -> Call:
        """The same call for many rows, on as many connections as the platform allows."""

        def one(row: LedgerRow) -> RowOutcome:
            email = self.payloads[row.row.address].email
            try:
                return call(row)
            except (ConfigurationError, QuotaExhausted) as error:
                return RowOutcome(email, "failed", _refusal(error))
            except JourneyConnectorError:
                return RowOutcome(email, "unknown", "no_answer")

        def run(rows: Sequence[LedgerRow]) -> list[RowOutcome]:
            with ThreadPoolExecutor(self.adapter.capabilities.max_connections) as pool:
                return list(pool.map(one, rows))

        return run

    def _create(self, row: LedgerRow) -> RowOutcome:
        payload = self.payloads[row.row.address]
        if payload.proof is None:
            return RowOutcome(payload.email, "failed", "no_proof_of_consent")
        contact = NewContact(email=payload.email, proof=payload.proof, fields=payload.fields)
        return self.adapter.create_contact(contact)

    def _update(self, row: LedgerRow) -> RowOutcome:
        payload = self.payloads[row.row.address]
        return self.adapter.update_fields(FieldUpdate(payload.email, payload.fields))

    def _adds(self, segment: str, rows: list[LedgerRow]) -> None:
        try:
            ref = self.platform.segments.get(segment) or self.adapter.ensure_segment(segment)
        except JourneyConnectorError as error:
            raise _StopPushingError(f"no_segment_{type(error).__name__}") from error
        self.platform.segments[segment] = ref
        emails = {address: payload.email for address, payload in self.payloads.items()}
        for part in _chunks(rows, self.adapter.capabilities.chunk_size):
            allowed = self._still_allowed(part)
            if allowed:
                self._send(allowed, emails, lambda sent: self._add(ref, sent, emails))

    def _add(
        self, ref: SegmentRef, rows: Sequence[LedgerRow], emails: Mapping[str, str]
    ) -> list[RowOutcome]:
        return self.adapter.add_members(ref, [emails[row.row.address] for row in rows])

    def _still_allowed(self, rows: Sequence[LedgerRow]) -> list[LedgerRow]:
        """Read statuses again and end the rows of people who object by now."""
        try:
            self.platform.refresh()
        except JourneyConnectorError as error:
            raise _StopPushingError("suppressions_unreadable") from error
        allowed, ended = [], []
        for row in rows:
            objection = self.platform.objection(row.row.address)
            missing = self._without_contact.get(row.row.address)
            if objection:
                ended.append(Settlement(row, "suppressed", f"platform_{objection}"))
            elif missing is not None:
                state: State = "suppressed" if missing.outcome == "suppressed" else "failed"
                reason = missing.reason or "contact_not_created"
                ended.append(Settlement(row, state, reason))
            else:
                allowed.append(row)
        self._settle(ended)
        return allowed

    def _remember_missing(self, settled: Sequence[tuple[LedgerRow, RowOutcome]]) -> None:
        for row, outcome in settled:
            if row.row.op == "create_contact" and outcome.outcome != "acknowledged":
                self._without_contact[row.row.address] = outcome

    def _send(
        self, rows: Sequence[LedgerRow], emails: Mapping[str, str], call: Call
    ) -> list[tuple[LedgerRow, RowOutcome]]:
        """Mark as sent, call, settle. An error that concerns every row stops the push."""
        sent = self.ledger.mark_sent(self.lease, rows)
        try:
            outcomes = {outcome.email: outcome for outcome in call(sent)}
        except (ConfigurationError, QuotaExhausted) as error:
            # Refused before anything was done.
            reason = _refusal(error)
            self._settle([Settlement(row, "failed", reason) for row in sent])
            raise _StopPushingError(reason) from error
        except JourneyConnectorError as error:
            self._settle([Settlement(row, "unknown", "no_answer") for row in sent])
            raise _StopPushingError(f"platform_{type(error).__name__}") from error
        silent = RowOutcome("", "unknown", "not_in_answer")
        pairs = [(row, outcomes.get(emails[row.row.address], silent)) for row in sent]
        self._settle([_settlement(row, outcome) for row, outcome in pairs])
        refused = {outcome.reason for _, outcome in pairs} & set(_REFUSALS)
        if refused:
            raise _StopPushingError(min(refused))
        return pairs

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        if settlements:
            self.ledger.settle(self.lease, settlements, quarantine=self.quarantine)


class _StopPushingError(Exception):
    """Nothing more is to be sent in this run."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _refusal(error: JourneyConnectorError) -> str:
    return _REFUSALS[0] if isinstance(error, QuotaExhausted) else _REFUSALS[1]


def _settlement(row: LedgerRow, outcome: RowOutcome) -> Settlement:
    block = ""
    if outcome.outcome == "suppressed" and not outcome.reason.startswith("platform_"):
        block = "compliance"  # statuses are read anew every time; refusals have to be remembered
    elif outcome.outcome == "failed" and outcome.permanent and row.row.op != "remove":
        block = "quarantine"
    return Settlement(row, outcome.outcome, outcome.reason, block)


def _by_segment(rows: Sequence[LedgerRow], op: str) -> Iterator[tuple[str, list[LedgerRow]]]:
    wanted = [row for row in rows if row.row.op == op]
    for segment in sorted({row.row.segment for row in wanted}):
        yield segment, [row for row in wanted if row.row.segment == segment]


def _chunks(rows: Sequence[LedgerRow], size: int) -> Iterator[list[LedgerRow]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])

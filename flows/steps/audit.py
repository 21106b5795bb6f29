"""The last look at a build before anybody sees it.

Data flow: build (candidates, contacts, consents, suppressions, holds) -> activation's gate
-> who could be sent to -> checkpoints. dbt's own tests have run as part of the build.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from activation.channels import reached_by
from activation.consent import INPUTS, gate
from activation.published import Published
from connectors.platforms.protocol import CHANNELS
from expectations.outgoing import frames_of, suites
from expectations.run import Auditor, merged
from flows.configuration import Configuration
from flows.errors import JourneyError
from flows.results import BuildResult, CheckpointResult

_TABLES = {
    "candidates": "seg_candidates",
    "contacts": "sync_contacts",
    "consents": "sync_consents",
    "suppressions": "sync_suppressions",
    "holds": "sync_holds",
}


@dataclass(frozen=True)
class AuditResult:
    """The checkpoint, people per stage, and per segment how many qualify and may be sent to."""

    checkpoint: CheckpointResult
    stages: dict[str, int]
    segments: list[dict[str, Any]]


def audit(configuration: Configuration, build: BuildResult, auditor: Auditor) -> AuditResult:
    """Check what would leave the house; the result says whether the build may be published."""
    try:
        with duckdb.connect(str(build.database), read_only=True) as db:
            frames = {name: db.table(table).df() for name, table in _TABLES.items()}
            stages = dict(
                db.execute(
                    "select stage, count(*) from mart_member_360 group by stage order by 2 desc"
                ).fetchall()
            )
    except duckdb.Error as error:
        raise JourneyError(f"the build cannot be audited: {error}") from error
    decided = _decided(Published(**frames))
    known = [segment.id for segment in configuration.segments]
    checked = frames_of(
        frames["candidates"], frames["contacts"], frames["consents"], _sent(decided, frames)
    )
    results = [auditor.check(suite, checked[name]) for name, suite in suites(known).items()]
    evaluated, failed, warned = merged(results)
    return AuditResult(
        CheckpointResult("outgoing", evaluated, failed, warned), stages, _sizes(known, decided)
    )


def _decided(build: Published) -> pd.DataFrame:
    """What the gate says to every candidate, each by the rules of its own channel."""
    nobody = pd.DataFrame(columns=list(INPUTS["platform_status"]))
    said = build.candidates["channel"]
    parts = []
    for channel in CHANNELS:
        # A channel nobody knows is refused by the first gate, as it would be by any.
        mine = said.eq(channel) | (~said.isin(CHANNELS) if channel == CHANNELS[0] else False)
        there = reached_by(build, channel)
        tables = (there.contacts, there.consents, there.suppressions, there.holds)
        parts.append(gate(build.candidates[mine], *tables, nobody, channel=channel))
    return pd.concat(parts, ignore_index=True)


def _sent(decided: pd.DataFrame, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Who passed the gate, joined anew, not by the gate's code, with consent and suppressions."""
    with duckdb.connect(":memory:") as db:
        db.register("decided", decided)
        db.register("consents", frames["consents"])
        db.register("suppressions", frames["suppressions"])
        return db.execute(
            """
            with consent as (
                select d.segment_id, d.member_key,
                       arg_max(c.status, c.occurred_at) as consent_status
                from decided as d
                inner join consents as c
                    on c.member_key = d.member_key and c.channel = d.channel
                    and c.purpose in (d.purpose, 'all')
                group by all
            )
            select d.segment_id, d.member_key, d.email_key as contact_key,
                   case when d.channel = 'email' then d.email_key end as email_key,
                   consent.consent_status,
                   exists (
                       select 1 from suppressions as s
                       where s.channel in (d.channel, 'all')
                         and (s.member_key = d.member_key or s.email_key = d.email_key)
                   ) as is_suppressed
            from decided as d
            left join consent
                on consent.segment_id = d.segment_id and consent.member_key = d.member_key
            where d.decision = 'sent'
            """
        ).df()


def _sizes(segments: list[str], decided: pd.DataFrame) -> list[dict[str, Any]]:
    """One row per segment: qualify, deliverable, and the commonest reasons why not."""
    rows = []
    for segment in segments:
        mine = decided[decided["segment_id"] == segment]
        reasons = mine[mine["decision"] != "sent"]["reason"].value_counts()
        rows.append(
            {
                "segment": segment,
                "qualify": len(mine),
                "deliverable": int((mine["decision"] == "sent").sum()),
                "why_not": ", ".join(f"{reason} {count}" for reason, count in reasons.items()),
            }
        )
    return rows

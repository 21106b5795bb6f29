"""The ledger's tables and which step of a row may follow which.

Data flow: push -> Ledger -> these tables (SQLite by default, any SQLAlchemy URL).

Nothing here names a person: member keys are surrogate, addresses and fields are keyed hashes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import sqlalchemy as sa

State = Literal["intent", "sent", "acknowledged", "failed", "unknown", "superseded", "suppressed"]
OPEN_STATES: tuple[State, ...] = ("intent", "sent", "unknown")

# intent: written, not sent. sent: given to the platform, no answer yet. unknown: the answer was
# lost; reading the platform decides. superseded: not done, a later plan decides anew.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    "intent": frozenset({"sent", "failed", "superseded", "suppressed"}),
    "sent": frozenset({"acknowledged", "failed", "unknown", "suppressed"}),
    "unknown": frozenset({"acknowledged", "failed", "superseded", "suppressed"}),
    "acknowledged": frozenset(),
    "failed": frozenset(),
    "superseded": frozenset(),
    "suppressed": frozenset(),
}

metadata = sa.MetaData()
_when = sa.DateTime()  # naive UTC

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("token", sa.Integer, nullable=False),  # grows with every holder: the fence
    sa.Column("run_id", sa.String(64)),  # null: free
    sa.Column("process", sa.String(200)),
    sa.Column("acquired_at", _when),
    sa.Column("expires_at", _when),
)
push_run = sa.Table(
    "push_run",
    metadata,
    sa.Column("run_id", sa.String(64), primary_key=True),
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("plan_hash", sa.String(64), nullable=False),
    sa.Column("build_version", sa.String(100), nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),  # running, finished, crashed
    sa.Column("started_at", _when, nullable=False),
    sa.Column("finished_at", _when),
)
push_row = sa.Table(
    "push_row",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("destination", sa.String(200), nullable=False),
    sa.Column("op", sa.String(20), nullable=False),
    sa.Column("segment", sa.String(60), nullable=False),
    sa.Column("member_key", sa.String(100), nullable=False),
    sa.Column("address", sa.String(32), nullable=False),
    sa.Column("fingerprint", sa.String(32), nullable=False),
    sa.Column("reason", sa.String(100), nullable=False),  # why the plan has this row
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("outcome", sa.String(100), nullable=False, server_default=""),  # why it ended so
    sa.Column("created_at", _when, nullable=False),
    sa.Column("updated_at", _when, nullable=False),
    sa.Index("push_row_open", "destination", "state"),
    sa.Index("push_row_member", "member_key"),
    sa.Index("push_row_run", "run_id"),
)
delivered = sa.Table(
    "delivered",
    metadata,
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("segment", sa.String(60), primary_key=True),
    sa.Column("address", sa.String(32), primary_key=True),
    sa.Column("member_key", sa.String(100), nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("since", _when, nullable=False),
    sa.Index("delivered_member", "member_key"),
)
contact = sa.Table(
    "contact",
    metadata,
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("address", sa.String(32), primary_key=True),
    sa.Column("member_key", sa.String(100), nullable=False),
    sa.Column("fingerprint", sa.String(32), nullable=False),
    sa.Column("is_created_here", sa.Boolean, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("acknowledged_at", _when, nullable=False),
)
block = sa.Table(
    "block",
    metadata,
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("address", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),  # compliance, quarantine
    sa.Column("reason", sa.String(100), nullable=False),
    sa.Column("since", _when, nullable=False),
    sa.Column("until", _when),  # null: for good
    sa.Column("run_id", sa.String(64), nullable=False),
)
holdout = sa.Table(  # who is never written to, so that the effect on the others can be measured
    "holdout",
    metadata,
    sa.Column("segment", sa.String(60), primary_key=True),
    sa.Column("member_key", sa.String(100), primary_key=True),
    sa.Column("arm", sa.String(20), nullable=False),  # held_out, treated
    sa.Column("share", sa.Float, nullable=False),  # the share held out when it was drawn
    sa.Column("drawn_on", sa.Date, nullable=False),  # the organisation's day
    sa.Column("run_id", sa.String(64), nullable=False),
)
offer = sa.Table(
    "offer",
    metadata,
    sa.Column("plan_hash", sa.String(64), primary_key=True),
    sa.Column("destination", sa.String(200), primary_key=True),
    sa.Column("segment", sa.String(60), nullable=False),  # "" = the whole plan
    sa.Column("build_version", sa.String(100), nullable=False),
    sa.Column("created_at", _when, nullable=False),
    sa.Column("expires_at", _when, nullable=False),
    sa.Column("used_at", _when),
)
override_log = sa.Table(
    "override_log",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", _when, nullable=False),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("destination", sa.String(200), nullable=False),
    sa.Column("segment", sa.String(60), nullable=False),
    sa.Column("guard", sa.String(40), nullable=False),
    sa.Column("message", sa.String(500), nullable=False),
    sa.Column("plan_hash", sa.String(64), nullable=False),
    sa.Column("by", sa.String(100), nullable=False),
)

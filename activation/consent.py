"""The consent gate: may this person be contacted for this segment? Pure and vectorised.

Data flow: candidates + contacts + consents + suppressions + holds (published file) + platform
statuses + what the ledger remembers -> every candidate with a decision and one reason.

Everything missing, unknown or undated counts as no. The first reason that applies is given, the
strictest first, so that each row has exactly one.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from connectors.platforms.protocol import Channel

SENT = "sent"
SUPPRESSED = "suppressed"

# Input frames and the columns the gate reads; anything else is ignored.
INPUTS: Mapping[str, tuple[str, ...]] = {
    "candidates": ("segment_id", "member_key", "purpose", "channel"),
    "contacts": (
        *("member_key", "email", "email_key", "is_email_shared"),
        *("is_deceased", "is_erased", "stage"),
    ),
    "consents": ("member_key", "channel", "purpose", "status", "reason", "occurred_at"),
    "suppressions": ("member_key", "email_key", "channel", "reason", "since"),
    "holds": ("member_key", "hold"),
    "platform_status": ("email_key", "status", "changed_at"),
    "blocks": ("email_key", "kind", "reason", "since"),
}
_PLATFORM_REASONS = {
    "unsubscribed": "platform_unsubscribed",
    "cleaned": "platform_cleaned",
    "archived": "platform_archived",
}
_CHANNELS = frozenset({"email", "post", "phone", "sms"})
_UNREACHABLE: Mapping[Channel, str] = {
    "email": "no_email",
    "post": "no_post_address",
    "phone": "no_phone",
}
_PURPOSES = ("membership", "marketing")


class GateInputError(ValueError):
    """A table or column the gate needs is not there: nothing may be pushed."""


def gate(
    candidates: pd.DataFrame,
    contacts: pd.DataFrame,
    consents: pd.DataFrame,
    suppressions: pd.DataFrame,
    holds: pd.DataFrame,
    platform_status: pd.DataFrame,
    blocks: pd.DataFrame | None = None,
    channel: Channel = "email",
) -> pd.DataFrame:
    """Every candidate row with `email`, `email_key`, `decision` (sent | suppressed) and `reason`.

    One row in, one row out, in the same order. `platform_status` lists every contact the platform
    knows (an address that is not in it is unknown there and may be created); `blocks` are the
    ledger's memory of compliance refusals (`kind` compliance) and refused rows (`quarantine`).
    `channel`: how the destination reaches people; a candidate of another channel is refused, and
    only consents and suppressions of this one count. `reason` is "" for sent rows. Also returned:
    `consented_at` and `consent_source` of the grant.
    Raises GateInputError when a frame or one of its columns is missing.
    """
    if blocks is None:
        blocks = pd.DataFrame(columns=list(INPUTS["blocks"]))
    frames = {
        "candidates": candidates,
        "contacts": contacts,
        "consents": consents,
        "suppressions": suppressions,
        "holds": holds,
        "platform_status": platform_status,
        "blocks": blocks,
    }
    _require(frames)
    people = _people(contacts)
    rows = candidates.reset_index(drop=True).copy()
    rows = rows.merge(people, on="member_key", how="left", validate="many_to_one")
    rows["email_key"] = rows["email_key"].where(_text(rows["email_key"]), None)
    rows = _with_consent(rows, consents, channel)
    subscribed = platform_status[platform_status["status"].eq("subscribed")]["email_key"]
    rows["is_subscribed_there"] = rows["email_key"].isin(subscribed.dropna())
    rows["reason"] = ""
    for applies, reason in _checks(rows, frames, people, channel):
        _set(rows, applies, reason)
    _set(rows, _duplicates(rows), "duplicate_address")
    rows["decision"] = (rows["reason"] == "").map({True: SENT, False: SUPPRESSED})
    return rows[[*candidates.columns, *_RESULT]]


_RESULT = ("email", "email_key", "decision", "reason", "consented_at", "consent_source")

Check = tuple["pd.Series[bool]", "pd.Series[str] | str"]


def _require(frames: Mapping[str, pd.DataFrame | None]) -> None:
    missing = []
    for name, needed in INPUTS.items():
        frame = frames[name]
        if frame is None:
            missing.append(name)
            continue
        missing += [f"{name}.{column}" for column in needed if column not in frame.columns]
    if missing:
        raise GateInputError(f"the consent gate needs {', '.join(missing)}; nothing can be pushed")


def _people(contacts: pd.DataFrame) -> pd.DataFrame:
    """One row per person; a key that appears twice is dropped: which one is right is unknown."""
    columns = ["member_key", "email", "email_key", "is_deceased", "is_erased", "stage"]
    people = contacts[columns].drop_duplicates("member_key", keep=False).copy()
    people["is_known_person"] = True
    return people


def _checks(
    rows: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    people: pd.DataFrame,
    channel: Channel,
) -> list[Check]:
    """The reasons in order of strictness; the first that applies to a row is its reason."""
    own, shared = _suppressed(rows, frames["suppressions"], people, channel)
    held = rows["member_key"].isin(frames["holds"]["member_key"].dropna())
    status = _latest_status(rows, frames["platform_status"])
    blocked = _blocked(rows, frames["blocks"], status)
    known = rows["is_known_person"].eq(True)
    unknown_purpose = ~rows["purpose"].isin(_PURPOSES) | ~rows["channel"].eq(channel)
    return [
        (~known, "unknown_person"),
        (rows["is_erased"].eq(True) | rows["stage"].eq("erased"), "erased"),
        (rows["is_deceased"].eq(True) | rows["stage"].eq("deceased"), "deceased"),
        (~rows["is_erased"].eq(False) | ~rows["is_deceased"].eq(False), "unknown_state"),
        (~_text(rows["email"]) | ~_text(rows["email_key"]), _UNREACHABLE[channel]),
        (held, "hold"),
        (unknown_purpose, "unknown_purpose"),
        (own != "", own),
        (shared, "shared_address_suppressed"),
        (rows["consent_state"] != "granted", rows["consent_state"]),
        (status != "", status),
        (blocked != "", blocked),
    ]


def _with_consent(rows: pd.DataFrame, consents: pd.DataFrame, channel: Channel) -> pd.DataFrame:
    """Adds `consent_state`: granted, withdrawn, suppressed:<reason> or no_consent.

    A grant counts for its purpose or for all; among those the latest decides, and of equally old
    ones the strictest. A grant without a date is no proof; a withdrawal without one still counts.
    """
    email = consents[consents["channel"].isin([channel, "all"])].copy()
    email["at"] = pd.to_datetime(email["occurred_at"], errors="coerce", utc=True)
    email["is_grant"] = email["status"].eq("granted")
    # An undated no is treated as the newest: nothing proves that a grant came after it.
    email = email[~(email["is_grant"] & email["at"].isna())]
    email["undated"] = email["at"].isna()
    if "source_system" not in email.columns:
        email["source_system"] = ""
    parts = []
    for purpose in _PURPOSES:
        part = email[email["purpose"].isin([purpose, "all"]) | ~_known_purpose(email)].copy()
        # A row whose purpose is unknown can only take away, never give.
        part = part[_known_purpose(part) | ~part["is_grant"]]
        part = part.sort_values(
            ["member_key", "undated", "at", "is_grant"], ascending=[True, False, False, True]
        ).drop_duplicates("member_key")
        part["purpose"] = purpose
        parts.append(part)
    latest = pd.concat(parts)
    latest["consent_state"] = "no_consent"
    _put(latest, latest["is_grant"], "consent_state", "granted")
    _put(latest, latest["status"].eq("withdrawn"), "consent_state", "withdrawn")
    named = latest["reason"].fillna("").astype(str)
    is_suppressed = latest["status"].eq("suppressed")
    _put(latest, is_suppressed, "consent_state", ("suppressed:" + named).str.rstrip(":"))
    latest = latest.rename(columns={"at": "consented_at", "source_system": "consent_source"})
    wanted = ["member_key", "purpose", "consent_state", "consented_at", "consent_source"]
    merged = rows.merge(
        latest[wanted], on=["member_key", "purpose"], how="left", validate="many_to_one"
    )
    merged["consent_state"] = merged["consent_state"].fillna("no_consent")
    merged["consent_source"] = merged["consent_source"].fillna("")
    return merged


def _known_purpose(frame: pd.DataFrame) -> pd.Series[bool]:
    return frame["purpose"].isin([*_PURPOSES, "all"])


def _suppressed(
    rows: pd.DataFrame, suppressions: pd.DataFrame, people: pd.DataFrame, channel: Channel
) -> tuple[pd.Series[str], pd.Series[bool]]:
    """Own suppressions as "suppressed:<reason>", and rows whose address somebody else suppressed.

    A suppression belongs to its person and to its address; people who share the address share it.
    """
    relevant = suppressions[~suppressions["channel"].isin(_CHANNELS - {channel})].copy()
    relevant["reason"] = relevant["reason"].fillna("unknown").astype(str)
    relevant = relevant.sort_values(["reason"])
    by_person = relevant.dropna(subset=["member_key"]).drop_duplicates("member_key")
    # An address row that names nobody speaks for whoever has the address.
    nobody = relevant[relevant["member_key"].isna()].dropna(subset=["email_key"])
    by_address = _lookup(rows["email_key"], nobody, "email_key", "reason")
    own = _lookup(rows["member_key"], by_person, "member_key", "reason")
    own = own.where(own != "", by_address)
    addresses = set(relevant["email_key"].dropna())
    named = people[people["member_key"].isin(by_person["member_key"])]
    addresses |= set(named["email_key"].dropna())
    return ("suppressed:" + own).where(own != "", ""), rows["email_key"].isin(addresses)


def _latest_status(rows: pd.DataFrame, platform_status: pd.DataFrame) -> pd.Series[str]:
    """The platform's objection per row, "" for subscribed or unknown there.

    Two contacts with one key (different spelling of one address): the stricter one counts.
    """
    statuses = platform_status.dropna(subset=["email_key"]).copy()
    statuses["objection"] = [_objection(status) for status in statuses["status"]]
    statuses = statuses.sort_values("objection", ascending=False)
    return _lookup(rows["email_key"], statuses, "email_key", "objection")


def _objection(status: object) -> str:
    if status == "subscribed":
        return ""
    return _PLATFORM_REASONS.get(str(status), "platform_compliance")


def _blocked(rows: pd.DataFrame, blocks: pd.DataFrame, status: pd.Series[str]) -> pd.Series[str]:
    """What the ledger remembers about an address.

    A compliance block is lifted only by the person: the platform must show the contact as
    subscribed and the consent must be newer than the block.
    """
    remembered = blocks.dropna(subset=["email_key"]).astype({"since": str})
    compliance = remembered[remembered["kind"] != "quarantine"]
    quarantine = remembered[remembered["kind"] == "quarantine"]
    refused = _lookup(rows["email_key"], compliance, "email_key", "reason")
    resting = _lookup(rows["email_key"], quarantine, "email_key", "reason")
    since = _lookup(rows["email_key"], compliance, "email_key", "since")
    at = pd.to_datetime(since.where(since != ""), errors="coerce", utc=True, format="ISO8601")
    fresh = rows["is_subscribed_there"] & (status == "") & (rows["consented_at"] > at)
    found = ("suppressed:" + refused).where((refused != "") & ~fresh, "")
    return found.where((found != "") | (resting == ""), "quarantined:" + resting)


def _lookup(keys: pd.Series[str], frame: pd.DataFrame, key: str, value: str) -> pd.Series[str]:
    """The text found for each key in the first matching row, "" where there is none."""
    first = frame.drop_duplicates(key)
    found = dict(zip(first[key], first[value].astype(object).fillna("unknown"), strict=True))
    texts = [str(found[k]) if isinstance(k, str) and k in found else "" for k in keys]
    return pd.Series(texts, index=keys.index, dtype="str")


def _duplicates(rows: pd.DataFrame) -> pd.Series[bool]:
    """All but one of the people who share an address within a segment; the lowest key goes."""
    passing = rows[rows["reason"] == ""].sort_values(["segment_id", "email_key", "member_key"])
    again = passing.duplicated(["segment_id", "email_key"])
    return rows.index.to_series().isin(passing.index[again])


def _text(values: pd.Series[str]) -> pd.Series[bool]:
    return values.map(lambda value: isinstance(value, str) and value.strip() != "").astype(bool)


def _set(rows: pd.DataFrame, applies: pd.Series[bool], reason: pd.Series[str] | str) -> None:
    _put(rows, applies.fillna(True).astype(bool) & (rows["reason"] == ""), "reason", reason)


def _put(
    frame: pd.DataFrame, where: pd.Series[bool], column: str, value: pd.Series[str] | str
) -> None:
    chosen = value[where] if isinstance(value, pd.Series) else value
    frame.loc[where, column] = chosen

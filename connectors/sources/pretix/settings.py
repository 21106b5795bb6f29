"""Settings of a pretix source.

Data flow: config/sources.yml -> PretixSettings -> PretixSource.
"""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.sources.base import BaseUrl, HttpSettings


class PretixSettings(HttpSettings):
    """One organizer of a pretix installation (hosted or one's own).

    `refund_window_days`: orders last modified within so many days are read again each time, and so
    are the refunds of older orders until so many days after their event, because a refund does not
    change the order's `last_modified`. `checkin_event_days`: check-ins of events
    that ended longer ago are no longer asked for at an incremental read, nor their products and
    vouchers. `read_vouchers` and `read_memberships` need more rights than the rest (README.md).
    """

    base_url: BaseUrl = "https://pretix.eu"
    organizer: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    api_token: SecretStr
    page_size: int = Field(default=50, ge=1, le=50)
    refund_window_days: int = Field(default=30, ge=0, le=3650)
    checkin_event_days: int = Field(default=90, ge=1, le=3650)
    read_vouchers: bool = False
    read_memberships: bool = False

    def left_out(self) -> frozenset[str]:
        """The streams that are not read."""
        off = () if self.read_vouchers else ("voucher",)
        return frozenset(
            (*off, *(() if self.read_memberships else ("membership", "membership_type")))
        )

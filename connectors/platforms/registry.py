"""Kinds of platforms, by name: those shipped here and those installed beside it.

Data flow: config/platforms.yml (kind, settings) -> `build_platform` -> PlatformAdapter.
A package adds a kind through the entry-point group `member_journey.platforms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from connectors.platforms.activecampaign import (
    ActiveCampaignPlatformSettings,
    build_activecampaign,
)
from connectors.platforms.activecampaign.capabilities import CAPABILITIES as ACTIVECAMPAIGN
from connectors.platforms.brevo import BrevoPlatformSettings, build_brevo
from connectors.platforms.brevo.capabilities import CAPABILITIES as BREVO
from connectors.platforms.file import FilePlatformSettings, build_file
from connectors.platforms.file.capabilities import CAPABILITIES as FILE
from connectors.platforms.hubspot import HubspotPlatformSettings, build_hubspot
from connectors.platforms.hubspot.capabilities import CAPABILITIES as HUBSPOT
from connectors.platforms.klaviyo import KlaviyoPlatformSettings, build_klaviyo
from connectors.platforms.klaviyo.capabilities import CAPABILITIES as KLAVIYO
from connectors.platforms.listmonk import ListmonkPlatformSettings, build_listmonk
from connectors.platforms.listmonk.capabilities import CAPABILITIES as LISTMONK
from connectors.platforms.mailchimp import MailchimpPlatformSettings, build_mailchimp
from connectors.platforms.mailchimp.capabilities import CAPABILITIES as MAILCHIMP
from connectors.platforms.mailman import MailmanPlatformSettings, build_mailman
from connectors.platforms.mailman.capabilities import CAPABILITIES as MAILMAN
from connectors.platforms.mautic import MauticPlatformSettings, build_mautic
from connectors.platforms.mautic.capabilities import CAPABILITIES as MAUTIC
from connectors.platforms.protocol import (
    PlatformAdapter,
    PlatformCapabilities,
    PlatformSettings,
)
from connectors.platforms.sendgrid import SendgridPlatformSettings, build_sendgrid
from connectors.platforms.sendgrid.capabilities import CAPABILITIES as SENDGRID

ENTRY_POINTS = "member_journey.platforms"


@dataclass(frozen=True)
class PlatformContext:
    """What a platform may use besides its settings."""

    state_dir: Path  # rate budgets shared between processes
    user_agent: str


@dataclass(frozen=True)
class PlatformType:
    """A kind of platform: its settings model and how to build its adapter (no I/O)."""

    settings: type[PlatformSettings]
    build: Callable[[str, Any, PlatformContext], PlatformAdapter]
    sheet: PlatformCapabilities | None = None  # of a shipped kind, for the reference page


PLATFORMS: dict[str, PlatformType] = {
    "activecampaign": PlatformType(
        ActiveCampaignPlatformSettings,
        lambda name, settings, context: build_activecampaign(
            name, settings, context.state_dir, context.user_agent
        ),
        ACTIVECAMPAIGN,
    ),
    "brevo": PlatformType(
        BrevoPlatformSettings,
        lambda name, settings, context: build_brevo(
            name, settings, context.state_dir, context.user_agent
        ),
        BREVO,
    ),
    "file": PlatformType(
        FilePlatformSettings, lambda name, settings, _context: build_file(name, settings), FILE
    ),
    "hubspot": PlatformType(
        HubspotPlatformSettings,
        lambda name, settings, context: build_hubspot(
            name, settings, context.state_dir, context.user_agent
        ),
        HUBSPOT,
    ),
    "klaviyo": PlatformType(
        KlaviyoPlatformSettings,
        lambda name, settings, context: build_klaviyo(
            name, settings, context.state_dir, context.user_agent
        ),
        KLAVIYO,
    ),
    "listmonk": PlatformType(
        ListmonkPlatformSettings,
        lambda name, settings, context: build_listmonk(
            name, settings, context.state_dir, context.user_agent
        ),
        LISTMONK,
    ),
    "mailchimp": PlatformType(
        MailchimpPlatformSettings,
        lambda name, settings, context: build_mailchimp(
            name, settings, context.state_dir, context.user_agent
        ),
        MAILCHIMP,
    ),
    "mailman": PlatformType(
        MailmanPlatformSettings,
        lambda name, settings, context: build_mailman(
            name, settings, context.state_dir, context.user_agent
        ),
        MAILMAN,
    ),
    "mautic": PlatformType(
        MauticPlatformSettings,
        lambda name, settings, context: build_mautic(
            name, settings, context.state_dir, context.user_agent
        ),
        MAUTIC,
    ),
    "sendgrid": PlatformType(
        SendgridPlatformSettings,
        lambda name, settings, context: build_sendgrid(
            name, settings, context.state_dir, context.user_agent
        ),
        SENDGRID,
    ),
}


def platform_types() -> dict[str, PlatformType]:
    """All kinds, shipped and installed. A shipped kind cannot be replaced by an installed one."""
    found = {point.name: point.load() for point in entry_points(group=ENTRY_POINTS)}
    return {**found, **PLATFORMS}


def platform_sheets() -> list[PlatformCapabilities]:
    """The capability sheets of the shipped kinds, by name."""
    return [kind.sheet for _, kind in sorted(PLATFORMS.items()) if kind.sheet is not None]


def build_platform(
    name: str, kind: str, settings: Mapping[str, Any], context: PlatformContext
) -> PlatformAdapter:
    """The adapter of a configured platform; pydantic.ValidationError for bad settings."""
    known = platform_types()
    if kind not in known:
        raise KeyError(f"unknown platform kind '{kind}'; known: {', '.join(sorted(known))}")
    platform = known[kind]
    return platform.build(name, platform.settings.model_validate(dict(settings)), context)

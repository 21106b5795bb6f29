"""Odoo: partners, memberships, subscriptions, events and accounting. See README.md."""

from connectors.registry import SourceType
from connectors.sources.odoo.settings import OdooSettings
from connectors.sources.odoo.source import OdooSource

SOURCE_TYPE = SourceType(
    settings=OdooSettings, build=OdooSource, limits="on odoo.com: 1 request a second"
)

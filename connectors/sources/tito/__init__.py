"""Tito: events, registrations, tickets, refunds and check-ins. See README.md."""

from connectors.registry import SourceType
from connectors.sources.tito.settings import TitoSettings
from connectors.sources.tito.source import TitoSource

SOURCE_TYPE = SourceType(
    settings=TitoSettings, build=TitoSource, limits="2 requests a second (none published)"
)

"""Eventbrite: events, orders and attendees of one organization. See README.md."""

from connectors.registry import SourceType
from connectors.sources.eventbrite.settings import EventbriteSettings
from connectors.sources.eventbrite.source import EventbriteSource

SOURCE_TYPE = SourceType(
    settings=EventbriteSettings,
    build=EventbriteSource,
    limits="2,000 requests an hour",
)

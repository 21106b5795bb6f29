"""Zoom webinars: webinars with registrants, and who attended. See README.md."""

from connectors.registry import SourceType
from connectors.sources.zoom.settings import ZoomSettings
from connectors.sources.zoom.source import ZoomSource

SOURCE_TYPE = SourceType(
    settings=ZoomSettings,
    build=ZoomSource,
    limits="by plan: lists 20 or 60 a second, reports 10 or 40 and 30,000 or 60,000 a day",
)

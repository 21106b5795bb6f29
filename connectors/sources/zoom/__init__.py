"""Zoom webinars: webinars with registrants, and who attended. See README.md."""

from connectors.registry import SourceType
from connectors.sources.zoom.settings import ZoomSettings
from connectors.sources.zoom.source import ZoomSource

SOURCE_TYPE = SourceType(settings=ZoomSettings, build=ZoomSource)

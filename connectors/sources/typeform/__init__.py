"""Typeform: forms, their responses and the answers that are no free text. See README.md."""

from connectors.registry import SourceType
from connectors.sources.typeform.settings import TypeformSettings
from connectors.sources.typeform.source import TypeformSource

SOURCE_TYPE = SourceType(
    settings=TypeformSettings, build=TypeformSource, limits="2 requests a second"
)

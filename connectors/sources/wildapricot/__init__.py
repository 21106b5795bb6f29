"""Wild Apricot: contacts, levels, events, money and e-mails over its Admin API. See README.md."""

from connectors.registry import SourceType
from connectors.sources.wildapricot.settings import WildApricotSettings
from connectors.sources.wildapricot.source import WildApricotSource

SOURCE_TYPE = SourceType(
    settings=WildApricotSettings,
    build=WildApricotSource,
    limits="not published; 1 request a second",
)

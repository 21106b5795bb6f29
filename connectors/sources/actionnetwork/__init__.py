"""Action Network: people, events, donations and actions over its OSDI API. See README.md."""

from connectors.registry import SourceType
from connectors.sources.actionnetwork.settings import ActionNetworkSettings
from connectors.sources.actionnetwork.source import ActionNetworkSource

SOURCE_TYPE = SourceType(
    settings=ActionNetworkSettings,
    build=ActionNetworkSource,
    limits="not published; 4 requests a second",
)

"""pretix: events, orders and check-ins over its REST API. See README.md."""

from connectors.registry import SourceType
from connectors.sources.pretix.settings import PretixSettings
from connectors.sources.pretix.source import PretixSource

SOURCE_TYPE = SourceType(
    settings=PretixSettings, build=PretixSource, limits="hosted: 6 requests a second"
)

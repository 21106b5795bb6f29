"""REST: any JSON API over HTTP, described in YAML and mapped to the conformed entities.

Data flow: description -> requests -> RestSource -> landing -> raw `<source>.*`.
"""

from connectors.registry import SourceType
from connectors.sources.contracts import entity_specs
from connectors.sources.rest.settings import RestSettings
from connectors.sources.rest.source import RestSource

SOURCE_TYPE = SourceType(
    settings=RestSettings,
    build=RestSource,
    specs=entity_specs,
    limits="as configured",
    is_mapped=True,
)

__all__ = ["SOURCE_TYPE", "RestSettings", "RestSource"]

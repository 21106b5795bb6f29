"""dlt: any resource or source written for dlt, mapped to the conformed entities.

Data flow: resource's items -> DltSource -> landing -> raw `<source>.*`. No dlt pipeline is run.
See README.md.
"""

from connectors.registry import SourceType
from connectors.sources.contracts import entity_specs
from connectors.sources.dlt.settings import DltSettings
from connectors.sources.dlt.source import DltSource

SOURCE_TYPE = SourceType(
    settings=DltSettings,
    build=DltSource,
    specs=entity_specs,
    limits="as the resource keeps them",
    is_mapped=True,
)

__all__ = ["SOURCE_TYPE", "DltSettings", "DltSource"]

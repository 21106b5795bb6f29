"""Singer: any tap, in its own virtual environment, mapped to the conformed entities.

Data flow: tap (subprocess) -> lines of JSON -> SingerSource -> landing -> raw `<source>.*`.
See README.md.
"""

from connectors.registry import SourceType
from connectors.sources.contracts import entity_specs
from connectors.sources.singer.settings import SingerSettings
from connectors.sources.singer.source import SingerSource

SOURCE_TYPE = SourceType(
    settings=SingerSettings,
    build=SingerSource,
    specs=entity_specs,
    limits="as the tap keeps them; one run of the tap per entity",
    is_mapped=True,
)

__all__ = ["SOURCE_TYPE", "SingerSettings", "SingerSource"]

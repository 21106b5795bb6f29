"""SQL replica: tables, views or SELECTs of any database SQLAlchemy reaches, mapped to the entities.

Data flow: database (read only) -> SqlSource -> landing -> raw `<source>.*`. See README.md.
"""

from connectors.registry import SourceType
from connectors.sources.contracts import entity_specs
from connectors.sources.sql.settings import SqlSettings
from connectors.sources.sql.source import SqlSource

SOURCE_TYPE = SourceType(
    settings=SqlSettings,
    build=SqlSource,
    specs=entity_specs,
    limits="one connection, one query at a time, each with a time-out",
    is_mapped=True,
)

__all__ = ["SOURCE_TYPE", "SqlSettings", "SqlSource"]

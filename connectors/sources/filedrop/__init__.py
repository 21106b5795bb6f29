"""File drop: CSV, XLSX and Parquet files from a folder, mapped to the conformed entities.

Data flow: files in a folder -> FiledropSource -> landing -> raw `<source>.*`.
"""

from connectors.registry import SourceType
from connectors.sources.filedrop.settings import FiledropSettings
from connectors.sources.filedrop.source import FiledropSource
from connectors.sources.filedrop.streams import streams

SOURCE_TYPE = SourceType(
    settings=FiledropSettings, build=FiledropSource, specs=streams, is_mapped=True
)

__all__ = ["SOURCE_TYPE", "FiledropSettings", "FiledropSource"]

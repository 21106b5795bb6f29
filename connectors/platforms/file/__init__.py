"""Files for print and phone houses as a platform: CSV or XLSX, to a folder, SFTP or S3.

Data flow: config/platforms.yml -> `build_file` -> FileAdapter -> one file per segment and day.
"""

from __future__ import annotations

from connectors.platforms.file.adapter import FileAdapter
from connectors.platforms.file.outbox import outbox_of
from connectors.platforms.file.settings import FilePlatformSettings

__all__ = ["FileAdapter", "FilePlatformSettings", "build_file"]


def build_file(name: str, settings: FilePlatformSettings) -> FileAdapter:
    """The adapter of one folder; no I/O."""
    return FileAdapter(name, settings, outbox_of(settings))

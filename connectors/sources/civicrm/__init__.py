"""CiviCRM: membership, cases and activities over APIv4. See README.md."""

from connectors.registry import SourceType
from connectors.sources.civicrm.settings import CivicrmSettings
from connectors.sources.civicrm.source import CivicrmSource

SOURCE_TYPE = SourceType(settings=CivicrmSettings, build=CivicrmSource, limits="none of its own")

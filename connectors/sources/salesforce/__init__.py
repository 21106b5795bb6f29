"""Salesforce: associations on NPSP, Fonteva or Nimble AMS, by a map of objects. See README.md."""

from connectors.registry import SourceType
from connectors.sources.salesforce.settings import SalesforceSettings
from connectors.sources.salesforce.source import SalesforceSource

SOURCE_TYPE = SourceType(
    settings=SalesforceSettings, build=SalesforceSource, limits="by edition, a day; 80 % are used"
)

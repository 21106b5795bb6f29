"""QuickBooks Online: customers, invoices, payments and refunds. See README.md."""

from connectors.registry import SourceType
from connectors.sources.quickbooks.settings import QuickbooksSettings
from connectors.sources.quickbooks.source import QuickbooksSource

SOURCE_TYPE = SourceType(settings=QuickbooksSettings, build=QuickbooksSource, limits="500 a minute")

"""Xero: contacts, invoices, credit notes, payments and money at the bank. See README.md."""

from connectors.registry import SourceType
from connectors.sources.xero.settings import XeroSettings
from connectors.sources.xero.source import XeroSource

SOURCE_TYPE = SourceType(settings=XeroSettings, build=XeroSource, limits="60 a minute, 5,000 a day")

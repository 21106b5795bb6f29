"""GoCardless: customers, mandates, payments, refunds, subscriptions, payouts. See README.md."""

from connectors.registry import SourceType
from connectors.sources.gocardless.settings import GocardlessSettings
from connectors.sources.gocardless.source import GocardlessSource

SOURCE_TYPE = SourceType(
    settings=GocardlessSettings, build=GocardlessSource, limits="1,000 requests a minute"
)

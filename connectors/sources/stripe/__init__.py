"""Stripe: customers, invoices, charges, refunds and disputes. See README.md."""

from connectors.registry import SourceType
from connectors.sources.stripe.settings import StripeSettings
from connectors.sources.stripe.source import StripeSource

SOURCE_TYPE = SourceType(settings=StripeSettings, build=StripeSource, limits="25 requests a second")

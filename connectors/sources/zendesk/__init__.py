"""Zendesk Support: tickets, their steps, users, organizations, ratings. See README.md."""

from connectors.registry import SourceType
from connectors.sources.zendesk.settings import ZendeskSettings
from connectors.sources.zendesk.source import ZendeskSource

SOURCE_TYPE = SourceType(
    settings=ZendeskSettings, build=ZendeskSource, limits="10 exports a minute"
)

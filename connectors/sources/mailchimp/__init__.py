"""Mailchimp as a source: members and campaign engagement. See README.md."""

from connectors.registry import SourceType
from connectors.sources.mailchimp.settings import MailchimpSettings
from connectors.sources.mailchimp.source import MailchimpSource

SOURCE_TYPE = SourceType(settings=MailchimpSettings, build=MailchimpSource, limits="10 connections")

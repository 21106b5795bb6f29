"""Settings of the sources: what is refused, in which words, and that no secret shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.registry import SOURCES, SourceContext, all_specs, build_source, is_mapped
from connectors.sources.mailchimp.settings import MailchimpSettings

GOOD: dict[str, dict[str, Any]] = {
    "civicrm": {"base_url": "https://crm.example.org", "api_key": "k-1234"},
    "pretix": {"organizer": "example", "api_token": "k-1234"},
    "salesforce": {
        "base_url": "https://example.my.salesforce.com",
        "client_id": "c",
        "client_secret": "k-1234",
        "map": "npsp",
    },
    "wildapricot": {"api_key": "k-1234"},
    "actionnetwork": {"api_token": "k-1234"},
    "eventbrite": {"organization_id": "7", "private_token": "k-1234"},
    "zoom": {"account_id": "a", "client_id": "c", "client_secret": "k-1234"},
    "xero": {"client_id": "c", "client_secret": "k-1234"},
    "quickbooks": {
        "realm_id": "7",
        "client_id": "c",
        "client_secret": "k-1234",
        "refresh_token": "k-1234",
    },
    "zendesk": {
        "base_url": "https://example.zendesk.com",
        "email": "reader@example.org",
        "api_token": "k-1234",
    },
    "odoo": {"base_url": "https://odoo.example.org", "database": "example", "api_key": "k-1234"},
    "tito": {"account": "example", "api_token": "k-1234"},
    "gocardless": {"access_token": "k-1234"},
    "typeform": {"access_token": "k-1234"},
    "stripe": {"api_key": "rk_test_1234"},
    "mailchimp": {"api_key": "k-1234-us14", "list_id": "a1b2c3"},
}
KINDS = sorted(GOOD)


def test_every_kind_that_is_asked_over_http_is_here() -> None:
    assert set(KINDS) == {kind for kind in SOURCES if not is_mapped(kind)}


def problems(kind: str, **changed: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        SOURCES[kind].settings.model_validate({**GOOD[kind], **changed})
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_good_settings_build_a_source_without_any_request(kind: str, tmp_path: Path) -> None:
    source = build_source("mine", kind, GOOD[kind], SourceContext(tmp_path))
    assert source.name == "mine"
    declared = [spec.name for spec in all_specs()[kind]]
    assert source.streams()
    assert [spec.name for spec in source.streams()] == [
        name for name in declared if name in {spec.name for spec in source.streams()}
    ], "other streams, or another order, than the kind declares"
    assert not list(tmp_path.iterdir()), "building a source wrote something"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_key_is_refused(kind: str) -> None:
    assert "colour" in problems(kind, colour="red")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://crm.example.org", "https://"),
        ("crm.example.org", "full address"),
        ("https://me:pw@crm.example.org", "without user name"),
        ("https://crm.example.org/?key=1", "without user name"),
        ("file:///etc/passwd", "full address"),
    ],
)
def test_an_unsafe_address_is_refused(kind: str, url: str, said: str) -> None:
    assert said in problems(kind, base_url=url)


@pytest.mark.parametrize("kind", KINDS)
def test_this_machine_may_be_asked_without_tls(kind: str) -> None:
    for url in ("http://127.0.0.1:8701", "http://localhost:8701", "http://[::1]:8701/"):
        made = SOURCES[kind].settings.model_validate({**GOOD[kind], "base_url": url})
        assert made.model_dump()["base_url"] == url.rstrip("/")


@pytest.mark.parametrize("kind", KINDS)
def test_secrets_show_neither_in_settings_nor_in_problems(kind: str) -> None:
    made = SOURCES[kind].settings.model_validate(GOOD[kind])
    assert "1234" not in repr(made)
    assert "1234" not in problems(kind, max_attempts=0)


def test_special_rules_of_one_vendor() -> None:
    assert "time zone" in problems("civicrm", site_timezone="Berlin")
    assert "pk_" in problems("stripe", api_key="pk_live_1234")
    assert "data centre" in problems("mailchimp", api_key="k-1234")
    assert "page_size" in problems("pretix", page_size=51)
    assert "page_size" in problems("stripe", page_size=101)
    assert "page_size" in problems("gocardless", page_size=501)
    assert "page_size" in problems("typeform", page_size=1001)
    assert "forms" in problems("typeform", forms={"../me": {}})
    assert "colour" in problems("typeform", forms={"f1": {"colour": "red"}})
    assert "bare token" in problems("gocardless", access_token="Bearer k-1234")
    assert "page_size" in problems("mailchimp", page_size=1001)
    made = MailchimpSettings.model_validate(GOOD["mailchimp"])
    assert made.api_url == "https://us14.api.mailchimp.com"

"""Settings of the sources: what is refused, in which words, and that no secret shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.registry import SOURCES, SourceContext, all_specs, build_source
from connectors.sources.mailchimp.settings import MailchimpSettings

GOOD: dict[str, dict[str, Any]] = {
    "civicrm": {"base_url": "https://crm.example.org", "api_key": "k-1234"},
    "pretix": {"organizer": "example", "api_token": "k-1234"},
    "gocardless": {"access_token": "k-1234"},
    "typeform": {"access_token": "k-1234"},
    "stripe": {"api_key": "rk_test_1234"},
    "mailchimp": {"api_key": "k-1234-us14", "list_id": "a1b2c3"},
}
KINDS = sorted(GOOD)


def problems(kind: str, **changed: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        SOURCES[kind].settings.model_validate({**GOOD[kind], **changed})
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_good_settings_build_a_source_without_any_request(kind: str, tmp_path: Path) -> None:
    source = build_source("mine", kind, GOOD[kind], SourceContext(tmp_path))
    assert source.name == "mine"
    assert [spec.name for spec in source.streams()] == [spec.name for spec in all_specs()[kind]]
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

"""What sources share: where OAuth tokens are kept."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from connectors.registry import SourceContext
from connectors.sources.base import token_store


def test_a_new_connection_begins_with_an_empty_token_file(tmp_path: Path) -> None:
    context = SourceContext(tmp_path)
    old = token_store("books", SecretStr("first"), context)
    old.write({"refresh_token": "revoked since"})
    assert token_store("books", SecretStr("first"), context).read() == old.read()
    assert token_store("books", SecretStr("second"), context).read() == {}
    assert token_store("shop", SecretStr("first"), context).read() == {}
    assert token_store("books", None, context).read() == {}
    assert "first" not in old.path.name

"""The `rest` kind: every way to log in, where keys may go, and how fast it asks."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from rest_system import ONCE, serving

from connectors.errors import AuthenticationError, ConfigurationError
from connectors.testing.messages import Request, Response


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("auth", "accepts"),
    [
        ({"type": "bearer"}, lambda r: r.headers["authorization"] == "Bearer s3cret"),
        ({"type": "header", "header": "X-Key"}, lambda r: r.headers["x-key"] == "s3cret"),
        (
            {"type": "header", "header": "Authorization", "prefix": "Token "},
            lambda r: r.headers["authorization"] == "Token s3cret",
        ),
        (
            {"type": "basic", "user": "me"},
            lambda r: r.headers["authorization"] == _basic("me:s3cret"),
        ),
        ({"type": "param", "param": "api_key"}, lambda r: r.param("api_key") == "s3cret"),
    ],
)
def test_every_kind_of_key(tmp_path: Path, auth: dict[str, Any], accepts: Any) -> None:
    def handle(request: Request) -> Any:
        try:
            good = accepts(request)
        except KeyError:
            good = False
        return {"data": []} if good else Response.of_json({}, 401)

    with serving(tmp_path, handle) as system:
        assert system.source(ONCE, auth=auth, secret="s3cret").check()[0].ok
        wrong = system.source(ONCE, auth=auth, secret="wrong")
        (item,) = wrong.check()
        assert not item.ok
        assert "401" in item.detail
        with pytest.raises(AuthenticationError):
            system.lake.pull(wrong)


def test_a_key_that_comes_back_in_a_link_is_neither_doubled_nor_kept(tmp_path: Path) -> None:
    keys: list[list[str]] = []

    def handle(request: Request) -> Any:
        keys.append([value for name, value in request.query if name == "key"])
        after = int(request.param("after") or 0)
        link = f"{request.base_url}/list?key=s3cret&after={after + 1}" if after < 2 else None
        return {"data": [{"id": after, "joined": None}], "next": link}

    paged = {
        **ONCE,
        "paginate": {"by": "next_link", "selector": "next", "walk": "once", "resumable": True},
    }
    with serving(tmp_path, handle) as system:
        source = system.source(paged, auth={"type": "param", "param": "key"}, secret="s3cret")
        system.lake.pull(source)
        assert len(system.people(source)) == 3
    assert keys == [["s3cret"]] * 3
    kept = [path for path in (tmp_path / "landing").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"s3cret" in path.read_bytes()]


@pytest.mark.parametrize("grant", ["client_credentials", "refresh_token"])
def test_tokens_of_a_token_service(tmp_path: Path, grant: str) -> None:
    trades: list[str] = []

    def handle(request: Request) -> Any:
        if request.path == "/token":
            trades.append(request.body.decode())
            number = len(trades)
            lasting = {"access_token": f"a{number}", "expires_in": 3600}
            return {**lasting, "refresh_token": f"r{number}"}
        good = request.headers.get("authorization") == f"Bearer a{len(trades)}"
        return {"data": []} if good else Response.of_json({}, 401)

    with serving(tmp_path, handle) as system:
        auth = {"type": grant, "token_url": f"{system.url}/token", "client_id": "me"}
        keys = {"secret": "s3cret"} | (
            {"refresh_token": "r0"} if grant != "client_credentials" else {}
        )
        if grant == "client_credentials":
            auth["scope"] = "read"
        for _ in range(2):
            assert system.source(ONCE, auth=auth, **keys).check()[0].ok
        assert len(trades) == 1, "the token was not kept"
        assert ("scope=read" if grant == "client_credentials" else "refresh_token=r0") in trades[0]
        trades.append("revoked elsewhere")
        assert system.source(ONCE, auth=auth, **keys).check()[0].ok
        assert (f"grant_type={grant}") in trades[-1]
        if grant == "refresh_token":
            assert "refresh_token=r1" in trades[-1], "the replaced token was not used"


def test_a_next_link_to_another_host_is_refused(tmp_path: Path) -> None:
    answer = {"data": [{"id": 1}], "next": "https://elsewhere.example.net/list?page=2"}
    paged = {**ONCE, "paginate": {"by": "next_link", "selector": "next"}}
    with (
        serving(tmp_path, lambda _: answer) as system,
        pytest.raises(ConfigurationError, match="another host"),
    ):
        system.lake.pull(system.source(paged, auth={"type": "bearer"}, secret="s3cret"))


def test_limits_and_headers_are_sent_as_described(tmp_path: Path) -> None:
    seen: list[str | None] = []

    def handle(request: Request) -> Any:
        seen.append(request.headers.get("accept-language"))
        left = {"X-Left": "0", "X-Reset": "7200"}
        return Response.of_json({"data": []}, headers=left)

    limits = {"per_second": 50, "quota": {"remaining": "X-Left", "reset": "X-Reset"}}
    with serving(tmp_path, handle) as system:
        source = system.source(ONCE, limits=limits, headers={"Accept-Language": "de"})
        (first,) = source.check()
        (second,) = source.check()
    assert seen == ["de"], "nothing is asked once there is no allowance left"
    assert first.ok
    assert not second.ok
    assert "allowance of requests is used up" in second.detail

"""One described request after the other: log-in, limits, blanks filled in, errors told apart.

Data flow: StreamDescription + values -> HttpClient -> Answer (an error inside a 200 is an error).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from connectors.errors import SourceError
from connectors.http.auth import ApiKeyParam, BasicAuth, BearerToken, HeaderToken
from connectors.http.auth import Auth as HttpAuth
from connectors.http.client import Answer
from connectors.http.oauth import Client, OAuth2
from connectors.registry import SourceContext
from connectors.sources.base import VendorClient, client_for, token_store
from connectors.sources.rest.description import StreamDescription
from connectors.sources.rest.selectors import says_error
from connectors.sources.rest.settings import RestSettings
from connectors.sources.rest.template import ABSENT, render, render_path


class RestClient(VendorClient):
    """The API of one source."""

    def __init__(self, name: str, settings: RestSettings, context: SourceContext) -> None:
        self._error = settings.error
        self._key_param = settings.auth.param if settings.auth.type == "param" else None
        self._http = client_for(
            name,
            settings.base_url,
            settings,
            context,
            auth=_auth(name, settings, context),
            account=f"rest {name} {settings.base_url}",
            limit=settings.limits.rate_limit(),
            headers=settings.headers,
        )

    def ask(
        self, stream: StreamDescription, values: Mapping[str, Any], link: str | None = None
    ) -> Answer:
        """One request of the stream; `link` replaces path and parameters, on the same host only."""
        params = None if link else render(stream.params, values)
        body = render(stream.body, values)
        answer = self._http.json(
            self.without_key(link) if link else render_path(stream.path, values),
            method=stream.method,
            params=_for_query(params) if isinstance(params, dict) else None,
            body=None if body is ABSENT else body,
            stream=stream.entity,
        )
        path = stream.error or self._error
        if says_error(answer.body, path):
            raise SourceError(
                f"the answer reports an error at `error: {path}`.",
                stream=stream.entity,
                todo="Ask the same of the system by hand; its words are not repeated here.",
            )
        return answer

    def without_key(self, link: str) -> str:
        """The link without the key that some systems repeat in it: it is added anew, unseen."""
        if self._key_param is None:
            return link
        parts = urlsplit(link)
        query = [
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
            if name != self._key_param
        ]
        return urlunsplit(parts._replace(query=urlencode(query)))


def _for_query(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as text in the way of JSON: true, not True."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in params.items()
    }


def _auth(name: str, settings: RestSettings, context: SourceContext) -> HttpAuth:
    said, secret = settings.auth, settings.secret
    if said.type == "none" or secret is None:
        return HttpAuth()
    if said.type == "bearer":
        return BearerToken(secret)
    if said.type == "header":
        return HeaderToken(secret, header=str(said.header), prefix=said.prefix)
    if said.type == "basic":
        return BasicAuth(str(said.user), secret)
    if said.type == "param":
        return ApiKeyParam(secret, param=str(said.param))
    grant = {"grant_type": "client_credentials"} if said.type == "client_credentials" else None
    if grant is not None and said.scope is not None:
        grant["scope"] = said.scope
    return OAuth2(
        token_url=str(said.token_url),
        client=Client(str(said.client_id), secret, said.sent_in),
        store=token_store(name, settings.refresh_token, context),
        grant=grant,
        first_refresh_token=None if grant else settings.refresh_token,
    )

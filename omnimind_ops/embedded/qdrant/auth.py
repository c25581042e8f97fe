"""API keys: one with full access, one read-only."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .settings import Settings

OPEN = frozenset({"/", "/healthz", "/livez", "/readyz"})
"""Paths that need no key, as in the real server. The files of the web UI need none either; it asks for the key
itself.
"""
WEB_UI = "/dashboard"

READS = (
    "/points",
    "/points/search",
    "/points/search/batch",
    "/points/query",
    "/points/query/batch",
    "/points/query/groups",
    "/points/scroll",
    "/points/count",
    "/points/recommend",
    "/facet",
)
"""Endings of the POST paths that only read."""


class ApiKeys:
    """Refuses requests without a valid `api-key` header or bearer token; does nothing when no key is configured."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.key = settings.api_key
        self.read_only_key = settings.read_only_api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        refusal = self.refusal(scope) if scope["type"] == "http" and (self.key or self.read_only_key) else None
        await (refusal or self.app)(scope, receive, send)

    def refusal(self, scope: Scope) -> Response | None:
        """Return the response for a refused request; None when it may pass."""
        if scope["path"] in OPEN or f"{scope['path']}/".startswith(f"{WEB_UI}/"):
            return None
        headers = Headers(scope=scope)
        given = headers.get("api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not given:
            return PlainTextResponse("Must provide an API key or an Authorization bearer token", 401)
        if _same(given, self.key):
            return None
        if not _same(given, self.read_only_key):
            return PlainTextResponse("Invalid API key or JWT", 401)
        if scope["method"] in ("GET", "HEAD") or (scope["method"] == "POST" and scope["path"].endswith(READS)):
            return None
        return PlainTextResponse("Forbidden: Global manage access is required", 403)


def _same(given: str, key: str | None) -> bool:
    return key is not None and hmac.compare_digest(given.encode(), key.encode())

"""Origin check: requests that a browser makes for a foreign page are refused, since they carry the user's cookies.

CORS alone is not enough: it hides the response after the request has already run, and it does not cover WebSockets.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.hosts import NAMES
from backend.http.middleware.refusal import refuse
from backend.settings import Settings

SAFE = ("GET", "HEAD")


def allowed(settings: Settings) -> list[str]:
    """Return the allowed origins: the page and the backends, under every name of this machine."""
    return [
        f"http://{name}:{port}"
        for port in dict.fromkeys((settings.frontend_port, *settings.backend_ports, settings.port))
        for name in NAMES
    ]


class Origins:
    """Refuses requests caused by foreign pages. Programs send neither Origin nor Sec-Fetch-Site, and pass."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        is_safe = scope["type"] == "http" and scope["method"] in SAFE
        if self._is_allowed(headers, is_safe=is_safe):
            return await self.app(scope, receive, send)
        return await refuse(
            scope,
            send,
            ApiProblem(
                403,
                "foreign origin",
                "pages from other sites cannot use this server",
                fix="use the page at http://localhost",
            ),
        )

    def _is_allowed(self, headers: Headers, *, is_safe: bool) -> bool:
        """Return whether the request comes from our page or from a program.

        Following a link on a foreign page is allowed; loading an image from it is not.
        """
        origins, site = headers.getlist("origin"), headers.get("sec-fetch-site", "none")
        if origins:
            return len(origins) == 1 and origins[0] in self.origins
        if is_safe:
            return site != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
        return site in ("none", "same-origin")

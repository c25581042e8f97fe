"""Only our own pages: what a browser does for a page from elsewhere is refused, for it acts with the cookies of whoever
sits there.

CORS alone does not do this: it hides the answer, but the request has been executed by then, and it does not apply to
WebSockets at all.
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
    """Return the origins of the page and of the backends themselves, under every name of this machine."""
    return [
        f"http://{name}:{port}"
        for port in dict.fromkeys((settings.frontend_port, *settings.backend_ports, settings.port))
        for name in NAMES
    ]


class Origins:
    """Refuses requests that a page from elsewhere caused. Programs send neither Origin nor Sec-Fetch-Site, and pass."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it through or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        is_safe = scope["type"] == "http" and scope["method"] in SAFE
        if self._is_ours(headers, is_safe=is_safe):
            return await self.app(scope, receive, send)
        return await refuse(
            scope,
            send,
            ApiProblem(
                403,
                "foreign origin",
                "a page from elsewhere must not use this server",
                fix="use the page at http://localhost",
            ),
        )

    def _is_ours(self, headers: Headers, *, is_safe: bool) -> bool:
        """Tell whether our page or a program asks.

        A link on a foreign page may be followed; an image on it may not make us work.
        """
        origins, site = headers.getlist("origin"), headers.get("sec-fetch-site", "none")
        if origins:
            return len(origins) == 1 and origins[0] in self.origins
        if is_safe:
            return site != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
        return site in ("none", "same-origin")

"""Origin check: requests that a browser makes for a foreign page are refused, since they carry the user's cookies.

CORS alone is not enough: it hides the response after the request has already run, and it does not cover WebSockets.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.hosts import ANY_ADDRESS, NAMES
from backend.http.middleware.refusal import refuse
from backend.settings import Settings

SAFE = ("GET", "HEAD")
HTTP = 80


def allowed(settings: Settings) -> str:
    """Return a pattern of the allowed origins: the page and the backends, under every name of this machine.

    Browsers leave out port 80.
    """
    names = [re.escape(name) for name in (*NAMES, *settings.hosts) if name != ANY_ADDRESS]
    if ANY_ADDRESS in settings.hosts:
        names += [r"[0-9]+(\.[0-9]+){3}", r"\[[0-9a-f:.]+\]"]
    numbers = dict.fromkeys((settings.frontend_port, *settings.backend_ports, settings.port))
    ports = [f"(:{port})?" if port == HTTP else f":{port}" for port in numbers]
    return f"http://({'|'.join(names)})({'|'.join(ports)})"


class Origins:
    """Refuses requests caused by foreign pages. Programs send neither Origin nor Sec-Fetch-Site, and pass."""

    def __init__(self, app: ASGIApp, origins: str) -> None:
        self.app = app
        self.origins = re.compile(origins)

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
            return len(origins) == 1 and self._is_ours(origins[0], headers.getlist("host"))
        if is_safe:
            return site != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
        return site in ("none", "same-origin")

    def _is_ours(self, origin: str, hosts: list[str]) -> bool:
        """Return whether an origin is allowed: under a name of this machine, else under that of the request itself."""
        if not self.origins.fullmatch(origin):
            return False
        name = _name(origin.removeprefix("http://"))
        return name in NAMES or [name] == [_name(host.lower()) for host in hosts]


def _name(host: str) -> str:
    """Return a host without its port."""
    return host if host.endswith("]") else host.rpartition(":")[0] or host

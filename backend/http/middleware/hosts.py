"""Host check: requests must use a name of this machine.

This stops DNS rebinding, where a foreign page points its own name at 127.0.0.1. It covers WebSockets too.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.refusal import refuse

NAMES = ("localhost", "127.0.0.1", "[::1]")


class Hosts:
    """Refuses every Host except NAMES, with any port."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] not in ("http", "websocket") or name_of(Headers(scope=scope).getlist("host")):
            return await self.app(scope, receive, send)
        return await refuse(
            scope,
            send,
            ApiProblem(
                400, "wrong host", "this server accepts only the hosts " + ", ".join(NAMES), fix="use http://localhost"
            ),
        )


def name_of(hosts: list[str]) -> str:
    """Return the host name from a request's Host headers, without the port.

    Returns "" unless there is exactly one header with a name of this machine.
    """
    if len(hosts) != 1:
        return ""
    name, colon, port = hosts[0].lower().rpartition(":") if not hosts[0].endswith("]") else (hosts[0], "", "")
    if not colon:
        name = hosts[0].lower()
    return name if name in NAMES and (not colon or port.isdecimal()) else ""

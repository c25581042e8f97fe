"""Host check: requests must use a name of this machine.

This stops DNS rebinding, where a foreign page points its own name at 127.0.0.1. It covers WebSockets too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.http.errors import ApiProblem
from backend.http.middleware.refusal import refuse

NAMES = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = "any-address"
"""Among the names: every numeric address. No foreign page can point one at this machine, as it can its own name."""


class Hosts:
    """Refuses every Host except NAMES and the configured `names`, with any port."""

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self.app = app
        self.names = names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on or refuse it."""
        if scope["type"] not in ("http", "websocket") or name_of(Headers(scope=scope).getlist("host"), self.names):
            return await self.app(scope, receive, send)
        return await refuse(
            scope,
            send,
            ApiProblem(
                400, "wrong host", "this server accepts only the hosts " + ", ".join(NAMES), fix="use http://localhost"
            ),
        )


def name_of(hosts: list[str], names: Collection[str] = ()) -> str:
    """Return the host name from a request's Host headers, without the port.

    Returns "" unless there is exactly one header with a name of this machine: NAMES, or one of `names`.
    """
    if len(hosts) != 1:
        return ""
    name, colon, port = hosts[0].lower().rpartition(":") if not hosts[0].endswith("]") else (hosts[0], "", "")
    if not colon:
        name = hosts[0].lower()
    is_known = name in NAMES or name in names or (ANY_ADDRESS in names and is_address(name))
    return name if is_known and (not colon or port.isdecimal()) else ""


def is_address(name: str) -> bool:
    """Return whether a host is a numeric address: 192.0.2.5 or [2001:db8::5]."""
    is_v6 = name.startswith("[") and name.endswith("]")
    try:
        return ipaddress.ip_address(name[1:-1] if is_v6 else name).version == (6 if is_v6 else 4)
    except ValueError:
        return False

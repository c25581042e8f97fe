"""uvicorn with a voice: READY once it serves, WATCHDOG from its own event loop, STOPPING when it goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

from backend.notify import inherited_socket, notify, watchdog_seconds

GRACE_SECONDS = 15
"""For requests in flight; shorter than the units' TimeoutStopSec of 20."""
BACKLOG = 2048


Application = Callable[[Any, Any, Any], Awaitable[None]]
"""ASGI 3; its messages are plain mappings, and frameworks disagree on how to type them."""


class Server(uvicorn.Server):
    """One worker. The ping comes from the loop that serves requests: if that is stuck, so is the ping."""

    _pulse: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so: a lifespan hook would be too early."""
        await super().startup(sockets)
        if self.started:
            notify("READY=1")
            self._pulse = asyncio.create_task(_beat())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, then finish what is in flight."""
        notify("STOPPING=1")
        await super().shutdown(sockets)
        if self._pulse:
            self._pulse.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pulse


async def _beat() -> None:
    seconds = watchdog_seconds()
    while seconds:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds / 3)


def serve(app: Application, port: int) -> None:
    """Serve on the socket from systemd, or on 127.0.0.1:port where there is none. Returns after a clean stop."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        backlog=BACKLOG,
        log_level=os.environ.get("OMNIMIND_LOG_LEVEL", "warning"),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="auto",
        ws="none",
    )
    given = inherited_socket()
    Server(config).run([given] if given else None)

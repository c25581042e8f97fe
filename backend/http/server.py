"""uvicorn with systemd notifications: READY once it serves, WATCHDOG from its own event loop, STOPPING on shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import uvicorn

from backend.http import log
from backend.http.protocol import Protocol
from omnimind_ops.tools.notify import beat, last_beat, notify, watchdog_seconds

GRACE_SECONDS = 15
"""Time for requests in flight; shorter than the units' TimeoutStopSec of 20 s."""
BACKLOG = 2048
LINGER_SECONDS = 0.25


Application = Callable[[Any, Any, Any], Awaitable[None]]
"""ASGI 3. Its messages are plain mappings, and frameworks disagree on how to type them."""


def inherited_sockets() -> list[socket.socket]:
    """Return the listening sockets passed by systemd (sd_listen_fds(3)): one for each address."""
    count = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return []
    return [socket.socket(fileno=number) for number in range(3, 3 + int(count))]


class Server(uvicorn.Server):
    """One worker. The watchdog ping comes from the event loop that serves requests, so a stuck loop stops the ping."""

    _watchdog: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then notify systemd. A lifespan hook would be too early."""
        await super().startup(sockets)
        if self.started:
            notify("READY=1")
            self._watchdog = asyncio.create_task(_ping_watchdog())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Notify systemd, then finish the requests in flight."""
        last_beat()
        await self._linger()
        await super().shutdown(sockets)
        if self._watchdog:
            self._watchdog.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watchdog

    async def _linger(self) -> None:
        """Stop accepting, and wait for the requests of connections that were just accepted.

        uvicorn would close such a connection, and the client would get a reset.
        """
        for server in self.servers:
            server.close()
        await asyncio.sleep(LINGER_SECONDS)


async def _ping_watchdog() -> None:
    seconds = watchdog_seconds()
    while seconds:
        beat()
        await asyncio.sleep(seconds / 3)


def serve(app: Application, port: int, *, websockets: bool = False, secrets: Iterable[str] = ()) -> None:
    """Serve on the socket from systemd, otherwise on 127.0.0.1:port. Returns after a clean stop.

    Logs go to stderr, one JSON object per line, with `secrets` masked.
    """
    level = os.environ.get("OMNIMIND_LOG_LEVEL", "warning")
    log.configure(level, secrets)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        backlog=BACKLOG,
        log_config=None,
        log_level=level,
        access_log=False,
        server_header=False,
        # There is no proxy, so a client that sends X-Forwarded-For could choose the address it is counted under.
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="auto",
        loop="asyncio",
        http=Protocol,
        ws="websockets-sansio" if websockets else "none",
        ws_max_size=64 * 1024,
        ws_per_message_deflate=False,  # costs memory per socket, and the traffic never leaves this machine
    )
    server = Server(config)
    server.run(inherited_sockets() or None)
    if not server.started:
        sys.exit(3)  # uvicorn's own exit code for a failed start

"""PostgreSQL connections that never hang: a server that is frozen, not gone, answers neither a statement nor its
cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

Result = TypeVar("Result")
Link = psycopg.AsyncConnection[Any]
"""A connection as the pool hands it out."""
HANG_SECONDS = 12.0
"""Longer than the server's own time-out for a statement, so this acts only when the server does not."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection whose every exchange ends: after `hang_seconds` its socket is shut down, which psycopg reports as an
    OperationalError.
    """

    hang_seconds = HANG_SECONDS

    async def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Exchange with the server, for no longer than `hang_seconds`."""
        timer = asyncio.get_running_loop().call_later(self.hang_seconds, self.hang_up)
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            timer.cancel()

    def hang_up(self) -> None:
        """End both directions: what waits for the server fails at once.

        Not close(): the event loop still watches the descriptor, and libpq must read the end by itself.
        """
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as link:
            link.shutdown(socket.SHUT_RDWR)

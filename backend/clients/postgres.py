"""PostgreSQL connections that never hang.

A frozen server answers neither a statement nor its cancellation.
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
HANG_SECONDS = 12.0
"""Longer than the server's statement time-out, so it only acts if the server does not."""


class Connection(psycopg.AsyncConnection[Any]):
    """A connection with a time limit on every exchange.

    After `hang_seconds` its socket is shut down, which psycopg reports as an OperationalError.
    """

    hang_seconds = HANG_SECONDS

    async def wait(self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None) -> Result:
        """Exchange data with the server for at most `hang_seconds`."""
        timer = asyncio.get_running_loop().call_later(self.hang_seconds, self.hang_up)
        try:
            return await super().wait(gen, interval, timeout)
        finally:
            timer.cancel()

    def hang_up(self) -> None:
        """Shut down both directions, so that pending waits fail at once.

        close() does not work here: the event loop still watches the descriptor, and libpq must read the end of the
        stream itself.
        """
        with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)

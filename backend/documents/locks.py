"""PostgreSQL advisory locks, shared by all workers.

A lock belongs to its connection: a killed worker loses its locks, a frozen worker keeps them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from backend.http.errors import ApiProblem

if TYPE_CHECKING:
    from backend.clients.pools import Postgres
    from backend.clients.postgres import Connection

WAIT_SECONDS = 40.0
"""Longer than the longest write to Qdrant."""
LOCK_SLOTS = asyncio.Semaphore(2)
"""Maximum locks that one worker holds at once. Each one occupies a connection, and readers need some of the few
connections too.
"""


@asynccontextmanager
async def hold(pool: Postgres, key: int, seconds: float = WAIT_SECONDS) -> AsyncIterator[Connection]:
    """Hold a lock for the block, on the connection it yields. Raises 503 if another request holds it too long."""
    end = time.monotonic() + seconds
    while True:
        async with LOCK_SLOTS, pool.connection() as connection:
            if await try_lock(connection, key):
                try:
                    yield connection
                finally:
                    await unlock(connection, key)
                return
        if time.monotonic() > end:
            raise ApiProblem(
                503,
                "the document is being written",
                "another request is writing it",
                fix="try again in 1 s",
                headers={"Retry-After": "1"},
            )
        await asyncio.sleep(0.05)  # without the connection, so that waiting does not block other requests


def key_of(content_hash: bytes) -> int:
    """Return the lock key of a document, from its content hash."""
    return int.from_bytes(content_hash[:8], signed=True)


async def try_lock(connection: Connection, key: int) -> bool:
    """Take a lock on this connection. Return False if another connection holds it."""
    row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))).fetchone()
    return bool(row and row[0])


async def unlock(connection: Connection, key: int) -> None:
    """Release a lock. If that fails, close the connection; the pool opens another one."""
    try:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (key,))
    except Exception:
        await connection.close()
    except asyncio.CancelledError:
        await connection.close()
        raise

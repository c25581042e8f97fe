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
    from backend.clients.postgres import Link

LOCK_SECONDS = 40.0
"""Longer than the longest write to Qdrant."""
AT_ONCE = asyncio.Semaphore(2)
"""Maximum locks that one worker holds at once. Each one occupies a connection, and readers need some of the few
connections too.
"""


@asynccontextmanager
async def locked(pool: Postgres, number: int, seconds: float = LOCK_SECONDS) -> AsyncIterator[Link]:
    """Hold a lock for the block, on the connection it yields. Raises 503 if another request holds it too long."""
    end = time.monotonic() + seconds
    while True:
        async with AT_ONCE, pool.connection() as link:
            if await try_lock(link, number):
                try:
                    yield link
                finally:
                    await unlock(link, number)
                return
        if time.monotonic() > end:
            raise ApiProblem(
                503,
                "the document is being written",
                "another request holds it",
                fix="try again in 1 s",
                headers={"Retry-After": "1"},
            )
        await asyncio.sleep(0.05)  # without the connection, so that waiting does not block other requests


def key(content_hash: bytes) -> int:
    """Return the lock number of a document, from its content hash."""
    return int.from_bytes(content_hash[:8], signed=True)


async def try_lock(link: Link, number: int) -> bool:
    """Take a lock on this connection. Return False if another connection holds it."""
    row = await (await link.execute("SELECT pg_try_advisory_lock(%s)", (number,))).fetchone()
    return bool(row and row[0])


async def unlock(link: Link, number: int) -> None:
    """Release a lock. If that fails, close the connection; the pool opens another one."""
    try:
        await link.execute("SELECT pg_advisory_unlock(%s)", (number,))
    except Exception:
        await link.close()
    except asyncio.CancelledError:
        await link.close()
        raise

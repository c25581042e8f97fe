"""Locks that all workers share, in PostgreSQL.

A lock goes with its connection: a killed worker holds none, a frozen one keeps its own.
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
"""Longer than one write to Qdrant may take."""
AT_ONCE = asyncio.Semaphore(2)
"""Locks that one worker holds at the same time: each keeps one of its few connections, and who only reads needs some
too.
"""


@asynccontextmanager
async def locked(pool: Postgres, number: int, seconds: float = LOCK_SECONDS) -> AsyncIterator[Link]:
    """Hold a lock for the block, on the connection that is given; 503 when somebody else holds it too long."""
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
        await asyncio.sleep(0.05)  # without the connection: whoever waits must not keep others from theirs


def key(content_hash: bytes) -> int:
    """Return the number of the lock for a document with this hash."""
    return int.from_bytes(content_hash[:8], signed=True)


async def try_lock(link: Link, number: int) -> bool:
    """Take a lock for this connection if nobody else has it."""
    row = await (await link.execute("SELECT pg_try_advisory_lock(%s)", (number,))).fetchone()
    return bool(row and row[0])


async def unlock(link: Link, number: int) -> None:
    """Give a lock back, in the worst case by closing the connection; the pool makes another one."""
    try:
        await link.execute("SELECT pg_advisory_unlock(%s)", (number,))
    except Exception:
        await link.close()
    except asyncio.CancelledError:
        await link.close()
        raise

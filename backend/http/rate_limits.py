"""How much one caller may ask for: counted in Redis, over all workers; in this worker's memory while Redis does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from backend.http.errors import ApiProblem

if TYPE_CHECKING:
    from redis.asyncio import Redis

Result = TypeVar("Result")
WINDOW = 60
"""Seconds."""
PATIENCE_SECONDS = 0.5
"""That counting may take; a limit must not be what makes a frozen Redis felt."""
ASIDE_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""


class Limits:
    """Counts by bucket and minute."""

    def __init__(self, redis: Redis) -> None:
        from limits.aio.storage import MemoryStorage, RedisStorage

        class Storage(RedisStorage):
            DEPENDENCIES = {"redis": RedisStorage.DEPENDENCIES["redis"]}  # noqa: RUF012 of three clients it would import all that it finds

        # The library's `hit` says yes or no; its storages, used here, say how many, in one round trip.
        self._shared = Storage(
            "redis://",
            implementation="redispy",
            key_prefix="omnimind:rate",
            connection_pool=redis.connection_pool,  # type: ignore[arg-type]
        )
        self._own = MemoryStorage()
        self._aside_until = 0.0

    async def spend(self, bucket: str, most: int) -> dict[str, str]:
        """Count one more; return the headers that say what is left of `most` in this minute, or raise the 429."""
        minute, second = divmod(time.time(), WINDOW)
        count = await self._count(f"{bucket}:{int(minute)}")
        left = int(WINDOW - second) + 1
        headers = {
            "RateLimit-Policy": f'"caller";q={most};w={WINDOW}',
            "RateLimit": f'"caller";r={max(0, most - count)};t={left}',
        }
        if count > most:
            headers["Retry-After"] = str(left)
            raise ApiProblem(
                429, "too many requests", f"{most} a minute are allowed", fix=f"try again in {left} s", headers=headers
            )
        return headers

    async def forgive(self, bucket: str) -> None:
        """Forget what was counted in this minute."""
        key = f"{bucket}:{int(time.time() // WINDOW)}"
        await self._own.clear(key)
        if not self._is_aside():
            await self._ask(self._shared.clear(key))

    async def _count(self, key: str) -> int:
        if not self._is_aside():
            count = await self._ask(self._shared.incr(key, WINDOW))
            if count is not None:
                return count
        return await self._own.incr(key, WINDOW)

    async def _ask(self, question: Awaitable[Result]) -> Result | None:
        """Return what Redis says; None when it does not, and then it is left alone for a while."""
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await question
        except (RedisError, TimeoutError, OSError):
            self._aside_until = time.monotonic() + ASIDE_SECONDS
            return None

    def _is_aside(self) -> bool:
        return time.monotonic() < self._aside_until

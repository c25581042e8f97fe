"""Rate limits per caller, counted in Redis over all workers.

While Redis does not answer, each worker counts in its own memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar, cast

from backend.http.errors import ApiProblem

if TYPE_CHECKING:
    from redis.asyncio import Redis

Result = TypeVar("Result")
WINDOW = 60
"""Length of the window, in seconds."""
PATIENCE_SECONDS = 0.5
"""Time limit for counting, so that a frozen Redis does not slow every request."""
ASIDE_SECONDS = 5.0
"""How long Redis is skipped after it did not answer."""
COUNT = """
local count = redis.call("INCR", KEYS[1])
if count == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return count
"""
"""One script, so that no key is ever left without an expiry. A transaction would cost redis-py 80 µs more per
request.
"""


class Limits:
    """Request counts by bucket and minute."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own: Counter[str] = Counter()
        self._own_minute = 0
        self._aside_until = 0.0

    async def spend(self, bucket: str, most: int) -> dict[str, str]:
        """Count one request. Return the rate limit headers for `most` requests a minute, or raise the 429."""
        minute, second = divmod(time.time(), WINDOW)
        count = await self._count(bucket, int(minute))
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
        """Reset the count of this minute."""
        self._own.pop(bucket, None)
        if not self._is_aside():
            await self._ask(self._redis.delete(_key(bucket, int(time.time() // WINDOW))))

    async def _count(self, bucket: str, minute: int) -> int:
        if not self._is_aside():
            count = await self._ask(cast(Awaitable[int], self._redis.eval(COUNT, 1, _key(bucket, minute), WINDOW)))
            if count is not None:
                return count
        if minute != self._own_minute:
            self._own.clear()
            self._own_minute = minute
        self._own[bucket] += 1
        return self._own[bucket]

    async def _ask(self, question: Awaitable[Result]) -> Result | None:
        """Return Redis's answer; None if it fails, and then skip Redis for a while."""
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await question
        except (RedisError, TimeoutError, OSError):
            self._aside_until = time.monotonic() + ASIDE_SECONDS
            return None

    def _is_aside(self) -> bool:
        return time.monotonic() < self._aside_until


def _key(bucket: str, minute: int) -> str:
    return f"omnimind:rate:{bucket}:{minute}"

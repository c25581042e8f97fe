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
REDIS_SECONDS = 0.5
"""Time limit for counting, so that a frozen Redis does not slow every request."""
SKIP_SECONDS = 5.0
"""How long Redis is skipped after it did not answer."""
COUNT_SCRIPT = """
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
        self._local_counts: Counter[str] = Counter()
        self._local_minute = 0
        self._skip_until = 0.0

    async def count(self, bucket: str, limit: int) -> dict[str, str]:
        """Count one request. Return the rate limit headers for `limit` requests a minute, or raise the 429."""
        minute, second = divmod(time.time(), WINDOW)
        count = await self._count(bucket, int(minute))
        seconds_left = int(WINDOW - second) + 1
        headers = {
            "RateLimit-Policy": f'"caller";q={limit};w={WINDOW}',
            "RateLimit": f'"caller";r={max(0, limit - count)};t={seconds_left}',
        }
        if count > limit:
            headers["Retry-After"] = str(seconds_left)
            raise ApiProblem(
                429,
                "too many requests",
                f"the limit is {limit} requests a minute",
                fix=f"try again in {seconds_left} s",
                headers=headers,
            )
        return headers

    async def reset(self, bucket: str) -> None:
        """Reset the count of this minute."""
        self._local_counts.pop(bucket, None)
        if not self._is_skipped():
            await self._try(self._redis.delete(_key(bucket, int(time.time() // WINDOW))))

    async def _count(self, bucket: str, minute: int) -> int:
        if not self._is_skipped():
            count = await self._try(
                cast(Awaitable[int], self._redis.eval(COUNT_SCRIPT, 1, _key(bucket, minute), WINDOW))
            )
            if count is not None:
                return count
        if minute != self._local_minute:
            self._local_counts.clear()
            self._local_minute = minute
        self._local_counts[bucket] += 1
        return self._local_counts[bucket]

    async def _try(self, command: Awaitable[Result]) -> Result | None:
        """Return Redis's answer; None if it fails, and then skip Redis for a while."""
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(REDIS_SECONDS):
                return await command
        except (RedisError, TimeoutError, OSError):
            self._skip_until = time.monotonic() + SKIP_SECONDS
            return None

    def _is_skipped(self) -> bool:
        return time.monotonic() < self._skip_until


def _key(bucket: str, minute: int) -> str:
    return f"omnimind:rate:{bucket}:{minute}"

"""How much one caller may ask for: counted in Redis, over all workers; in this worker's memory while Redis does not
answer.
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
"""Seconds."""
PATIENCE_SECONDS = 0.5
"""That counting may take; a limit must not be what makes a frozen Redis felt."""
ASIDE_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""
COUNT = """
local count = redis.call("INCR", KEYS[1])
if count == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return count
"""
"""One script, so that no key is ever left without its expiry; a transaction would cost redis-py 80 µs more a request.
"""


class Limits:
    """Counts by bucket and minute."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._own: Counter[str] = Counter()
        self._own_minute = 0
        self._aside_until = 0.0

    async def spend(self, bucket: str, most: int) -> dict[str, str]:
        """Count one more; return the headers that say what is left of `most` in this minute, or raise the 429."""
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
        """Forget what was counted in this minute."""
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


def _key(bucket: str, minute: int) -> str:
    return f"omnimind:rate:{bucket}:{minute}"

"""Embedding cache in Redis: raw float32 values, read in batches.

Without Redis everything still works, only slower.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import redis.asyncio as redis

SKIP_SECONDS = 5.0
"""How long Redis is skipped after a failure: each attempt would cost the caller a time-out."""
WAIT_SECONDS = 1.0
MEMORY_CHECK_SECONDS = 10.0
"""Interval between two checks of Redis's memory use."""
FULL = 0.75
"""Share of Redis's memory above which nothing is added. Sessions live there too, and Redis evicts nothing by itself."""
READ_SLICE, WRITE_SLICE = 512, 256
"""Values per round trip, for reads and for writes. Between two round trips, other tasks use the event loop and Redis
serves other clients.
"""
WRITE_SCRIPT = "for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ARGV[1]) end"
"""One script per slice: 1000 values take 5 ms; a pipeline of 1000 SETs takes 19 ms, nearly all in this process."""
_TRUNCATED = 1 << 31
_COUNT = struct.Struct("<I")


@dataclass(frozen=True)
class CachedEmbedding:
    """The cached embedding of one text (float32, little-endian).

    `tokens` is its token count, None if unknown; `is_truncated` whether it was truncated.
    """

    row: bytes
    tokens: int | None = None
    is_truncated: bool = False


class EmbeddingCache:
    """One worker's view of the cache: whether Redis answers, and whether it has room."""

    def __init__(self, client: redis.Redis, days: int) -> None:
        self._redis = client
        self._write = client.register_script(WRITE_SCRIPT)
        self._seconds = max(1, days) * 86400
        self._skip_until = 0.0
        self._memory_checked = 0.0
        self._is_full = False

    @property
    def state(self) -> str:
        """Return "up", "full" (read only) or "down" (skipped for some seconds)."""
        if time.monotonic() < self._skip_until:
            return "down"
        return "full" if self._is_full else "up"

    async def get(self, digest: str, dimensions: int, texts: Sequence[str]) -> dict[str, CachedEmbedding]:
        """Return the cached embeddings of these texts, which should be unique."""
        if self.state == "down" or not texts:
            return {}
        cached: dict[str, CachedEmbedding] = {}
        try:
            for start in range(0, len(texts), READ_SLICE):
                part = texts[start : start + READ_SLICE]
                async with asyncio.timeout(WAIT_SECONDS):
                    values = await self._redis.mget([cache_key(digest, text) for text in part])
                decoded = (
                    (text, _unpack(value, dimensions * 4))
                    for text, value in zip(part, values, strict=True)
                    if isinstance(value, bytes)
                )
                cached |= {text: value for text, value in decoded if value}
        except Exception as error:
            self._handle_error(error)
        return cached

    async def put(self, digest: str, embeddings: Mapping[str, CachedEmbedding]) -> None:
        """Store embeddings for the configured number of days. Writes nothing if Redis is nearly full or fails."""
        if self.state == "down" or not embeddings or not await self._has_room():
            return
        items = list(embeddings.items())
        try:
            for start in range(0, len(items), WRITE_SLICE):
                part = items[start : start + WRITE_SLICE]
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._write(
                        [cache_key(digest, text) for text, _ in part],
                        [self._seconds, *(_pack(embedding) for _, embedding in part)],
                    )
        except Exception as error:
            self._handle_error(error)

    async def _has_room(self) -> bool:
        if time.monotonic() - self._memory_checked > MEMORY_CHECK_SECONDS:
            self._memory_checked = time.monotonic()
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    memory = await self._redis.info("memory")
            except Exception as error:
                self._handle_error(error)
                return False
            # Without a limit in Redis, the cache may use a quarter of the machine's memory.
            limit = int(memory.get("maxmemory") or 0) or int(memory.get("total_system_memory") or 0) // 4
            self._is_full = bool(limit) and int(memory.get("used_memory", 0)) > limit * FULL
        return not self._is_full

    def _handle_error(self, error: Exception) -> None:
        """Skip Redis for a while. If it is only full or refuses writes, keep reading."""
        from redis.exceptions import RedisError, ResponseError

        if isinstance(error, ResponseError):  # OOM, READONLY, MISCONF: it answers but refuses writes
            self._is_full, self._memory_checked = True, time.monotonic()
        elif isinstance(error, RedisError | OSError | TimeoutError):
            self._skip_until = time.monotonic() + SKIP_SECONDS
        else:
            raise error


def cache_key(digest: str, text: str) -> bytes:
    """Return the key of a text's embedding by the model with this digest."""
    return b"omnimind:embedding:%s:%s" % (digest.encode(), hashlib.sha256(text.encode()).hexdigest().encode())


def _pack(embedding: CachedEmbedding) -> bytes:
    """Return the row, followed by the token count as 32 bits. The highest bit marks a truncated text."""
    return (
        embedding.row
        if embedding.tokens is None
        else embedding.row + _COUNT.pack(embedding.tokens | (_TRUNCATED if embedding.is_truncated else 0))
    )


def _unpack(value: bytes, width: int) -> CachedEmbedding | None:
    """Decode a value; None if its length is unexpected, or if it holds a number that is none.

    The highest byte of a float32 that is infinite or not a number is 7F or FF; of an embedding's it never is.
    """
    highest = value[3:width:4]
    if b"\x7f" in highest or b"\xff" in highest:
        return None
    if len(value) == width:
        return CachedEmbedding(value)
    if len(value) != width + _COUNT.size:
        return None
    (count,) = _COUNT.unpack_from(value, width)
    return CachedEmbedding(value[:width], count & ~_TRUNCATED, bool(count & _TRUNCATED))

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

SILENT_SECONDS = 5.0
"""How long Redis is skipped after a failure: each attempt would cost the caller a time-out."""
WAIT_SECONDS = 1.0
LOOK_SECONDS = 10.0
"""Interval between two checks of Redis's memory use."""
FULL = 0.75
"""Share of Redis's memory above which nothing is added. Sessions live there too, and Redis evicts nothing by itself."""
READ_SLICE, SLICE = 512, 256
"""Values per round trip, for reads and for writes. Between two round trips, other tasks use the event loop and Redis
serves other clients.
"""
WRITE = "for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 1], 'EX', ARGV[1]) end"
"""One script per slice: 1000 values take 5 ms; a pipeline of 1000 SETs takes 19 ms, nearly all in this process."""
_CUT = 1 << 31
_COUNT = struct.Struct("<I")


@dataclass(frozen=True)
class Kept:
    """The cached embedding of one text (float32, little-endian).

    `tokens` is its token count, None if unknown; `is_cut` whether it was truncated.
    """

    row: bytes
    tokens: int | None = None
    is_cut: bool = False


class EmbeddingCache:
    """One worker's view of the cache: whether Redis answers, and whether it has room."""

    def __init__(self, client: redis.Redis, days: int) -> None:
        self._redis = client
        self._write = client.register_script(WRITE)
        self._seconds = max(1, days) * 86400
        self._silent_until = 0.0
        self._looked_at = 0.0
        self._is_full = False

    @property
    def state(self) -> str:
        """Return "up", "full" (read only) or "down" (skipped for some seconds)."""
        if time.monotonic() < self._silent_until:
            return "down"
        return "full" if self._is_full else "up"

    async def get(self, digest: str, dimensions: int, texts: Sequence[str]) -> dict[str, Kept]:
        """Return the cached embeddings of these texts, which should be unique."""
        if self.state == "down" or not texts:
            return {}
        found: dict[str, Kept] = {}
        try:
            for at in range(0, len(texts), READ_SLICE):
                part = texts[at : at + READ_SLICE]
                async with asyncio.timeout(WAIT_SECONDS):
                    values = await self._redis.mget([key(digest, text) for text in part])
                kept = (
                    (text, _unpack(value, dimensions * 4))
                    for text, value in zip(part, values, strict=True)
                    if isinstance(value, bytes)
                )
                found |= {text: value for text, value in kept if value}
        except Exception as error:
            self._failed(error)
        return found

    async def put(self, digest: str, found: Mapping[str, Kept]) -> None:
        """Store embeddings for the configured number of days. Writes nothing if Redis is nearly full or fails."""
        if self.state == "down" or not found or not await self._has_room():
            return
        items = list(found.items())
        try:
            for at in range(0, len(items), SLICE):
                part = items[at : at + SLICE]
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._write(
                        [key(digest, text) for text, _ in part], [self._seconds, *(_pack(kept) for _, kept in part)]
                    )
        except Exception as error:
            self._failed(error)

    async def _has_room(self) -> bool:
        if time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = time.monotonic()
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    told = await self._redis.info("memory")
            except Exception as error:
                self._failed(error)
                return False
            # Without a limit in Redis, the cache may use a quarter of the machine's memory.
            limit = int(told.get("maxmemory") or 0) or int(told.get("total_system_memory") or 0) // 4
            self._is_full = bool(limit) and int(told.get("used_memory", 0)) > limit * FULL
        return not self._is_full

    def _failed(self, error: Exception) -> None:
        """Skip Redis for a while. If it is only full or refuses writes, keep reading."""
        from redis.exceptions import RedisError, ResponseError

        if isinstance(error, ResponseError):  # OOM, READONLY, MISCONF: it answers but refuses writes
            self._is_full, self._looked_at = True, time.monotonic()
        elif isinstance(error, RedisError | OSError | TimeoutError):
            self._silent_until = time.monotonic() + SILENT_SECONDS
        else:
            raise error


def key(digest: str, text: str) -> bytes:
    """Return the key of a text's embedding by the model with this digest."""
    return b"omnimind:embedding:%s:%s" % (digest.encode(), hashlib.sha256(text.encode()).hexdigest().encode())


def _pack(kept: Kept) -> bytes:
    """Return the row, followed by the token count as 32 bits. The highest bit marks a truncated text."""
    return kept.row if kept.tokens is None else kept.row + _COUNT.pack(kept.tokens | (_CUT if kept.is_cut else 0))


def _unpack(value: bytes, width: int) -> Kept | None:
    """Decode a value; None if its length is unexpected."""
    if len(value) == width:
        return Kept(value)
    if len(value) != width + _COUNT.size:
        return None
    (count,) = _COUNT.unpack_from(value, width)
    return Kept(value[:width], count & ~_CUT, bool(count & _CUT))

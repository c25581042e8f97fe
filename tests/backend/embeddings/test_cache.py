"""The cache itself, on a real Valkey: what it keeps, what it does when there is no room, or nobody."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import redis

from backend.clients.pools import redis_client
from backend.embeddings import cache as embedding_cache
from backend.embeddings.cache import CachedEmbedding, EmbeddingCache
from tests.backend.world import World, world
from tests.services import Services

ROW = struct.pack("<4f", 0.5, -0.25, 1e-30, 3.0)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[EmbeddingCache]:
    client = redis_client(url, "test")
    try:
        yield EmbeddingCache(client, days=1)
    finally:
        await client.aclose()


def run(url: str, work: Callable[[EmbeddingCache], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as cache:
            await work(cache)

    asyncio.run(main())


def test_what_was_put_comes_back_with_its_tokens_and_ends_some_day(stores: Services) -> None:
    digest = uuid4().hex[:16]

    async def work(cache: EmbeddingCache) -> None:
        kept = {
            "one": CachedEmbedding(ROW, 7),
            "cut": CachedEmbedding(ROW[::-1], 256, True),
            "untold": CachedEmbedding(ROW),
        }
        await cache.put(digest, kept)
        assert await cache.get(digest, 4, ["one", "cut", "untold", "none"]) == kept
        assert await cache.get(digest, 6, ["one"]) == {}  # another length: not ours
        assert await cache.get("other", 4, ["one"]) == {}

    run(stores.redis_url, work)
    with redis.Redis.from_url(stores.redis_url) as client:
        keys = list(client.scan_iter(f"omnimind:embedding:{digest}:*"))
        assert len(keys) == 3
        assert all(86000 < client.ttl(key) <= 86400 for key in keys)
        assert {len(client.get(key)) for key in keys} == {16, 20}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_holds_no_number_is_not_served(stores: Services, number: float) -> None:
    digest = uuid4().hex[:16]

    async def work(cache: EmbeddingCache) -> None:
        await cache.put(digest, {"bad": CachedEmbedding(struct.pack("<4f", 0.5, number, 0.0, 0.1), 7)})
        assert await cache.get(digest, 4, ["bad"]) == {}

    run(stores.redis_url, work)


def test_nothing_is_added_to_a_redis_that_is_nearly_full_but_it_is_read(stores: Services) -> None:
    digest = uuid4().hex[:16]

    async def work(cache: EmbeddingCache) -> None:
        await cache.put(digest, {"before": CachedEmbedding(ROW, 1)})
        cache._memory_checked = 0.0  # ten seconds later
        with redis.Redis.from_url(stores.redis_url) as client:
            used, before = client.info("memory")["used_memory"], client.config_get("maxmemory")["maxmemory"]
            client.config_set("maxmemory", int(used / 0.85))
            try:
                await cache.put(digest, {"after": CachedEmbedding(ROW, 1)})
                assert cache.state == "full"
                assert set(await cache.get(digest, 4, ["before", "after"])) == {"before"}
            finally:
                client.config_set("maxmemory", before)
        cache._memory_checked = 0.0
        await cache.put(digest, {"after": CachedEmbedding(ROW, 1)})
        assert cache.state == "up"
        assert set(await cache.get(digest, 4, ["before", "after"])) == {"before", "after"}

    run(stores.redis_url, work)


def test_a_redis_that_takes_no_writes_is_still_read(stores: Services) -> None:
    digest = uuid4().hex[:16]

    async def work(cache: EmbeddingCache) -> None:
        await cache.put(digest, {"before": CachedEmbedding(ROW, 1)})
        with redis.Redis.from_url(stores.redis_url) as client:
            before = client.config_get("maxmemory")["maxmemory"]
            client.config_set("maxmemory", 1)  # full between two looks
            try:
                await cache.put(digest, {"after": CachedEmbedding(ROW, 1)})
                assert cache.state == "full"
                assert set(await cache.get(digest, 4, ["before", "after"])) == {"before"}
            finally:
                client.config_set("maxmemory", before)

    run(stores.redis_url, work)


def test_a_redis_that_is_not_there_is_left_alone_for_a_while(stores: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_cache, "SKIP_SECONDS", 0.2)
    url = stores.redis_url.replace(f":{stores.redis_port}/", ":1/")

    async def work(cache: EmbeddingCache) -> None:
        assert await cache.get("d", 4, ["one"]) == {}
        assert cache.state == "down"
        await cache.put("d", {"one": CachedEmbedding(ROW, 1)})
        await asyncio.sleep(0.25)
        assert cache.state == "up"

    run(url, work)


def test_requests_are_answered_while_redis_takes_no_writes(data: World) -> None:
    with (
        world(data.stores, "full_redis", workers=1, beside=data) as full,
        redis.Redis.from_url(data.stores.redis_url) as client,
        full.client("reader") as http,
    ):
        before = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            response = http.post("/embed", json={"texts": [str(uuid4())]})
        finally:
            client.config_set("maxmemory", before)
    assert response.status_code == 200
    assert response.headers["x-cache"] == "hits=0, misses=1, rate=0.00, state=full"

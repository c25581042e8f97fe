"""The native backends serve while Redis is still compared: what they write then is no difference, and hides none."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator

import pytest
import redis.asyncio

from backend.accounts.identity import Identity, Role
from backend.accounts.repository import sessions
from backend.embeddings.cache import CachedEmbedding, EmbeddingCache, cache_key
from omnimind_ops.credentials import Credentials
from omnimind_ops.model.event import Event
from omnimind_ops.model.goal import Goal
from omnimind_ops.model.notes import RedisNotes, VerifyNotes
from omnimind_ops.model.payloads import VerifyPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.problem import Problem
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.steps.verify import VerifyStep
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from tests.services import free_port
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, served, valkey_program

PASSWORD = "of-the-tests"
STEP = Task("verify", VerifyPayload(redis=True))
OWN = cache_key("0" * 16, "a text that was embedded before")


class Moved:
    """A source, what was noted of it, and the native server that its data were copied to."""

    def __init__(self, source: RedisEndpoint, native: RedisEndpoint, port: int) -> None:
        self.source, self.native, self.port = source, native, port

    def copy(self) -> None:
        """Note and copy, as the cutover does."""
        until = choose_horizon(self.source)
        self.memo = Memo(MemoryNotes(), "verify", VerifyNotes)
        taken = Memo(self.memo.notes, "take-redis", RedisNotes)
        taken.write(RedisNotes(until, fingerprint(self.source, until), True))
        copy_keys(self.source, self.native, lambda event: None, scratch=True)

    def verify(self) -> list[str]:
        """Compare, as the migration does; returns what it tells."""
        results: list[Event] = []
        goal, credentials = Goal(redis_port=self.port), Credentials(PASSWORD, "", "")
        in_no_unit = lambda goal, services: None  # noqa: E731 ARG005 these servers are the test's own
        VerifyStep(goal, lambda: credentials, in_no_unit).do(STEP, self.memo, results.append)
        return [event.text for event in results]


@pytest.fixture(scope="module")
def servers() -> Iterator[Moved]:
    port = free_port()
    with served(REDIS) as source, served(valkey_program(), "--port", str(port), "--requirepass", PASSWORD) as native:
        yield Moved(source, native, port)


@pytest.fixture
def moved(servers: Moved) -> Moved:
    client(servers.source).flushall()
    client(servers.native).flushall()
    fill(client(servers.source), client(servers.source, 5))
    return servers


def serve(native: RedisEndpoint) -> None:
    """Do what a worker does for whoever comes: embed a text, log somebody in."""

    async def work() -> None:
        link = redis.asyncio.Redis(unix_socket_path=native.socket, password=PASSWORD)
        await EmbeddingCache(link, 7).put("0" * 16, {"hello": CachedEmbedding(bytes(1536), 3)})
        await sessions.create(link, Identity(str(uuid.uuid4()), "maria", Role.READER, "session"), 12)
        await link.aclose()

    asyncio.run(work())
    kinds = {name.split(b":")[1] for name in client(native).scan_iter("omnimind:*")}
    assert {b"embedding", b"session", b"sessions"} <= kinds


def test_what_the_native_backends_wrote_since_is_left_out_and_said(moved: Moved) -> None:
    moved.copy()
    serve(moved.native)
    result = moved.verify()
    assert "redis: ignored 3 keys that the native backends have written" in result
    sides = moved.memo.read().compared["redis"]
    assert sides.source == sides.native, "the receipt compares the same"


def test_nothing_else_is_left_out(moved: Moved) -> None:
    """A key of the old stack may begin with omnimind: too."""
    client(moved.source).set("omnimind:memories", 4)
    moved.copy()
    serve(moved.native)
    client(moved.native).delete("omnimind:memories")
    with pytest.raises(Problem, match="native redis"):
        moved.verify()


def test_a_key_that_came_does_not_hide_one_that_was_lost(moved: Moved) -> None:
    client(moved.source).set(OWN, "from before", ex=86400)
    moved.copy()
    moved.verify()
    client(moved.native).delete(OWN)
    with pytest.raises(Problem, match="native redis"):
        moved.verify()
    serve(moved.native)
    with pytest.raises(Problem, match="native redis"):
        moved.verify()

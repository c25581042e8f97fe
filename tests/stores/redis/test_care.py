"""A server that is full, or whose container is, is not harmed by being read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from omnimind_ops.model.event import Event
from omnimind_ops.model.problem import Problem
from omnimind_ops.stores.redis.care import IN_FLIGHT, MIB, room_to_read
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes
from omnimind_ops.stores.redis.live import open_live_copy
from tests.stores.redis.servers import REDIS, client, served

VALUE = bytes(100_000)


@pytest.fixture
def full() -> Iterator[RedisEndpoint]:
    """A cache that has begun to drop keys."""
    settings = ("--maxmemory", "60mb", "--maxmemory-policy", "allkeys-lru", "--repl-diskless-sync-delay", "0")
    with served(REDIS, *settings) as endpoint:
        c = client(endpoint)
        for n in range(200):
            c.rpush(f"list {n}", *[VALUE] * 5)
        assert c.info("stats")["evicted_keys"] > 0
        yield endpoint


def test_a_full_cache_loses_no_key_by_being_read(full: RedisEndpoint, tmp_path: Path) -> None:
    c, result = client(full), list[Event]()
    c.delete(c.randomkey())  # room for the connections alone
    before = c.info("stats")["evicted_keys"]
    with room_to_read(full, result.append), served(REDIS) as target:
        with open_live_copy(full, target, tmp_path) as live:
            live.copy_everything(result.append)
            with connect(full) as connection:
                assert hold_writes(connection)
            live.finish(result.append)
        assert client(target).dbsize() == c.dbsize()
    assert c.info("stats")["evicted_keys"] == before
    assert c.config_get("maxmemory") == {"maxmemory": str(60 * MIB)}
    assert any(f"by {IN_FLIGHT // MIB} MB" in event.text for event in result)


def test_a_full_server_that_cannot_be_changed_is_warned_about() -> None:
    settings = ("--maxmemory", "2mb", "--rename-command", "CONFIG", "hidden")
    events: list[Event] = []
    with served(REDIS, *settings) as source, room_to_read(source, events.append):
        assert any("it may refuse writes" in event.text for event in events)


def test_a_container_at_its_limit_is_left_alone() -> None:
    with served(REDIS) as source, served(REDIS) as target:
        client(source).set("big", bytes(30 * MIB))
        with pytest.raises(Problem, match="cannot read Redis") as caught, room_to_read(source, print, "", 60 * MIB):
            copy_keys(source, target, print)
        assert "docker update --memory" in caught.value.fix
        with room_to_read(source, print, "", 600 * MIB):
            pass

"""A source is copied while clients write to it in every way; after the fence only the difference is copied."""

from __future__ import annotations

import os
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from omnimind_ops.model.data import Fingerprint, compare
from omnimind_ops.model.event import Event
from omnimind_ops.stores.redis.changes import CannotFollowError
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.expiring import without_past
from omnimind_ops.stores.redis.fence import hold_writes
from omnimind_ops.stores.redis.fingerprint import fingerprint
from omnimind_ops.stores.redis.keys import server_time
from omnimind_ops.stores.redis.live import LiveCopy, open_live_copy
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, newest_program, served, valkey_program

AT_ONCE = ("--repl-diskless-sync-delay", "0")


def ignore(event: Event) -> None:
    """Nobody listens."""


@contextmanager
def copying(source: RedisEndpoint, folder: Path) -> Iterator[tuple[LiveCopy, RedisEndpoint]]:
    """Copy a filled Valkey 9 into Redis 7."""
    with served(REDIS) as target, open_live_copy(source, target, folder) as live:
        live.copy_everything(ignore)
        yield live, target


@pytest.fixture(params=["valkey", "redis 8"])
def source(request: pytest.FixtureRequest) -> Iterator[RedisEndpoint]:
    """A filled server that is newer than the packaged one."""
    program = newest_program() if request.param == "redis 8" else valkey_program()
    with served(program, *AT_ONCE) as endpoint:
        fill(client(endpoint), client(endpoint, 5))
        yield endpoint


def finished(live: LiveCopy, source: RedisEndpoint) -> Fingerprint:
    """Fence, copy the difference."""
    with connect(source) as connection:
        assert hold_writes(connection)
    return live.finish(ignore)


def assert_equal(evidence: Fingerprint, other: RedisEndpoint, live: LiveCopy) -> None:
    result = fingerprint(other, live.horizon, minutes=True)
    with connect(other) as connection:
        now = server_time(connection)
    assert compare(without_past(evidence, now), without_past(result, now)) == ()


def use_every_command(c: Any, other: Any) -> None:
    """Change one of everything, as clients do."""
    c.set("string", "changed")
    c.delete("number")
    c.set("list", "now a string")
    c.persist("timed")
    c.set("soon gone", "x", px=30)
    c.hset("large hash", "field 7", "changed")
    c.hdel("large hash", "field 8")
    c.zadd("large zset", {"member 7": 1e9})
    c.xadd("stream", {"n": 1})
    c.xreadgroup("workers", "three", {"stream": ">"}, count=5)
    c.xack("stream", "workers", "1003-0")
    c.xgroup_create("stream", "new", id="0")
    c.eval("redis.call('set', 'by script', '1') redis.call('incr', 'by script')", 0)
    c.pipeline().set("in multi", 1).incr("in multi").execute()
    c.rename("set", "renamed")
    c.move("hash", 5)
    c.copy("empty", "copied", destination_db=5)
    c.sort("integers", store="sorted")
    c.zunionstore("union", ["zset", "large zset"])
    c.function_load("#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    other.set("string", "changed in another database")
    client(RedisEndpoint(socket=c.connection_pool.connection_kwargs["path"]), 9).set("a new database", 1)


def test_what_changes_after_the_copy_of_all_keys_is_copied_after_the_fence(
    source: RedisEndpoint, tmp_path: Path
) -> None:
    with copying(source, tmp_path) as (live, target):
        use_every_command(client(source), client(source, 5))
        while client(source).exists("soon gone"):
            pass
        evidence = finished(live, source)
        assert_equal(evidence, target, live)
        assert_equal(evidence, source, live)
        assert client(target).fcall("f", 0) == 1
        assert client(target, 9).get("a new database") == b"1"
        assert client(target).pttl("timed") == -1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("empty", [lambda c: c.flushdb(), lambda c: c.swapdb(0, 5)], ids=["flushdb", "swapdb"])
def test_a_database_that_is_emptied_or_swapped(
    empty: Callable[[Any], Any], source: RedisEndpoint, tmp_path: Path
) -> None:
    with copying(source, tmp_path) as (live, target):
        empty(client(source))
        client(source).set("afterwards", 1)
        evidence = finished(live, source)
        assert_equal(evidence, target, live)
        assert_equal(evidence, source, live)


def write(source: RedisEndpoint, over: threading.Event, acknowledged: dict[str, int]) -> None:
    """Write until the fence, and remember what was acknowledged."""
    link = redis.Redis(unix_socket_path=source.socket, socket_timeout=1, retry=None)
    for n in range(1 << 30):
        if over.is_set():
            return
        name = f"key {n % 3000}"
        try:
            link.set(name, n, ex=3600 if n % 3 == 0 else None)
        except redis.RedisError:
            return
        acknowledged[name] = n


def test_nothing_acknowledged_is_missing_when_a_writer_goes_on_to_the_fence(
    source: RedisEndpoint, tmp_path: Path
) -> None:
    over, acknowledged = threading.Event(), dict[str, int]()
    thread = threading.Thread(target=write, args=(source, over, acknowledged))
    thread.start()
    try:
        with copying(source, tmp_path) as (live, target):
            while len(acknowledged) < 500:
                pass
            evidence = finished(live, source)
            assert_equal(evidence, target, live)
            values = client(target).mget(list(acknowledged))
            over.set()
            thread.join()
            assert {name: int(value) for name, value in zip(acknowledged, values, strict=False)} == acknowledged
    finally:
        over.set()
        thread.join()


def test_a_source_that_forbids_it_says_so_and_one_that_ends_it_is_noticed(tmp_path: Path) -> None:
    with (
        served(REDIS, "--rename-command", "PSYNC", "hidden") as hidden,
        served(REDIS) as target,
        pytest.raises(CannotFollowError, match="cannot follow the changes"),
        open_live_copy(hidden, target, tmp_path),
    ):
        pass
    with served(REDIS, *AT_ONCE) as source, served(REDIS) as target, open_live_copy(source, target, tmp_path) as live:
        live.copy_everything(ignore)
        client(source).client_kill_filter(_type="replica")
        client(source).set("missed", 1)
        with pytest.raises(CannotFollowError):
            live.finish(ignore)


def test_keys_that_cannot_be_followed_are_copied_while_nobody_writes(source: RedisEndpoint, tmp_path: Path) -> None:
    with served(REDIS) as target, open_live_copy(source, target, tmp_path, follow=False) as live:
        live.copy_everything(ignore)
        assert_equal(live.finish(ignore), target, live)


LARGE = 60 << 20


def make_large_values(folder: Path) -> None:
    """Save a string, a list and many hashes with large values; a server that loads them has its peak at idle."""
    with served(REDIS, "--dbfilename", "large.rdb", folder=folder) as made:
        c = client(made)
        c.set("string", os.urandom(LARGE))
        for _ in range(LARGE // 200_000):
            c.rpush("list", os.urandom(200_000))
        for n in range(LARGE // 8000 // 100):
            c.hset(f"hash {n}", mapping={f"field {i}": os.urandom(8000) for i in range(100)})
        c.save()


def test_large_values_are_read_in_pieces_that_the_source_can_hold(tmp_path: Path) -> None:
    make_large_values(tmp_path)
    loading = (*AT_ONCE, "--dbfilename", "large.rdb")
    with served(REDIS, *loading, folder=tmp_path) as source, served(REDIS) as target:
        idle = client(source).info("memory")["used_memory_peak"]
        tracemalloc.start()
        with open_live_copy(source, target, tmp_path) as live:
            live.copy_everything(ignore)
            assert client(source).info("memory")["used_memory_peak"] - idle < 16 << 20
            assert tracemalloc.get_traced_memory()[1] < 48 << 20
            tracemalloc.stop()
            assert_equal(live.finish(ignore), target, live)

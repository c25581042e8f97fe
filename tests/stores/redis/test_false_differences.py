"""What is equal must not look different: the sign of zero, pending entries without an entry, the graph of a vector set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.copy import copy_keys
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.servers import REDIS, client, newest_program, served, valkey_program


def differences(first: RedisEndpoint, second: RedisEndpoint) -> tuple[object, ...]:
    horizon = choose_horizon(first)
    return compare(fingerprint(first, horizon, minutes=True), fingerprint(second, horizon, minutes=True))


@pytest.mark.parametrize("size", [1, 500], ids=["small", "large"])
def test_minus_zero_is_zero(size: int) -> None:
    """Redis 7.0 keeps the sign in a large set and forgets it in a small one."""
    with served(REDIS) as first, served(valkey_program()) as second:
        for link, zero in ((client(first), "-0"), (client(second), "0")):
            link.execute_command("ZADD", "scores", zero, "a")
            link.zadd("scores", {f"member {number}": number for number in range(size)})
        assert differences(first, second) == ()
        client(second).zadd("scores", {"a": 5e-324})
        assert differences(first, second) != ()


def with_ghosts(link: Any) -> None:
    for number in range(1, 30):
        link.xadd("stream", {"n": number}, id=f"{number}-0")
    link.xgroup_create("stream", "g", id="0")
    for name in ("one", "two", "three"):
        link.xreadgroup("g", name, {"stream": ">"}, count=9)
    link.xdel("stream", *(f"{number}-0" for number in range(5, 20)))
    link.xtrim("stream", maxlen=8, approximate=False)


@pytest.mark.parametrize("program", [REDIS, valkey_program()], ids=["redis", "valkey"])
def test_a_pending_entry_that_is_deleted_is_no_difference(program: str, tmp_path: Path) -> None:
    with served(program) as source:
        with_ghosts(client(source))
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(program, folder=tmp_path) as exact, served(REDIS) as logical:
            copy_keys(source, logical, lambda _event: None)
            client(exact).xautoclaim("stream", "g", "one", 1_000_000_000)  # drops the ghosts
            assert (
                client(source).xpending("stream", "g")["pending"] > client(logical).xpending("stream", "g")["pending"]
            )
            assert differences(source, exact) == () == differences(source, logical)
            client(logical).xack("stream", "g", "27-0")
            assert differences(source, logical) != ()


def test_a_full_cache_loses_no_key_while_it_is_read_behind_the_fence(tmp_path: Path) -> None:
    with served(REDIS, "--maxmemory", "12mb", "--maxmemory-policy", "allkeys-lru") as source:
        link = client(source)
        for number in range(120_000):
            link.set(f"key {number}", "x" * 200)
            if number % 1000 == 0 and link.info("stats")["evicted_keys"]:
                break
        with connect(source) as connection:
            assert hold_writes(connection)
        evicted, keys = link.info("stats")["evicted_keys"], link.dbsize()
        horizon = choose_horizon(source)
        noted = fingerprint(source, horizon, minutes=True)
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        assert (link.info("stats")["evicted_keys"], link.dbsize()) == (evicted, keys)
        with served(REDIS, folder=tmp_path) as native:
            assert compare(noted, fingerprint(native, horizon, minutes=True)) == ()


def with_vectors(link: Any) -> None:
    for number in range(300):
        link.execute_command("VADD", "vectors", "VALUES", 3, number, 1, -2, f"element {number}", "SETATTR", '{"n": 1}')
    for number in range(20):
        link.execute_command("VADD", "exact", "VALUES", 2, number, 1, f"{number}", "NOQUANT")


VECTORS: dict[str, Callable[[Any], object]] = {
    "element": lambda link: link.execute_command("VREM", "vectors", "element 7"),
    "vector": lambda link: link.execute_command("VADD", "vectors", "VALUES", 3, 9, 9, 9, "element 7"),
    "attribute": lambda link: link.execute_command("VSETATTR", "vectors", "element 7", '{"n": 2}'),
    "no attribute": lambda link: link.execute_command("VSETATTR", "vectors", "element 7", ""),
    "added": lambda link: link.execute_command("VADD", "vectors", "VALUES", 3, 9, 9, 9, "new"),
    "one bit": lambda link: link.execute_command("VADD", "exact", "VALUES", 2, "7.0000005", 1, "7", "NOQUANT"),
    "set": lambda link: link.delete("exact"),
}


@pytest.mark.parametrize("damage", VECTORS.values(), ids=VECTORS.keys())
def test_vector_sets_are_compared_by_their_vectors(damage: Callable[[Any], object], tmp_path: Path) -> None:
    program = newest_program()
    with served(program) as source:
        with_vectors(client(source))
        fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
        with served(program, folder=tmp_path) as native:
            assert differences(source, native) == ()
            damage(client(native))
            assert differences(source, native) != ()

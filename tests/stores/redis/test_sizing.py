"""The native Redis must hold what the old one holds, with room, and as many databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.goal import RedisSize
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.rdb import rdb_header
from omnimind_ops.stores.redis.sizing import MIB, of_dump, of_server
from tests.stores.redis.servers import REDIS, client, served
from tests.stores.redis.test_facts import PLAIN

DEFAULT = RedisSize()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, DEFAULT),
        ({"used_memory": 200 * MIB}, DEFAULT),
        ({"used_memory": 420 * MIB}, replace(DEFAULT, memory=640 * MIB)),
        ({"used_memory": 420 * MIB, "max_memory": 2048 * MIB}, replace(DEFAULT, memory=2048 * MIB)),
        ({"max_memory": 100 * MIB, "eviction": "allkeys-lru"}, replace(DEFAULT, policy="allkeys-lru")),
        ({"eviction": "allkeys-lru"}, DEFAULT),
        ({"database_limit": 32, "keys": {20: 1}}, replace(DEFAULT, databases=32)),
        ({"database_limit": None, "keys": {20: 1}}, replace(DEFAULT, databases=21)),
    ],
)
def test_the_size_for_a_server(facts: dict[str, object], expected: RedisSize) -> None:
    assert of_server(replace(PLAIN, **facts)) == expected  # type: ignore[arg-type]


def test_a_real_server_with_a_limit_and_many_databases() -> None:
    with served(REDIS, "--maxmemory", "700mb", "--maxmemory-policy", "volatile-ttl", "--databases", "40") as endpoint:
        assert of_server(server_facts(endpoint)) == RedisSize(700 * MIB, 40, "volatile-ttl")


def test_a_dump_says_how_much_memory_its_writer_used(tmp_path: Path) -> None:
    with served(REDIS, folder=tmp_path) as endpoint:
        client(endpoint).set("large", bytes(300 * MIB))  # compresses to nothing
        client(endpoint).save()
    facts = rdb_header(tmp_path / "dump.rdb")
    assert facts.used_memory > 300 * MIB > facts.size
    assert of_dump(facts.used_memory, facts.size).memory == 512 * MIB


def test_a_dump_that_does_not_say_it_is_taken_for_ten_times_its_size() -> None:
    assert of_dump(0, 100 * MIB).memory == 1536 * MIB

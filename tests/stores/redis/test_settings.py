"""The native Redis takes over how much the old one holds, how it keeps data, and what it announces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from omnimind_ops.model.goal import RedisSettings
from omnimind_ops.stores.redis.facts import server_facts
from omnimind_ops.stores.redis.rdb import rdb_header
from omnimind_ops.stores.redis.settings import MIB, of_backup, of_server
from tests.stores.redis.servers import REDIS, client, served
from tests.stores.redis.test_facts import PLAIN

DEFAULT = RedisSettings(save="3600 1")


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
        ({"save_points": ""}, RedisSettings()),
        ({"aof": True, "append_fsync": "always"}, replace(DEFAULT, append_only=True, append_fsync="always")),
        ({"keyspace_events": "KEAn"}, replace(DEFAULT, keyspace_events="KEA")),  # `n` came with 7.0
    ],
)
def test_the_settings_of_a_server(facts: dict[str, object], expected: RedisSettings) -> None:
    assert of_server(replace(PLAIN, **facts)) == expected  # type: ignore[arg-type]


def test_a_real_server_with_a_limit_and_many_databases() -> None:
    options = ("--maxmemory", "700mb", "--maxmemory-policy", "volatile-ttl", "--databases", "40")
    with served(REDIS, *options, "--save", "60 5 10 7") as endpoint:
        assert of_server(server_facts(endpoint)) == RedisSettings(700 * MIB, 40, "volatile-ttl", "60 5 10 7")


def test_a_real_server_that_is_as_durable_as_can_be(tmp_path: Path) -> None:
    options = ("--appendonly", "yes", "--appendfsync", "always", "--notify-keyspace-events", "Ex")
    with served(REDIS, *options, "--save", "3600 1", folder=tmp_path) as endpoint:
        settings = of_server(server_facts(endpoint))
    assert (settings.append_only, settings.append_fsync, settings.keyspace_events) == (True, "always", "xE")


def test_a_dump_says_how_much_memory_its_writer_used(tmp_path: Path) -> None:
    with served(REDIS, folder=tmp_path) as endpoint:
        client(endpoint).set("large", bytes(300 * MIB))  # compresses to nothing
        client(endpoint).save()
    facts = rdb_header(tmp_path / "dump.rdb")
    assert facts.used_memory > 300 * MIB > facts.size
    assert of_backup(facts.used_memory, facts.size, append_only=True).memory == 512 * MIB


def test_a_dump_that_does_not_say_it_is_taken_for_ten_times_its_size() -> None:
    assert of_backup(0, 100 * MIB, append_only=False).memory == 1536 * MIB

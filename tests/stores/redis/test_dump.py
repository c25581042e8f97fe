"""A dump is read without a server: its checksum, and what it holds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from omnimind_ops.stores.redis.crc64 import crc64
from omnimind_ops.stores.redis.dump import read_dump
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, need_servers, served, valkey_program

CHECK = 0xE9C6D914C4B8D9CA
"""Of the digits 1 to 9, by the algorithm's definition."""


def bitwise(data: bytes) -> int:
    """The checksum by its definition, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x95AC9329AC4BC9B5 if crc & 1 else 0)
    return crc


@pytest.mark.parametrize("size", [0, 1, 9, 100_001])
def test_the_checksum_is_that_of_its_definition(size: int) -> None:
    data = random.Random(1).randbytes(size)
    assert crc64(data) == bitwise(data)
    assert crc64(b"123456789") == CHECK


def test_the_checksum_of_large_pieces_is_that_of_small_ones() -> None:
    data = random.Random(2).randbytes((3 << 20) + 5)
    small = 0
    for at in range(0, len(data), 1000):
        small = crc64(data[at : at + 1000], small)
    assert crc64(data) == crc64(data[1 << 20 :], crc64(data[: 1 << 20])) == small


@pytest.mark.parametrize("server", ["redis", "valkey"])
def test_every_kind_of_value_is_passed_and_keys_are_counted_as_the_server_counts_them(
    server: str, tmp_path: Path
) -> None:
    need_servers()
    with served(REDIS if server == "redis" else valkey_program(), folder=tmp_path) as endpoint:
        connected = client(endpoint)
        fill(connected, client(endpoint, 5))
        connected.execute_command(
            "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
        )
        if server == "valkey":
            connected.hset("fields", mapping={"a": 1, "b": 2})
            connected.execute_command("HPEXPIRE", "fields", 10**9, "FIELDS", 1, "a")
        connected.save()
        spaces = connected.info("keyspace")
    dump = read_dump(tmp_path / "dump.rdb")
    assert dump.content and dump.covered
    assert dump.content.keys == {0: spaces["db0"]["keys"], 5: spaces["db5"]["keys"]}
    assert len(dump.content.expiries) == spaces["db0"]["expires"] + spaces["db5"]["expires"]
    assert (dump.content.functions, dump.databases) == (1, 6)

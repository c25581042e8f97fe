"""A dump placed as an append-only file is loaded by a server that keeps one, and every later write is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from omnimind_ops.stores.redis.append_only import make_append_only
from tests.stores.redis.servers import REDIS, client, served, valkey_program

KEPT = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
PROGRAMS = {"7.0.15": lambda: REDIS, "9.1.2": valkey_program}


@pytest.mark.parametrize("version", PROGRAMS)
def test_a_dump_becomes_an_append_only_file(version: str, tmp_path: Path) -> None:
    with served(REDIS, folder=tmp_path) as endpoint:
        client(endpoint).mset({f"key:{number}": number for number in range(500)})
        client(endpoint, 5).hset("hash", "field", "value")
        client(endpoint).expire("key:7", 10_000)
        client(endpoint).save()
    make_append_only(tmp_path, version)
    program = PROGRAMS[version]()
    with served(program, *KEPT, folder=tmp_path) as endpoint:
        assert client(endpoint).dbsize() == 500
        assert client(endpoint).ttl("key:7") > 9_000
        client(endpoint).set("later", "1")
    with served(program, *KEPT, folder=tmp_path) as endpoint:
        assert client(endpoint).get("later") == b"1"
        assert client(endpoint, 5).hget("hash", "field") == b"value"


def test_a_plain_dump_is_ignored_by_such_a_server(tmp_path: Path) -> None:
    """Why the dump is not simply left where it is."""
    with served(REDIS, folder=tmp_path) as endpoint:
        client(endpoint).set("key", "1")
        client(endpoint).save()
    with served(REDIS, *KEPT, folder=tmp_path) as endpoint:
        assert client(endpoint).dbsize() == 0


def test_a_server_before_7_reads_one_file(tmp_path: Path) -> None:
    (tmp_path / "dump.rdb").write_bytes(b"REDIS0009")
    make_append_only(tmp_path, "6.0.16")
    assert [path.name for path in tmp_path.iterdir()] == ["appendonly.aof"]

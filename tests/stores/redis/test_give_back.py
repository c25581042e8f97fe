"""A rollback gives an old Redis back what its container lost with the stop: on real servers, in a real container."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from omnimind_ops.model.event import Event
from omnimind_ops.model.notes import HostNotes, RedisNotes
from omnimind_ops.model.payloads import RedisPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.observe import docker
from omnimind_ops.paths import Paths
from omnimind_ops.steps.live_redis import LiveRedis
from omnimind_ops.steps.redis import RedisStep
from omnimind_ops.stores.redis.copy import KeyCopier
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from omnimind_ops.stores.redis.facts import wait_until_ready
from omnimind_ops.stores.redis.fingerprint import choose_horizon, fingerprint
from tests.engine import call, import_programs
from tests.qdrant import free_port
from tests.stores.redis.sample import fill
from tests.stores.redis.servers import REDIS, need_servers

COMMAND = (REDIS, "--dir", "/data", "--protected-mode", "no")
NEVER = ("--save", "")


@dataclass
class OldRedis:
    """A container, and the step that takes its data."""

    image: str
    paths: Paths
    name: str = ""
    port: int = field(default_factory=free_port)
    told: list[Event] = field(default_factory=list)
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    payload: RedisPayload | None = None

    def __post_init__(self) -> None:
        self.live = LiveRedis(self.paths)

    def start(self, *options: str, settings: tuple[str, ...] = NEVER, save_first: bool = True) -> None:
        self.name = f"{self.image}-{uuid.uuid4().hex[:6]}"
        publish = ("--publish", f"127.0.0.1:{self.port}:6379")
        id = call("run", "-d", "--name", self.name, *publish, *options, self.image, *COMMAND, *settings)
        self.payload = RedisPayload("127.0.0.1", self.port, id, "rdb", save_first, "", "7.0.15")
        wait_until_ready(self.endpoint)
        fill(self.client(), self.client(3))

    @property
    def endpoint(self) -> RedisEndpoint:
        return RedisEndpoint("127.0.0.1", self.port)

    def client(self, db: int = 0) -> redis.Redis:
        return redis.Redis("127.0.0.1", self.port, db=db, protocol=2)

    def take(self) -> None:
        step, task, memo = self.step
        with self.live:  # as long as the process that migrates
            step.do(task, memo, self.told.append)

    def undo(self) -> None:
        step, task, memo = self.step
        step.undo(task, memo, self.told.append)

    @property
    def step(self) -> tuple[RedisStep, Task[RedisPayload], Memo[RedisNotes]]:
        assert self.payload
        memo = Memo(self.notes, "take-redis", RedisNotes)
        return RedisStep(self.paths, self.live), Task("take-redis", self.payload), memo

    @property
    def is_loaded(self) -> bool:
        return any("came back empty" in getattr(event, "text", "") for event in self.told)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    need_servers()
    version, why = docker.version()
    if not version:
        pytest.skip(f"no Docker engine answers: {why}")
    name = f"omnimind-give-back-{uuid.uuid4().hex[:10]}"
    import_programs(name, REDIS)
    try:
        yield name
    finally:
        call("rmi", name)


@pytest.fixture
def old(image: str) -> Iterator[OldRedis]:
    with tempfile.TemporaryDirectory(prefix="om-") as folder:  # a short path: it has a socket
        made = OldRedis(image, Paths(Path(folder)))
        try:
            yield made
        finally:
            call("rm", "-f", "-v", made.name)


def test_a_tmpfs_is_filled_again_from_the_dump_and_compared(old: OldRedis) -> None:
    old.start("--tmpfs", "/data")
    horizon = choose_horizon(old.endpoint)
    before = fingerprint(old.endpoint, horizon)
    old.take()
    call("stop", old.name)
    call("start", old.name)
    wait_until_ready(old.endpoint)
    assert old.client().dbsize() == 0
    old.undo()
    assert old.is_loaded and fingerprint(old.endpoint, horizon) == before


def test_loading_that_is_cut_is_done_again(old: OldRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    old.start("--tmpfs", "/data")
    horizon = choose_horizon(old.endpoint)
    before = fingerprint(old.endpoint, horizon)
    old.take()
    call("restart", old.name)
    wait_until_ready(old.endpoint)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(KeyCopier, "flush", _cut_after(KeyCopier.flush))
        old.undo()
    assert old.client().dbsize()
    old.undo()
    assert fingerprint(old.endpoint, horizon) == before


def _cut_after(flush: Callable[[KeyCopier], None]) -> Callable[[KeyCopier], None]:
    def cut(copier: KeyCopier) -> None:
        flush(copier)
        raise KeyboardInterrupt

    return cut


@pytest.mark.parametrize("options", [(), ("--volume", "/data")], ids=["no volume", "volume"])
def test_one_that_saved_first_comes_back_by_itself(old: OldRedis, options: tuple[str, ...]) -> None:
    old.start(*options)
    horizon = choose_horizon(old.endpoint)
    before = fingerprint(old.endpoint, horizon)
    old.take()
    call("stop", old.name)
    call("start", old.name)
    old.undo()
    assert not old.is_loaded and fingerprint(old.endpoint, horizon) == before


def test_one_that_comes_back_with_an_older_state_gets_what_it_lacks(old: OldRedis) -> None:
    """Its engine was killed: what it had not saved is gone. What it has now is not replaced."""
    old.start("--volume", "/data", save_first=False)
    old.client().save()
    kept, lost = b"written before the save", b"written after it"
    old.client().set("kept", kept)
    old.client().save()
    old.client(3).hset("lost", "field", lost)
    old.client().set("also lost", lost)
    old.take()
    call("kill", old.name)
    call("start", old.name)
    wait_until_ready(old.endpoint)
    assert not old.client(3).exists("lost")
    old.client().set("kept", b"newer")
    old.undo()
    assert old.client(3).hget("lost", "field") == lost and old.client().get("also lost") == lost
    assert old.client().get("kept") == b"newer" and not old.is_loaded
    assert any("came back without 2 keys" in getattr(event, "text", "") for event in old.told)


def test_once_the_native_side_has_served_nothing_is_added(old: OldRedis) -> None:
    """What was carried back may have deleted keys."""
    old.start("--volume", "/data")
    old.take()
    call("restart", old.name)
    wait_until_ready(old.endpoint)
    deleted = next(key for key in old.client().keys() if old.client().ttl(key) == -1)
    old.client().delete(deleted)
    Memo(old.notes, "activate-units", HostNotes).write(HostNotes(before=()))
    old.undo()
    assert not old.client().exists(deleted)


def test_one_that_was_not_stopped_is_left_alone(old: OldRedis) -> None:
    """Its programs may have emptied it since: that is not ours to take back."""
    old.start("--tmpfs", "/data")
    old.take()
    old.client().execute_command("CLIENT", "UNPAUSE")
    old.client().flushall()
    old.undo()
    assert old.client().dbsize() == 0

"""The steps of Redis' cutover on real servers, without a host: the native one is a process (hidden.py)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from omnimind_ops.model.data import compare
from omnimind_ops.model.event import Event
from omnimind_ops.model.notes import LiveRedisNotes, NoNotes, OpenRedisNotes, RedisNotes
from omnimind_ops.model.payloads import LiveRedisPayload, OpenRedisPayload, RedisPayload, SaveRedisPayload
from omnimind_ops.model.plan import Task
from omnimind_ops.model.run import Memo, MemoryNotes
from omnimind_ops.paths import Paths
from omnimind_ops.steps.live_redis import LiveRedis, LiveRedisStep
from omnimind_ops.steps.open_redis import OpenRedisStep, SaveRedisStep
from omnimind_ops.steps.redis import RedisStep
from omnimind_ops.stores.redis.compare import comparable_fingerprints
from omnimind_ops.stores.redis.endpoint import RedisEndpoint
from tests.stores.redis.hidden import PASSWORD, HiddenProcess


@dataclass
class Cutover:
    """The steps of Redis, on real servers; a new `Cutover` with the same notes is a process that goes on."""

    folder: Path
    source: RedisEndpoint
    native: HiddenProcess
    way: str
    save_first: bool = True
    notes: MemoryNotes = field(default_factory=MemoryNotes)
    told: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.paths = Paths(root=self.folder)
        self.live = LiveRedis(self.paths, self.native)

    def go_on(self) -> Cutover:
        return Cutover(self.folder, self.source, self.native, self.way, self.save_first, self.notes, self.told)

    def memo(self, step: str, notes: type[Any]) -> Memo[Any]:
        return Memo(self.notes, step, notes)

    @property
    def taken(self) -> RedisNotes:
        notes = self.memo("take-redis", RedisNotes).read()
        assert isinstance(notes, RedisNotes)
        return notes

    @property
    def hot(self) -> str:
        return str(self.native.folder)

    def warm(self) -> bool:
        payload = LiveRedisPayload("127.0.0.1", self.source.port, "", self.way, self.hot)
        step, memo = LiveRedisStep(self.live), self.memo("warm-redis", LiveRedisNotes)
        return step.do(Task("warm-redis", payload), memo, self.told.append)

    @property
    def task(self) -> Task[RedisPayload]:
        return Task(
            "take-redis",
            RedisPayload("127.0.0.1", self.source.port, "", self.way, self.save_first, "", "7.0.15", self.hot),
        )

    def take(self) -> bool:
        return RedisStep(self.paths, self.live).do(self.task, self.memo("take-redis", RedisNotes), self.told.append)

    def undo_take(self) -> None:
        RedisStep(self.paths, self.live).undo(self.task, self.memo("take-redis", RedisNotes), self.told.append)

    def open(self, append_only: str | None = None) -> None:
        task = Task("open-redis", OpenRedisPayload(self.hot, self.native.port, append_only))
        memo = self.memo("open-redis", OpenRedisNotes)
        OpenRedisStep(self.paths, self.native).do(task, memo, self.told.append)

    def undo_open(self) -> None:
        task = Task("open-redis", OpenRedisPayload(self.hot, self.native.port))
        OpenRedisStep(self.paths, self.native).undo(task, self.memo("open-redis", OpenRedisNotes), self.told.append)

    def save(self) -> None:
        task = Task("save-redis", SaveRedisPayload(self.hot))
        SaveRedisStep(self.paths, self.native).do(task, self.memo("save-redis", NoNotes), self.told.append)

    @property
    def staged(self) -> Path:
        return self.paths.stage / "redis" / "dump.rdb"

    def seen(self, db: int = 0) -> redis.Redis:
        return redis.Redis(port=self.native.port, password=PASSWORD, db=db, protocol=2)

    def assert_equal(self) -> None:
        """As `verify` compares."""
        taken = self.taken
        assert taken.fingerprint and taken.horizon
        sides = comparable_fingerprints(self.native.opened, taken.fingerprint, taken.horizon, self.told.append, "")
        assert compare(sides.source, sides.native) == ()
